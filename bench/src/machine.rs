//! What it is measured on.

use std::collections::BTreeMap;
use std::process::Command;

use crate::process::output_of;

/// The machine, as name and value.
pub fn describe() -> BTreeMap<String, String> {
    let processors = processors();
    let facts = [
        ("processors", format!("{processors} × {}", field("/proc/cpuinfo", "model name"))),
        ("memory", format!("{:.0} GiB", kib("MemTotal") / 1_048_576.0)),
        ("kernel", first_line("uname", &["-sr"])),
        ("PostgreSQL", first_line("psql", &["--version"])),
        ("SQLite", "as built into granary".to_owned()),
        ("rustc", first_line("rustc", &["--version"])),
        ("node", first_line("node", &["--version"])),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Number of processors.
pub fn processors() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64)
}

fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

fn kib(name: &str) -> f64 {
    let text = field("/proc/meminfo", name);
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let said = output_of(Command::new(program).args(arguments)).unwrap_or_default();
    said.lines().next().unwrap_or("unknown").to_owned()
}
