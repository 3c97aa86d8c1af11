//! The canonical text of a value.
//!
//! A field that is null has the same meaning as one that is absent: an older version, and every
//! optional field of ours, writes nothing or null for the same value. Nothing that the sides share
//! distinguishes the two. (An edit does: there null removes a value.)

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Number, Value};

use crate::order::Unknown;

/// Returns the JSON of a value with its fields sorted by name, without those that are null, and
/// each number in one form: it is the same in every version of a program, and after storage in a
/// database.
#[must_use]
pub fn canonical<V: Serialize>(value: &V) -> String {
    let mut text = String::new();
    // All our values can be serialized; one that could not would equal any other such value.
    if let Ok(value) = serde_json::to_value(value) {
        push(&mut text, &value);
    }
    text
}

/// Returns whether these fields have the same canonical text.
pub(crate) fn is_same(this: &Unknown, that: &Unknown) -> bool {
    let [this, that] = [this, that].map(|fields| fields.iter().filter(|(_, it)| !it.is_null()));
    this.clone().count() == that.clone().count()
        && this.zip(that).all(|(this, that)| this.0 == that.0 && is_same_value(this.1, that.1))
}

fn is_same_value(this: &Value, that: &Value) -> bool {
    this == that || canonical(this) == canonical(that)
}

fn push(text: &mut String, value: &Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => _ = write!(text, "{value}"),
        Value::Number(number) => push_number(text, number),
        Value::Array(values) => {
            text.push('[');
            for value in values {
                push(text, value);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            let mut fields = set.collect::<Vec<_>>();
            fields.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in fields {
                push(text, &Value::from(name.as_str()));
                text.push(':');
                push(text, value);
                text.push(',');
            }
            text.push('}');
        }
    }
}

/// Writes a number. One without a fraction may be parsed as an integer or not: PostgreSQL writes
/// 1e19 with all its digits, and knows no negative zero.
fn push_number(text: &mut String, number: &Number) {
    match number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0) {
        Some(0.0) => text.push('0'),
        Some(whole) => _ = write!(text, "{whole:.0}"),
        None => _ = write!(text, "{number}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_their_names() {
        let value = json!({"b": [1, null, {"d": true, "c": "\"x\""}], "a": -2.5});
        assert_eq!(canonical(&value), r#"{"a":-2.5,"b":[1,null,{"c":"\"x\"","d":true,},],}"#);
    }

    #[test]
    fn a_field_that_is_null_is_the_same_as_one_that_is_absent() {
        let fields = |json: Value| serde_json::from_value::<Unknown>(json).unwrap();
        let with = fields(json!({"a": null, "b": {"c": null, "d": [null]}, "e": 1}));
        let without = fields(json!({"b": {"d": [null]}, "e": 1, "f": null}));
        assert_eq!(canonical(&with), canonical(&without));
        assert!(is_same(&with, &without));
        for other in [json!({"b": {"d": [null]}}), json!({"b": {"d": []}, "e": 1})] {
            assert_ne!(canonical(&with), canonical(&other), "{other}");
            assert!(!is_same(&with, &fields(other)));
        }
    }

    #[test]
    fn a_number_is_the_same_before_and_after_a_database() {
        for (sent, stored) in [
            ("1e19", "10000000000000000000"),
            ("1.0", "1"),
            ("5.0", "5.00"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            // Not the nearest number, unless all digits are taken in.
            ("51.24817837550540", "51.24817837550540"),
        ] {
            let [sent, stored] = [sent, stored].map(|text| from_str::<Value>(text).unwrap());
            assert_eq!(canonical(&sent), canonical(&stored), "{sent}");
        }
        assert_ne!(
            canonical(&json!(9_007_199_254_740_993_u64)),
            canonical(&json!(9_007_199_254_740_992_u64))
        );
        assert_ne!(canonical(&json!(1.5)), canonical(&json!(1)));
    }
}
