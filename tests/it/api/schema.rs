//! The schema as it is published.

use granary::domain::book::{KeyedCommand, keyed_commands};

/// Rewrites `schema.graphql` instead of comparing it when this is set.
const REWRITE: &str = "GRANARY_REWRITE_SCHEMA";

#[test]
fn the_published_schema_is_the_one_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let served = granary::graphql::sdl();
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(path, &served).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(path).expect("schema.graphql is there");
    assert_eq!(published, served, "run the test with {REWRITE}=1 to rewrite schema.graphql");
}

#[test]
fn everything_in_the_schema_is_described_in_sentences() {
    let sdl = granary::graphql::sdl();
    let lines: Vec<&str> = sdl.lines().collect();
    let mut undescribed = Vec::new();
    let mut is_in_description = false;
    let mut last_text = "";
    let types = lines.iter().position(|line| line.starts_with("schema {")).unwrap_or(lines.len());
    for (index, line) in lines.iter().enumerate().take(types) {
        let text = line.trim();
        if text.starts_with("\"\"\"") {
            if is_in_description && !last_text.ends_with('.') {
                undescribed.push(last_text.to_owned());
            }
            is_in_description = !is_in_description;
            continue;
        }
        let declares =
            ["type ", "enum ", "input ", "scalar ", "interface "].iter().any(|word| line.starts_with(word));
        let is_member =
            line.starts_with('\t') && !text.is_empty() && !text.starts_with(')') && !text.starts_with('}');
        if !is_in_description && (declares || is_member) && !lines[index - 1].trim().ends_with("\"\"\"") {
            undescribed.push(text.to_owned());
        }
        last_text = text;
    }
    assert!(undescribed.is_empty(), "{undescribed:#?}");
}

/// Each has a heading of its own, under which the codes stand in order of precedence.
#[test]
fn the_readme_says_what_to_do_about_every_code_of_a_user_error() {
    let readme = include_str!("../../../README.md");
    let commands = keyed_commands();
    let sdl = granary::graphql::sdl();
    let enums = sdl.split("\nenum ").skip(1).map(|rest| rest.split("\n}").next().unwrap_or_default());
    let of_errors: Vec<_> = enums
        .filter_map(|declared| declared.split_once(' '))
        .filter(|(name, _)| name.ends_with("ErrorCode"))
        .collect();
    assert!(of_errors.len() >= 2, "only {} were found", of_errors.len());
    for (name, declared) in of_errors {
        let is_code = |line: &&str| line.chars().all(|char| char.is_ascii_uppercase() || char == '_');
        let lines = declared.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut published: Vec<&str> = lines.filter(is_code).collect();
        let section = readme.split(&format!("### {name}\n")).nth(1).unwrap_or_default();
        let rows = section.split("\n#").next().unwrap_or_default().lines();
        let told: Vec<&str> = rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let is_in_order =
            |command: &KeyedCommand| command.codes.iter().map(|(word, _)| *word).eq(told.clone());
        assert!(commands.iter().any(is_in_order), "{name} in the README: {told:?}");
        let mut told = told.clone();
        told.sort_unstable();
        published.sort_unstable();
        assert_eq!(told, published, "{name} in the README");
    }
}
