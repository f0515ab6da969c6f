//! The arrows between the layers hold, and what belongs in one place is in no other.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up. A layer uses what stands before it in the list; `graphql` and `channels` are two
/// doors side by side that never use each other.
const LAYERS: [&[&str]; 7] =
    [&["domain"], &["store"], &["engine"], &["access"], &["graphql", "channels"], &["http"], &["cli"]];
const LINES_MAX: usize = 400;

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

/// A source file of the library.
struct Source {
    /// From `src`, such as `store/batch/load.rs`.
    path: PathBuf,
    /// Its code without comments, strings emptied.
    code: String,
    strings: Vec<String>,
    line_count: usize,
}

impl Source {
    /// The parts of its module's path; none for `lib.rs` and `main.rs`.
    fn module(&self) -> Vec<&str> {
        let file = self.path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        let folders = self.path.parent().into_iter().flat_map(Path::iter);
        let folders = folders.map(|folder| folder.to_str().expect("UTF-8"));
        let own = Some(file).filter(|file| !["mod", "lib", "main"].contains(file));
        folders.chain(own).collect()
    }

    fn layer(&self) -> Option<&str> {
        self.module().first().copied()
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|char: char| !is_of_word(char)).filter(|word| !word.is_empty())
    }

    /// The modules of the crate's root that it names.
    fn used_layers(&self) -> Vec<String> {
        let from_root = roots(&self.code, "crate::").chain(roots(&self.code, "granary::"));
        let mut used: Vec<String> = from_root.flatten().collect();
        let climb = "super::".repeat(self.module().len().max(1));
        used.extend(roots(&self.code, &climb).flatten().filter(|name| rank(name).is_some()));
        used
    }
}

/// The names that follow each occurrence of a prefix, be it one or a list in braces.
fn roots<'c>(code: &'c str, prefix: &str) -> impl Iterator<Item = Vec<String>> + use<'c> {
    let prefix = prefix.to_owned();
    let starts: Vec<usize> = code.match_indices(&prefix).map(|(at, _)| at).collect();
    let is_whole = move |at: &usize| !code[..*at].ends_with(|char: char| is_of_word(char) || char == ':');
    starts.into_iter().filter(is_whole).map(move |at| names(&code[at + prefix.len()..]))
}

fn names(rest: &str) -> Vec<String> {
    let Some(list) = rest.strip_prefix('{') else {
        return vec![rest.chars().take_while(|char| is_of_word(*char)).collect()];
    };
    let (mut names, mut depth, mut name) = (Vec::new(), 0_usize, String::new());
    for char in list.chars() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            _ if depth == 0 => name.push(char),
            _ => {}
        }
    }
    names.push(name);
    let first = |name: String| name.trim().split([':', ' ']).next().unwrap_or_default().to_owned();
    names.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|layers| layers.contains(&layer))
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let path = path.strip_prefix(&root).expect("inside").to_owned();
                let (code, strings) = strip(&text);
                sources.push(Source { path, code, strings, line_count: text.lines().count() });
            }
        }
    }
    assert!(sources.len() > 50, "the source was not found");
    sources
}

/// Code without comments and with empty strings; and the strings.
fn strip(text: &str) -> (String, Vec<String>) {
    let (mut code, mut strings, mut rest) = (String::new(), Vec::new(), text);
    while let Some(char) = rest.chars().next() {
        let is_raw = rest.starts_with("r\"") || rest.starts_with("r#");
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else if is_raw && !code.ends_with(is_of_word) {
            let hashes = rest[1..].chars().take_while(|char| *char == '#').count();
            let (body, end) = (&rest[hashes + 2..], format!("\"{}", "#".repeat(hashes)));
            let len = body.find(&end).unwrap_or(body.len());
            strings.push(body[..len].to_owned());
            rest = body.get(len + end.len()..).unwrap_or_default();
        } else if char == '"' {
            let len = string_len(&rest[1..]);
            strings.push(rest[1..=len].to_owned());
            rest = rest.get(len + 2..).unwrap_or_default();
        } else if let Some(len) = char_literal_len(rest) {
            rest = &rest[len..];
        } else {
            code.push(char);
            rest = &rest[char.len_utf8()..];
        }
    }
    (code, strings)
}

fn string_len(body: &str) -> usize {
    let mut is_escaped = false;
    let end = body.char_indices().find(|(_, char)| {
        let is_end = *char == '"' && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        is_end
    });
    end.map_or(body.len(), |(at, _)| at)
}

/// The length of a character between quotes; a lifetime is none.
fn char_literal_len(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let char = body.chars().next()?;
    match char {
        '\\' => Some(2 + body[2..].find('\'')? + 2),
        _ => body[char.len_utf8()..].starts_with('\'').then_some(2 + char.len_utf8()),
    }
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
        for used in source.used_layers() {
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
    let long = sources().into_iter().filter(|source| source.line_count > LINES_MAX);
    let long: Vec<String> =
        long.map(|source| format!("{}: {} lines", source.path.display(), source.line_count)).collect();
    none(&long);
}

#[test]
fn paths_are_found_in_code_alone() {
    let text = r##"use crate::{domain::money::{self, Fen}, store}; // crate::http
        let text = "crate::cli \" crate::http"; let quote = '"'; let raw = r#"SELECT 1"#;
        fn f<'a>(x: &'a str) -> granary::engine::Engine { super::super::access::caller() }"##;
    let (code, strings) = strip(text);
    let source = Source { path: "http/reply.rs".into(), code, strings, line_count: 3 };
    assert_eq!(source.used_layers(), ["domain", "store", "engine", "access"]);
    assert!(source.strings.contains(&"SELECT 1".to_owned()), "{:?}", source.strings);
    assert_eq!(source.layer(), Some("http"));
}
