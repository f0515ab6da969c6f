//! The properties of the fuzz targets, over what chance brings: so they hold, and compile, wherever the tests
//! run, not only where libFuzzer does.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[path = "../../fuzz/src/properties.rs"]
mod properties;

/// Pieces of documents, brackets above all; joined without order they hardly ever are one.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "{ a",
    "} ",
    "a ",
    "b: c ",
    "...f0 ",
    "...f1 ",
    "... on T {",
    "query ",
    "mutation ",
    "fragment f0 on T {",
    "fragment f1 on T {",
    "$v",
    ": ",
    "= ",
    "Int! ",
    "@d ",
    "@d(x: 1) ",
    "(x: ",
    "(x: [",
    "{y: ",
    "1 ",
    "-0.5e3 ",
    "\"s\" ",
    "\"",
    "\"\"\"",
    "\\",
    "\u{feff}",
    "#",
    "\n",
    "\r",
    "null ",
    "数",
];

fn pieces() -> impl Strategy<Value = String> {
    vec(select(PIECES.as_slice()), 0..120).prop_map(|pieces| pieces.concat())
}

/// A selection set, nested and wide, that spreads fragments of [`document`].
fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b: c(x: [1, {y: [2]}], z: \"}\") @d(x: 1)".to_owned()),
        (0..6).prop_map(|fragment| format!("...f{fragment}")),
    ];
    leaf.prop_recursive(44, 200, 6, |inner| {
        let head = select(["a", "... on T", "b: c(x: {y: []})", "... @d"].as_slice());
        (head, vec(inner, 1..6)).prop_map(|(head, inner)| format!("{head} {{ {} }}", inner.join(" ")))
    })
}

/// A document that follows the grammar; its fragments may spread one another, or themselves.
fn document() -> impl Strategy<Value = String> {
    let operation = (select(["query q", "mutation m", "query q($v: [Int!] = [1])"].as_slice()), selections());
    (operation, vec(selections(), 0..6)).prop_map(|((operation, top), fragments)| {
        let fragments = fragments.iter().enumerate();
        let fragments: String =
            fragments.map(|(index, set)| format!(" fragment f{index} on T {{ {set} }}")).collect();
        format!("{operation} {{ {top} }}{fragments}")
    })
}

/// Brackets around something, some closed.
fn nested() -> impl Strategy<Value = String> {
    let brackets = select([("{ a ", "}"), ("{ a(x: [", "]) }"), ("[", "]"), ("{ ... on T ", "}")].as_slice());
    (brackets, 0_usize..60, 0_usize..60).prop_map(|((open, close), opened, closed)| {
        format!("{}{{ a }}{}", open.repeat(opened), close.repeat(closed))
    })
}

/// Text near what a scalar reads, and any other.
fn scalar_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{0,12}\\.?[0-9]{0,3}",
        "[+-]?[0-9]{4,5}-[0-9]{2}-[0-9]{2}",
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,4})?(Z|[+-][0-9]{2}:[0-9]{2})",
        "\"[ -~]{0,30}\"",
        "(?s).{0,140}",
    ]
}

fn claims() -> impl Strategy<Value = String> {
    let name =
        select(["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "channel", "scope", "accounts"].as_slice());
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "\"[a-z:]{0,12}\"",
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("[\"granary\"]".to_owned()),
        Just("[\"0000000001\", 1]".to_owned()),
        Just("\"granary\"".to_owned()),
    ];
    let claim = (name, value).prop_map(|(name, value)| format!("\"{name}\": {value}"));
    vec(claim, 0..5).prop_map(|claims| format!("{{ {} }}", claims.join(", ")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_gets_past_the_guard_that_the_parser_does_not_survive(
        text in prop_oneof![pieces(), document(), nested(), "(?s).{0,200}"],
    ) {
        properties::guard_text(&text);
        properties::guard_document(&text);
    }

    #[test]
    fn no_body_gets_past_the_guard_that_the_json_parser_does_not_survive(
        bytes in prop_oneof![
            vec(select(b"[[[]{}:,\"\\1 ".as_slice()), 0..200),
            nested().prop_map(String::into_bytes),
            vec(any::<u8>(), 0..200),
        ],
    ) {
        properties::guard_body(&bytes);
    }

    #[test]
    fn scalars_read_what_they_write(text in scalar_text()) {
        properties::amount(&text);
        properties::date(&text);
        properties::date_time(&text);
        properties::text(&text);
        properties::domain_text(&text);
    }

    #[test]
    fn a_token_is_refused_or_says_who_asks(text in scalar_text(), claims in claims()) {
        properties::token_text(&text);
        properties::token_claims(&claims);
    }
}
