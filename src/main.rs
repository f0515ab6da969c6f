//! Parses the arguments and runs one command.

/// A request takes and gives back a few hundred small pieces of memory; the system's allocator would be a
/// sixth of its cost. This one gives what lies idle back to the system, so that a large request leaves no mark.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    granary::cli::run()
}
