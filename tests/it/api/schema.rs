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

/// The description of a value of an enumeration.
fn description(enumeration: &str, value: &str) -> String {
    let sdl = granary::graphql::sdl();
    let (_, own) = sdl.split_once(&format!("enum {enumeration} {{")).expect("the enumeration is there");
    let (before, _) = own.split_once(&format!("\t{value}\n")).expect("the value is there");
    before.rsplit("\"\"\"").nth(1).expect("it is described").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tools sort the values of an enumeration, so each says its place.
fn check_places(enumeration: &str, words: &[&str]) {
    let readme = include_str!("../../../README.md");
    let (_, table) = readme.split_once(&format!("### {enumeration}")).expect("the README has a table of it");
    for (index, word) in words.iter().enumerate() {
        let told = description(enumeration, word);
        let (_, place) = told.split_once("Precedence ").expect("its place is told");
        let (place, storage) = place.split_once("; ").expect("whether it is stored is told");
        assert_eq!(place, format!("{} of {}", index + 1, words.len()), "{word}: {told}");
        let is_stored = storage.starts_with("stored");
        assert!(is_stored || storage.starts_with("not stored"), "{word}: {told}");
        let row = table.lines().find(|line| line.starts_with(&format!("| `{word}` |"))).expect("a row");
        let is_stored_there = !row.contains("*not stored*") && *word != "IDEMPOTENCY_KEY_REUSED";
        assert_eq!(is_stored, is_stored_there, "{word}: {row}");
    }
}

#[test]
fn each_code_says_its_precedence_and_whether_it_is_stored() {
    let sdl = granary::graphql::sdl();
    for (enumeration, _) in of_user_errors(&sdl) {
        check_places(enumeration, &told_of(enumeration));
    }
}

/// The codes of user errors, each enumeration with what it declares.
fn of_user_errors(sdl: &str) -> Vec<(&str, &str)> {
    let enumerations = sdl.split("\nenum ").skip(1);
    let declared = enumerations.filter_map(|rest| rest.split("\n}").next()?.split_once(" {"));
    let found: Vec<_> = declared.filter(|(name, _)| name.ends_with("ErrorCode")).collect();
    assert!(found.len() >= 2, "only {} were found", found.len());
    found
}

/// The codes under an enumeration's heading in the README.
fn told_of(enumeration: &str) -> Vec<&'static str> {
    let readme = include_str!("../../../README.md");
    let section = readme.split(&format!("### {enumeration}\n")).nth(1).unwrap_or_default();
    let rows = section.split("\n#").next().unwrap_or_default().lines();
    rows.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// In order of precedence.
#[test]
fn the_readme_says_what_to_do_about_every_code_of_a_user_error() {
    let (sdl, commands) = (granary::graphql::sdl(), keyed_commands());
    for (enumeration, declared) in of_user_errors(&sdl) {
        let is_code = |line: &&str| line.chars().all(|char| char.is_ascii_uppercase() || char == '_');
        let lines = declared.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut published: Vec<&str> = lines.filter(is_code).collect();
        let mut told = told_of(enumeration);
        let is_in_order =
            |command: &KeyedCommand| command.codes.iter().map(|(word, _)| *word).eq(told.iter().copied());
        assert!(commands.iter().any(is_in_order), "{enumeration} in the README: {told:?}");
        told.sort_unstable();
        published.sort_unstable();
        assert_eq!(told, published, "{enumeration} in the README");
    }
}
