//! What an answer gives of the field asked for.

use serde_json::Value;

use super::households::Household;
use super::path::Path;
use super::table::Cell;
use crate::support::client::Reply;
use crate::support::fields::Field;

/// Codes of errors that turn a caller away.
const DENIALS: [&str; 2] = ["UNAUTHENTICATED", "FORBIDDEN"];

/// The most that an answer gives of the field, over all objects at the path; or what is wrong with it.
pub fn read(reply: &Reply, path: &Path, field: &Field, household: &Household) -> Result<Cell, String> {
    if let Some(errors) = reply.body["errors"].as_array() {
        let is_denial =
            |error: &Value| error["extensions"]["code"].as_str().is_some_and(|code| DENIALS.contains(&code));
        let is_denied = !errors.is_empty() && errors.iter().all(is_denial);
        return if is_denied { Ok(Cell::Deny) } else { Err(format!("unexpected errors: {}", reply.body)) };
    }
    let mut most = Cell::Hidden;
    for object in path.objects(&reply.body["data"]) {
        let value = object.get("probe").ok_or_else(|| format!("no probe in {}", reply.body))?;
        most = most.max(cell_of(value, &field.row(), household)?);
    }
    Ok(most)
}

fn cell_of(value: &Value, row: &str, household: &Household) -> Result<Cell, String> {
    let is_empty = match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(Value::is_null),
        _ => false,
    };
    if is_empty {
        return Ok(Cell::Null);
    }
    let Some(values) = household.personal_values(row) else { return Ok(Cell::Allow) };
    let text = value.as_str().unwrap_or_default();
    if values.iter().any(|(clear, _)| clear == text) {
        Ok(Cell::Allow)
    } else if values.iter().any(|(_, masked)| masked == text) {
        Ok(Cell::Mask)
    } else {
        Err(format!("{value} is neither in clear nor masked"))
    }
}
