//! The schema as it is published.

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
