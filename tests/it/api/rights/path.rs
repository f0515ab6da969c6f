//! Paths to objects: the selection that a document needs for one, and the objects at its end.

use serde_json::Value;

/// A path such as `bills(first: 1).nodes[number=B1].account`. Lists are walked through; what stands in
/// brackets keeps those of the objects in which it holds.
pub struct Path(Vec<Step>);

struct Step {
    /// The field, with its arguments.
    field: String,
    condition: Option<(String, String)>,
}

impl Path {
    /// Reads a path; an empty text is where one stands already.
    pub fn parse(text: &str) -> Self {
        let step = |part: &str| match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            None => Step { field: part.to_owned(), condition: None },
            Some((field, condition)) => {
                let (name, text) = condition.split_once('=').expect("a condition compares");
                Step { field: field.to_owned(), condition: Some((name.to_owned(), text.to_owned())) }
            }
        };
        Self(text.split('.').filter(|part| !part.is_empty()).map(step).collect())
    }

    /// The same path, its conditions compared with what `fill` makes of their texts.
    pub fn with_conditions(self, fill: impl Fn(&str) -> String) -> Self {
        let filled = |Step { field, condition }| Step {
            field,
            condition: condition.map(|(name, text): (String, String)| (name, fill(&text))),
        };
        Self(self.0.into_iter().map(filled).collect())
    }

    /// The selection that leads along the path and asks for `innermost` at its end.
    pub fn selection(&self, innermost: &str) -> String {
        self.0.iter().rev().fold(innermost.to_owned(), |inner, Step { field, condition }| match condition {
            None => format!("{field} {{ {inner} }}"),
            Some((name, _)) => format!("{field} {{ {name} {inner} }}"),
        })
    }

    /// The objects at the end of the path, nulls left out.
    pub fn objects<'v>(&self, start: &'v Value) -> Vec<&'v Value> {
        self.0.iter().fold(vec![start], |found, step| {
            let name = step.field.split_once('(').map_or(step.field.as_str(), |(name, _)| name);
            let items = found.into_iter().flat_map(|object| match &object[name] {
                Value::Array(items) => items.iter().collect(),
                one => vec![one],
            });
            items.filter(|item| !item.is_null() && step.holds_of(item)).collect()
        })
    }
}

impl Step {
    fn holds_of(&self, item: &Value) -> bool {
        let condition = self.condition.as_ref();
        condition.is_none_or(|(name, text)| item[name.as_str()].as_str() == Some(text))
    }
}
