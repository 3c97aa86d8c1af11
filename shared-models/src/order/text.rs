//! Validators of texts.

use serde_json::Value;

use super::Unknown;

/// Bytes of JSON in the fields of a facet that this version does not know.
pub const UNKNOWN_BYTES: usize = 16 * 1024;

/// Returns a validator of text that is not blank, has at most `max` characters, and can be stored
/// in PostgreSQL.
pub fn filled(max: usize) -> impl FnOnce(&str, &()) -> garde::Result {
    move |text, ()| {
        let problem = if text.trim().is_empty() {
            "is blank".to_owned()
        } else if text.contains('\0') {
            "contains the character NUL".to_owned()
        } else {
            match text.chars().count() {
                length if length > max => {
                    format!("has {length} characters; at most {max} are allowed")
                }
                _ => return Ok(()),
            }
        };
        Err(garde::Error::new(problem))
    }
}

/// Validates fields that are passed on unread: they too must fit and be storable.
pub fn storable(unknown: &Unknown, (): &()) -> garde::Result {
    if unknown.is_empty() {
        return Ok(());
    }
    let bytes = serde_json::to_string(unknown).map_or(usize::MAX, |json| json.len());
    if bytes > UNKNOWN_BYTES {
        return Err(garde::Error::new(format!(
            "unknown fields take {bytes} bytes; at most {UNKNOWN_BYTES} are allowed"
        )));
    }
    match unknown.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
        true => Err(garde::Error::new("unknown fields contain the character NUL")),
        false => Ok(()),
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
