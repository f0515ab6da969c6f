//! What holds for any input of the guard, the parser, the input scalars, text and tokens. Each function
//! panics where it doesn't. The fuzz targets feed them what coverage leads to; the tests of the package,
//! which take this file in too, feed them what chance brings.

use std::fmt::Debug;
use std::sync::LazyLock;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{Directive, ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{InputType, Name, Positioned, ScalarType, Value};
use granary::access::claims::{GRANARY, LIFE_S_MAX_DEFAULT, TokenRules};
use granary::access::tokens::{TokenError, Verifier};
use granary::domain::account::is_account_number;
use granary::domain::base::keys::is_idempotency_key;
use granary::domain::base::text::is_free_text;
use granary::domain::bill::is_bill_number;
use granary::domain::channel::is_channel_code;
use granary::domain::payment::NOTE_LEN_MAX;
use granary::graphql::base::limits::{
    ALIASES_MAX, BODY_VALUES_MAX, DOCUMENT_BYTES_MAX, EXPANDED_SIZE_MAX, FRAGMENTS_MAX, MUTATION_FIELDS_MAX,
    NESTING_MAX, RECURSION_MAX,
};
use granary::graphql::base::scalars::{Amount, Date, DateTime, Text};
use granary::graphql::guard;
use serde_json::Value as Json;

const SECRET: &str = "a secret for tokens that are made up only here";
const NOW_MS: i64 = 1_795_500_000_000;

/// The parser survives whatever the guard lets through, and nests it no deeper than the guard counted. What
/// it takes for no token is none for the parser either.
pub fn guard_text(text: &str) {
    match guard::check_text(text) {
        Ok(()) => {
            assert!(text.len() <= DOCUMENT_BYTES_MAX, "{} bytes", text.len());
            let Ok(document) = parse_query(text) else { return };
            let nesting = nesting_of(&document);
            assert!(nesting <= NESTING_MAX, "{nesting} nested brackets");
        }
        Err(objection) if objection.code.word() == "BAD_USER_INPUT" => {
            // Without the guard's word for it, brackets are counted wherever they stand. Three quotes begin a
            // block string; the parser reads an empty string and another one where that doesn't end.
            let brackets = text.bytes().filter(|byte| b"([{".contains(byte)).count();
            let is_harmless = brackets <= NESTING_MAX && text.len() <= DOCUMENT_BYTES_MAX;
            let is_harmless = is_harmless && !text.contains("\"\"\"");
            assert!(!is_harmless || parse_query(text).is_err(), "refused, but it is a document: {text:?}");
        }
        Err(_) => {}
    }
}

/// A document that the guard lets through stays in its bounds when its fragments are spread one by one.
pub fn guard_document(text: &str) {
    let Ok(document) = guard::parse(text) else { return };
    assert!(document.fragments.len() <= FRAGMENTS_MAX, "{} fragments", document.fragments.len());
    let mut whole = Walk::default();
    for (_, operation) in document.operations.iter() {
        let mut walk = Walk::default();
        walk.selections(&document, &operation.node.selection_set.node, 1);
        walk.directives(&operation.node.directives);
        if operation.node.ty == OperationType::Mutation {
            let fields = fields_on_top(&document, &operation.node.selection_set.node);
            assert!(fields <= MUTATION_FIELDS_MAX, "{fields} fields at the top of a mutation");
        }
        whole.size += walk.size;
        whole.aliases += walk.aliases;
    }
    assert!(whole.size <= EXPANDED_SIZE_MAX, "{} pieces", whole.size);
    assert!(whole.aliases <= ALIASES_MAX, "{} aliases", whole.aliases);
}

/// A body that the guard lets through is read or refused by the JSON parser, and holds no more than counted.
pub fn guard_body(bytes: &[u8]) {
    if guard::check_body(bytes).is_err() {
        return;
    }
    let Ok(value) = serde_json::from_slice::<Json>(bytes) else { return };
    let (values, nesting) = json_size(&value);
    assert!(values <= BODY_VALUES_MAX, "{values} values");
    assert!(nesting <= NESTING_MAX, "{nesting} nested brackets");
}

/// [`Amount`] round-trips.
pub fn amount(text: &str) {
    for value in values_of(text) {
        scalar_round_trips::<Amount, _>(&value, |amount| amount.0);
    }
}

/// [`Date`] round-trips.
pub fn date(text: &str) {
    for value in values_of(text) {
        scalar_round_trips::<Date, _>(&value, |date| date.0);
    }
}

/// [`DateTime`] round-trips.
pub fn date_time(text: &str) {
    for value in values_of(text) {
        scalar_round_trips::<DateTime, _>(&value, |instant| instant.0);
    }
}

/// [`Text`] is taken as it is, but for control characters.
pub fn text(text: &str) {
    for value in values_of(text) {
        let parsed = <Text as InputType>::parse(Some(value.clone()));
        let is_text = matches!(&value, Value::String(text) if !text.chars().any(char::is_control));
        assert_eq!(parsed.is_ok(), is_text, "{value}");
        if let Ok(parsed) = parsed {
            assert_eq!(InputType::to_value(&parsed), value);
        }
    }
}

/// Numbers, keys and codes hold the characters they may, and as many as they may.
pub fn domain_text(text: &str) {
    let len = text.chars().count();
    let all = |is_meant: fn(char) -> bool| len >= 1 && text.chars().all(is_meant);
    let is_visible = all(|char| ('!'..='~').contains(&char));
    let is_code = all(|char| matches!(char, '0'..='9' | 'a'..='z' | 'A'..='Z' | '-' | '_'));
    let is_number = all(|char| char.is_ascii_digit());
    assert_eq!(is_account_number(text), is_number && len <= 20, "{text:?}");
    assert_eq!(is_idempotency_key(text), is_visible && len <= 128, "{text:?}");
    assert_eq!(is_bill_number(text), is_visible && len <= 32, "{text:?}");
    assert_eq!(is_channel_code(text), is_code && len <= 32, "{text:?}");
    if is_free_text(text, NOTE_LEN_MAX) {
        assert!(len <= NOTE_LEN_MAX && !text.contains(['\0', '\n', '\r', '\u{7f}', '\u{85}']), "{text:?}");
    }
}

/// Text that nobody signed is no token.
pub fn token_text(text: &str) {
    assert_eq!(
        verifier().verify(text, NOW_MS).err().map(|refused| refused.error),
        Some(TokenError::Invalid),
        "{text:?}"
    );
}

/// Whatever a token says that is signed rightly, it is refused or becomes a caller who is what it says.
pub fn token_claims(text: &str) {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let Ok(mut claims) = serde_json::from_str::<Json>(text) else { return };
    if let Some(claims) = claims.as_object_mut() {
        let usual = [("iss", GRANARY), ("aud", "granary"), ("sub", "s"), ("channel", "C"), ("scope", "")];
        for (name, value) in usual {
            claims.entry(name).or_insert_with(|| Json::from(value));
        }
        claims.entry("exp").or_insert_with(|| Json::from(NOW_MS / 1_000 + 1));
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let Ok(token) = encode(&Header::new(Algorithm::HS256), &claims, &key) else { return };
    let (verifier, now_s) = (verifier(), NOW_MS / 1_000);
    let verified = verifier.verify(&token, NOW_MS);
    assert_eq!(verified, verifier.verify(&token, NOW_MS), "remembered otherwise: {claims}");
    let Ok(caller) = verified else { return };
    assert!(claims["iss"] == GRANARY, "{claims}");
    assert_eq!(claims["sub"], caller.subject.as_str(), "{claims}");
    match claims.get("jti") {
        Some(number) => assert_eq!(number, caller.token_id.as_str(), "{claims}"),
        None => assert!(caller.token_id.starts_with("sha256:"), "{claims}"),
    }
    assert_eq!(claims["channel"], caller.channel_code.as_str(), "{claims}");
    assert!(!caller.subject.is_empty() && !caller.token_id.is_empty(), "{claims}");
    assert_eq!(claims.get("accounts").is_some(), caller.is_customer(), "{claims}");
    for (name, least, most) in
        [("exp", now_s - 60, now_s + LIFE_S_MAX_DEFAULT + 60), ("nbf", i64::MIN, now_s + 60)]
    {
        if let Some(at_s) = claims[name].as_i64() {
            assert!((least..=most).contains(&at_s), "{claims}");
        }
    }
}

fn verifier() -> &'static Verifier {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
        Verifier::from_secret(SECRET, TokenRules::default()).expect("the secret is long enough")
    });
    &VERIFIER
}

/// The text as a string, and as what it says where it is JSON.
fn values_of(text: &str) -> impl Iterator<Item = Value> {
    let said = serde_json::from_str::<Json>(text).ok().and_then(|json| Value::from_json(json).ok());
    [Some(Value::String(text.to_owned())), said].into_iter().flatten()
}

fn scalar_round_trips<T: ScalarType, V: PartialEq + Debug>(value: &Value, inner: fn(&T) -> V) {
    let parsed = T::parse(value.clone());
    assert!(parsed.is_err() || T::is_valid(value), "{value}");
    let Ok(parsed) = parsed else { return };
    let written = parsed.to_value();
    let again = T::parse(written.clone());
    let Ok(again) = again else { panic!("{value} is written as {written}, which isn't read") };
    assert_eq!(inner(&again), inner(&parsed), "{value} is written as {written}");
    assert_eq!(again.to_value(), written, "{value}");
}

/// Values of a JSON text, and how deep its brackets nest.
fn json_size(value: &Json) -> (usize, usize) {
    let inner = |values: &mut dyn Iterator<Item = &Json>| {
        let sizes = values.map(json_size);
        let (count, depth) =
            sizes.fold((0, 0), |sum: (usize, usize), size| (sum.0 + size.0, sum.1.max(size.1)));
        (1 + count, 1 + depth)
    };
    match value {
        Json::Array(values) => inner(&mut values.iter()),
        Json::Object(fields) => inner(&mut fields.values()),
        _ => (1, 0),
    }
}

/// How deep the brackets of selections and of values nest in a parsed document.
fn nesting_of(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, operation)| {
        let node = &operation.node;
        selections_nesting(&node.selection_set.node).max(directives_nesting(&node.directives))
    });
    let fragments = document.fragments.values().map(|fragment| {
        selections_nesting(&fragment.node.selection_set.node)
            .max(directives_nesting(&fragment.node.directives))
    });
    operations.chain(fragments).max().unwrap_or(0)
}

fn selections_nesting(set: &SelectionSet) -> usize {
    let nesting = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(field) => {
            let arguments = field.node.arguments.iter().map(|(_, value)| 1 + value_nesting(&value.node));
            let inner = selections_nesting(&field.node.selection_set.node);
            arguments.max().unwrap_or(0).max(inner).max(directives_nesting(&field.node.directives))
        }
        Selection::InlineFragment(fragment) => selections_nesting(&fragment.node.selection_set.node)
            .max(directives_nesting(&fragment.node.directives)),
        Selection::FragmentSpread(spread) => directives_nesting(&spread.node.directives),
    };
    set.items.iter().map(nesting).max().map_or(0, |inner| inner + 1)
}

fn directives_nesting(directives: &[Positioned<Directive>]) -> usize {
    let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    arguments.map(|(_, value)| 1 + value_nesting(&value.node)).max().unwrap_or(0)
}

fn value_nesting(value: &async_graphql_value::Value) -> usize {
    use async_graphql_value::Value as Written;
    match value {
        Written::List(values) => 1 + values.iter().map(value_nesting).max().unwrap_or(0),
        Written::Object(fields) => 1 + fields.values().map(value_nesting).max().unwrap_or(0),
        _ => 0,
    }
}

/// Spreads fragments each time they are met, as executing does; stops at the bounds.
#[derive(Default)]
struct Walk {
    size: usize,
    aliases: usize,
}

impl Walk {
    fn add(&mut self, size: usize) {
        self.size += size;
        assert!(self.size <= EXPANDED_SIZE_MAX, "more pieces than the guard counted");
    }

    fn selections(&mut self, document: &ExecutableDocument, set: &SelectionSet, level: usize) {
        assert!(level <= RECURSION_MAX, "nested deeper than the guard counted");
        for selection in &set.items {
            self.add(1);
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.arguments(&field.node.arguments);
                    self.directives(&field.node.directives);
                    if !field.node.selection_set.node.items.is_empty() {
                        self.selections(document, &field.node.selection_set.node, level + 1);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives);
                    self.selections(document, &fragment.node.selection_set.node, level + 1);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives);
                    let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    self.directives(&fragment.node.directives);
                    self.selections(document, &fragment.node.selection_set.node, level + 1);
                }
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            self.add(1);
            self.arguments(&directive.node.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[(Positioned<Name>, Positioned<async_graphql_value::Value>)]) {
        for (_, value) in arguments {
            self.add(1 + value_size(&value.node));
        }
    }
}

fn value_size(value: &async_graphql_value::Value) -> usize {
    use async_graphql_value::Value as Written;
    match value {
        Written::List(values) => values.iter().map(|value| 1 + value_size(value)).sum(),
        Written::Object(fields) => fields.values().map(|value| 1 + value_size(value)).sum(),
        _ => 0,
    }
}

fn fields_on_top(document: &ExecutableDocument, set: &SelectionSet) -> usize {
    let fields = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(_) => 1,
        Selection::InlineFragment(fragment) => fields_on_top(document, &fragment.node.selection_set.node),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.map_or(0, |fragment| fields_on_top(document, &fragment.node.selection_set.node))
        }
    };
    set.items.iter().map(fields).sum()
}
