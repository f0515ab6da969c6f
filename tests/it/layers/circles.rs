//! Modules of one folder use each other one way: who reads one of them need not read those that use it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::none;
use super::source::{Source, occurrences, sources};

/// What rules of the domain decide on. A room's nouns stand below it, its rules above.
const STATE: [&str; 2] = ["domain", "state"];

/// Rooms of `graphql` that are a circle by nature: a bill names its account and an account its bills, as the types of
/// a graph do.
const GRAPH: [&str; 4] = ["account", "bill", "payment", "reversal"];

/// What each module of a folder uses of the others. The folder's own `mod.rs` is one of them.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// By folder.
fn arrows(sources: &[Source]) -> BTreeMap<String, Arrows> {
    let modules: BTreeSet<Vec<&str>> = sources.iter().map(Source::module).collect();
    let decides = |source: &&Source| {
        source.path.starts_with("domain") && used_modules(source, &modules).contains(&STATE[..])
    };
    let rules: BTreeSet<Vec<&str>> = sources.iter().filter(decides).map(Source::module).collect();
    let mut folders = BTreeMap::<String, Arrows>::new();
    for source in sources {
        let user = source.module();
        for used in used_modules(source, &modules) {
            let shared = user.iter().zip(&used).take_while(|(user, used)| user == used).count();
            let node = |module: &[&str]| {
                let name = *module.get(shared).unwrap_or(&"mod");
                if shared == 1 && rules.contains(module) {
                    format!("{name}'s rules")
                } else {
                    name.to_owned()
                }
            };
            let (folder, user, used) = (user[..shared].join("/"), node(&user), node(&used));
            let is_graph =
                folder == "graphql" && [&user, &used].iter().all(|room| GRAPH.contains(&room.as_str()));
            if user != used && !is_graph {
                folders.entry(folder).or_default().entry(user).or_default().insert(used);
            }
        }
    }
    folders
}

fn used_modules<'m>(source: &Source, modules: &BTreeSet<Vec<&'m str>>) -> BTreeSet<Vec<&'m str>> {
    let (module, code) = (source.module(), source.tested_code());
    let holder = |path: &Vec<String>| {
        let holds = |module: &&Vec<&str>| {
            path.len() >= module.len() && path.iter().zip(module.iter()).all(|(name, part)| name == part)
        };
        modules.iter().filter(holds).max_by_key(|module| module.len()).cloned()
    };
    let is_used_child = |child: &&Vec<&str>| match child.split_last() {
        Some((name, parent)) => parent == module && occurrences(code, &format!("{name}::")).next().is_some(),
        None => false,
    };
    let children = modules.iter().filter(is_used_child).cloned();
    source.paths(code).iter().filter_map(holder).chain(children).collect()
}

/// Each circle once, from its first module in the alphabet to that again by the shortest way.
fn circles(arrows: &Arrows) -> Vec<String> {
    let ways = arrows.keys().filter_map(|start| way_back(arrows, start));
    ways.filter(|way| way.iter().min() == way.first()).map(|way| way.join(" → ")).collect()
}

fn way_back<'a>(arrows: &'a Arrows, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in arrows.get(*way.last()?).into_iter().flatten() {
            let longer = [way.as_slice(), &[next]].concat();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn modules_of_one_folder_use_each_other_one_way() {
    let mut faults = Vec::new();
    for (folder, arrows) in arrows(&sources()) {
        faults.extend(circles(&arrows).into_iter().map(|circle| format!("src/{folder}: {circle}")));
    }
    none(&faults);
}

#[test]
fn a_circle_is_found_however_long_and_in_tests_alone_is_none() {
    let source =
        |path: &str, code: &str| Source { path: path.into(), code: code.to_owned(), strings: Vec::new() };
    let found = |sources: &[Source]| -> Vec<String> { arrows(sources).values().flat_map(circles).collect() };
    let first = source("http/a.rs", "use super::b::{self, B};");
    let second = source("http/b.rs", "use crate::http::c::d::D;");
    let rest = source("http/c/mod.rs", "");
    let up = source("http/c/d.rs", "use super::super::a::A;");
    assert_eq!(found(&[first, second, rest, up]), ["a → b → c → a"]);
    let parent = source("http/mod.rs", "use a::A;");
    let child = source("http/a.rs", "use super::Shared;");
    assert_eq!(found(&[parent, child]), ["a → mod → a"]);
    let above = source("http/a.rs", "use super::b::B;");
    let below = source(
        "http/b.rs",
        "pub(in crate::http) struct B;\n#[cfg(test)]\nmod tests { use super::super::a::A; }",
    );
    assert_eq!(found(&[above, below]), [""; 0]);
    let nouns = source("domain/a/mod.rs", "");
    let state = source("domain/state.rs", "use super::a::A;");
    let rules = source("domain/a/decide.rs", "use super::super::state::State; use super::super::b::B;");
    assert_eq!(found(&[nouns, state, rules]), [""; 0]);
    let nouns = source("domain/a/mod.rs", "use super::b::B;");
    let others = source("domain/b/mod.rs", "use super::a::A;");
    assert_eq!(found(&[nouns, others]), ["a → b → a"]);
}
