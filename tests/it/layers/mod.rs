//! The arrows between the layers hold, and what belongs in one place is in no other.

use source::{Source, rust_files, sources, strip};

mod circles;
mod source;

/// From the bottom up. A layer uses what stands before it in the list; `graphql` and `channels` are two
/// doors side by side that never use each other.
const LAYERS: [&[&str]; 7] =
    [&["domain"], &["store"], &["engine"], &["access"], &["graphql", "channels"], &["http"], &["cli"]];
const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 110;

/// Words that only these layers may hold.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("sql_query", &["store"]),
    ("actix_web", &["http"]),
    ("async_graphql", &["graphql", "http"]),
    ("jsonwebtoken", &["access"]),
    ("anyhow", &["cli"]),
    ("clap", &["cli"]),
    ("csv", &["cli"]),
    ("SystemTime", &["cli"]),
    ("getrandom", &["cli"]),
    // The command line has one thread for the log and one to print with; neither touches a database.
    ("spawn", &["engine", "http", "cli"]),
];

/// Words that the rules of money never hold.
const NEVER_IN_DOMAIN: [&str; 12] = [
    "async",
    "await",
    "diesel",
    "actix",
    "actix_web",
    "serde",
    "serde_json",
    "tokio",
    "tracing",
    "SystemTime",
    "Instant",
    "thread",
];

/// The layers that it names.
fn used_layers(source: &Source) -> Vec<String> {
    let roots = source.paths(&source.code).into_iter().filter_map(|path| path.into_iter().next());
    roots.filter(|name| rank(name).is_some()).collect()
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|layers| layers.contains(&layer))
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn arrows_between_layers_point_down() {
    let mut faults = Vec::new();
    let mut arrow_count = 0;
    for source in sources() {
        let Some(layer) = source.layer() else { continue };
        let own = rank(layer).unwrap_or_else(|| panic!("{layer} is no layer"));
        for used in used_layers(&source) {
            let is_below = used == layer || rank(&used).is_some_and(|used| used < own);
            arrow_count += 1;
            if !is_below {
                faults.push(format!("{}: {layer} uses {used}", source.path.display()));
            }
        }
    }
    assert!(arrow_count > 100, "only {arrow_count} paths were found");
    none(&faults);
}

#[test]
fn what_belongs_to_one_layer_is_in_no_other() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some(layer) = source.layer() else { continue };
        for (word, layers) in ONLY_IN {
            if !layers.contains(&layer) && source.words().any(|used| used == word) {
                faults.push(format!("{}: {word}", source.path.display()));
            }
        }
        let is_sql = |text: &&String| {
            let starts = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "PRAGMA ", "WITH "];
            starts.iter().any(|start| text.trim_start().starts_with(start))
        };
        if layer != "store" {
            let sql = source.strings.iter().filter(is_sql);
            faults.extend(sql.map(|sql| format!("{}: {sql}", source.path.display())));
        }
    }
    none(&faults);
}

#[test]
fn the_rules_of_money_do_no_input_or_output() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.layer() == Some("domain")) {
        let found = source.words().filter(|word| NEVER_IN_DOMAIN.contains(word));
        faults.extend(found.map(|word| format!("{}: {word}", source.path.display())));
    }
    none(&faults);
}

#[test]
fn files_are_short() {
    let files = ["src", "tests", "bench"].into_iter().flat_map(rust_files);
    let counted = files.map(|(path, text)| (path, text.lines().count()));
    let long: Vec<String> = counted
        .filter(|(_, line_count)| *line_count > LINES_MAX)
        .map(|(path, line_count)| format!("{}: {line_count} lines", path.display()))
        .collect();
    none(&long);
}

/// What stands inside of a macro is laid out by nobody but its writer.
#[test]
fn code_of_the_guide_is_no_wider_than_code() {
    let guide = include_str!("../../../CONTRIBUTING.md");
    let blocks = guide.split("```rust").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() > 50, "only {} lines of code were found", lines.len());
    let wide = lines.into_iter().filter(|line| line.chars().count() > COLUMNS_MAX);
    none(&wide.map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn paths_are_found_in_code_alone() {
    let text = r##"use crate::{domain::money::{self, Fen}, store}; // crate::http
        let text = "crate::cli \" crate::http"; let quote = '"'; let raw = r#"SELECT 1"#;
        fn f<'a>(x: &'a str) -> granary::engine::Engine { super::super::access::caller() }
        pub(in crate::http) struct Seen;"##;
    let (code, strings) = strip(text);
    let source = Source { path: "http/reply.rs".into(), code, strings };
    let paths: Vec<String> = source.paths(&source.code).iter().map(|path| path.join("::")).collect();
    let expected = ["domain::money", "domain::money::Fen", "store", "engine::Engine", "access::caller"];
    assert_eq!(paths, expected);
    assert_eq!(used_layers(&source), ["domain", "domain", "store", "engine", "access"]);
    assert!(source.strings.contains(&"SELECT 1".to_owned()), "{:?}", source.strings);
    assert_eq!(source.layer(), Some("http"));
}
