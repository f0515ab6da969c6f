//! Parses the arguments and runs one command.

fn main() -> std::process::ExitCode {
    granary::cli::run()
}
