//! A record, as a caller or an upstream sends it, and its checks. Pure.

use program_kit::http::problem::FieldError;
use serde_json::{Map, Value};

use super::kind::{Field, Kind};
use super::record::{Fields, Record};

/// The most characters of a field.
pub(super) const TEXT: usize = 255;
/// The most characters of a note.
pub(super) const NOTE: usize = 1_000;

/// What a caller sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) fields: Fields,
    pub(super) note: Option<String>,
}

/// Parses the id of a path, or a key: a number without a sign and without leading zeros.
pub(crate) fn parse_id(text: &str) -> Option<i64> {
    let id = text.parse::<i64>().ok().filter(|id| *id > 0)?;
    text.starts_with(|first: char| first.is_ascii_digit() && first != '0').then_some(id)
}

/// Returns the id of a record that is sent.
pub(crate) fn id_of(kind: &Kind, object: &Map<String, Value>) -> Result<i64, FieldError> {
    match object.get("id") {
        None | Some(Value::Null) => Err(kind.wrong("id", "is missing")),
        Some(value) => {
            let id = value.as_i64().filter(|id| *id > 0);
            id.ok_or_else(|| kind.wrong("id", "is not such a number"))
        }
    }
}

/// Returns the fields of a record that is sent. A blank text is the same as none.
pub(crate) fn sent_fields(
    kind: &Kind,
    object: &Map<String, Value>,
) -> Result<Fields, Vec<FieldError>> {
    let (mut fields, mut errors) = (Vec::with_capacity(kind.fields.len()), vec![]);
    for field in kind.fields {
        match sent_field(field, object.get(field.name)) {
            Ok(text) => fields.push(text),
            Err(problem) => errors.push(kind.wrong(field.name, problem)),
        }
    }
    if errors.is_empty() { Ok(fields) } else { Err(errors) }
}

fn sent_field(field: &Field, value: Option<&Value>) -> Result<Option<String>, String> {
    let text = text(value, TEXT, |_| false)?;
    match (text, value) {
        (None, None | Some(Value::Null)) if field.is_required => Err("is missing".to_owned()),
        (None, Some(_)) if field.is_required => Err("is blank".to_owned()),
        (text, _) => Ok(text),
    }
}

/// Returns a text, if it fits; `allows` says which control characters do.
fn text(
    value: Option<&Value>,
    most: usize,
    allows: impl Fn(char) -> bool,
) -> Result<Option<String>, String> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err("is not a text".to_owned());
        }
    };
    if text.contains('\0') {
        return Err("contains the character NUL".to_owned());
    }
    if let Some(odd) = text.chars().find(|letter| letter.is_control() && !allows(*letter)) {
        return Err(format!("contains the control character U+{:04X}", u32::from(odd)));
    }
    match text.chars().count() {
        length if length > most => {
            Err(format!("has {length} characters; at most {most} are allowed"))
        }
        _ => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
    }
}

fn note(kind: &Kind, object: &Map<String, Value>) -> Result<Option<String>, FieldError> {
    let breaks_a_line = |letter| matches!(letter, '\n' | '\r' | '\t');
    text(object.get("note"), NOTE, breaks_a_line).map_err(|problem| kind.wrong("note", problem))
}

impl Input {
    /// Checks the fields that a caller sets. The id is set by the request that creates a record, and
    /// checked by [`id_of`].
    pub(super) fn checked(
        kind: &Kind,
        object: &Map<String, Value>,
        may_have_id: bool,
    ) -> Result<Self, Vec<FieldError>> {
        let is_known = |name: &str| {
            kind.fields.iter().any(|field| field.name == name)
                || name == "note"
                || (name == "id" && may_have_id)
        };
        let unknown = object.keys().filter(|name| !is_known(name));
        let mut errors = unknown.map(|name| unsettable(kind, name)).collect::<Vec<_>>();
        match (sent_fields(kind, object), note(kind, object)) {
            (Ok(fields), Ok(note)) if errors.is_empty() => return Ok(Self { fields, note }),
            (fields, note) => {
                errors.extend(fields.err().into_iter().flatten());
                errors.extend(note.err());
            }
        }
        Err(errors)
    }

    /// Applies a merge patch (RFC 7396) to what a caller may set of a record, and checks the result.
    pub(super) fn patched(
        kind: &Kind,
        here: &Record,
        patch: Map<String, Value>,
    ) -> Result<Self, Vec<FieldError>> {
        let texts = kind.fields.iter().map(|field| field.name).zip(&here.fields);
        let texts = texts.chain([("note", &here.note)]);
        let mut merged: Map<_, _> =
            texts.map(|(name, text)| (name.to_owned(), text.clone().into())).collect();
        // All values are texts: what is patched is replaced. A null clears it, and is the same as no field.
        merged.extend(patch);
        Self::checked(kind, &merged, false)
    }
}

fn unsettable(kind: &Kind, name: &str) -> FieldError {
    match name {
        "id" => FieldError::new(name, "cannot be changed", |_| Some("no id: it is in the path")),
        "active" | "source" | "version" | "created_at" | "updated_at" => {
            kind.wrong(name, "cannot be set")
        }
        other => {
            let names = kind.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
            kind.wrong(other, format!("is not a known field; expected one of {names}, note"))
        }
    }
}
