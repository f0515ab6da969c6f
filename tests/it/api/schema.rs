//! The schema as it is published.

use granary::domain::payment::PostRefusalCode;
use granary::domain::reversal::ReverseRefusalCode;

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
    let words: Vec<_> = PostRefusalCode::ALL.iter().map(|code| code.word()).collect();
    check_places("PaymentPostErrorCode", &words);
    let words: Vec<_> = ReverseRefusalCode::ALL.iter().map(|code| code.word()).collect();
    check_places("PaymentReverseErrorCode", &words);
}
