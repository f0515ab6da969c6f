//! The source as these tests read it: paths and words, without comments and strings.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file of the library.
pub struct Source {
    /// From `src`, such as `store/batch/load.rs`.
    pub path: PathBuf,
    /// Its code without comments, strings emptied.
    pub code: String,
    pub strings: Vec<String>,
}

impl Source {
    /// The parts of its module's path; none for `lib.rs` and `main.rs`.
    pub fn module(&self) -> Vec<&str> {
        let file = self.path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        let folders = self.path.parent().into_iter().flat_map(Path::iter);
        let folders = folders.map(|folder| folder.to_str().expect("UTF-8"));
        let own = Some(file).filter(|file| !["mod", "lib", "main"].contains(file));
        folders.chain(own).collect()
    }

    pub fn layer(&self) -> Option<&str> {
        self.module().first().copied()
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|char: char| !is_of_word(char)).filter(|word| !word.is_empty())
    }

    /// Its code without its tests.
    pub fn tested_code(&self) -> &str {
        let end = self.code.find("\nmod tests {");
        &self.code[..end.unwrap_or(self.code.len())]
    }

    /// The paths in a piece of its code that begin at the crate's root or climb from here, each from the root on.
    pub fn paths(&self, code: &str) -> Vec<Vec<String>> {
        let module = self.module();
        let from_root = |path: Vec<String>| {
            let climbed = path.iter().take_while(|name| *name == "super").count();
            let kept = if climbed == 0 { 0 } else { module.len().saturating_sub(climbed) };
            let above = module[..kept].iter().map(|&name| name.to_owned());
            above.chain(path.into_iter().skip(climbed.max(1))).collect()
        };
        let starts = ["crate::", "granary::", "super::"].into_iter().flat_map(|root| occurrences(code, root));
        starts.flat_map(|at| expand(&code[at..])).map(from_root).collect()
    }
}

/// The paths of a tree such as `a::{b, c::{self, d}}`.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim_start();
    if let Some(list) = tree.strip_prefix('{') {
        return items(list).into_iter().flat_map(expand).collect();
    }
    let (name, rest) = tree.split_at(tree.find(|char| !is_of_word(char)).unwrap_or(tree.len()));
    let own = if ["", "self"].contains(&name) { Vec::new() } else { vec![name.to_owned()] };
    match rest.strip_prefix("::") {
        Some(below) => expand(below).into_iter().map(|below| [own.clone(), below].concat()).collect(),
        None => vec![own],
    }
}

/// What stands between the commas of a list, up to the brace that ends it.
fn items(list: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, char) in list.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if char == '}' && start == at + 1 {
            break;
        }
    }
    items
}

/// Where a path begins with these names; who may see an item is no path.
pub fn occurrences<'c>(code: &'c str, names: &str) -> impl Iterator<Item = usize> + use<'c> {
    let starts: Vec<usize> = code.match_indices(names).map(|(at, _)| at).collect();
    starts.into_iter().filter(|at| {
        let before = &code[..*at];
        !before.ends_with(|char: char| is_of_word(char) || char == ':') && !before.ends_with("(in ")
    })
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The source of the library.
pub fn sources() -> Vec<Source> {
    let files = rust_files("src");
    assert!(files.len() > 50, "the source was not found");
    let source = |(path, text): (PathBuf, String)| {
        let (code, strings) = strip(&text);
        Source { path: path.strip_prefix("src").expect("inside").to_owned(), code, strings }
    };
    files.into_iter().map(source).collect()
}

/// The files below a folder of the package, what was built left out: path in the package, text.
pub fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the package") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path.strip_prefix(root).expect("inside").to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

/// Code without comments and with empty strings; and the strings.
pub fn strip(text: &str) -> (String, Vec<String>) {
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
