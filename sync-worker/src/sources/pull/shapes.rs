//! What an upstream answers: an operator or a list of them, and the sites of one. Pure.

use serde_json::Value;

/// An operator that was read, and its place in the answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operator {
    /// Its id, if that can be read.
    pub(super) id: Option<i64>,
    /// Its place, for a message about one without an id.
    pub(super) place: String,
    pub(super) record: Value,
}

impl Operator {
    /// Returns its id or, if that cannot be read, its place.
    pub(super) fn name(&self) -> String {
        self.id.map_or_else(|| self.place.clone(), |id| id.to_string())
    }
}

/// Returns the ids of all operators of a list, by which others become inactive. A list without any, or with
/// one that cannot be read, says nothing of others.
pub(super) fn all_ids(operators: &[Operator]) -> Option<Vec<i64>> {
    let ids = operators.iter().map(|operator| operator.id).collect::<Option<Vec<_>>>();
    ids.filter(|ids| !ids.is_empty())
}

/// The operators in an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operators {
    pub(super) each: Vec<Operator>,
    /// Set if the answer is a list: who is missing there is not active any more.
    pub(super) is_list: bool,
}

/// Reads the answer with the operators: one record, or a list of them.
pub(super) fn operators(answer: Value) -> Result<Operators, String> {
    let is_list = answer.is_array();
    let records = match answer {
        Value::Array(records) => records,
        Value::Object(_) => vec![answer],
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Err(format!("expected an operator or a list of them; found {}", kind(&other)));
        }
    };
    let operator = |(index, record): (usize, Value)| {
        let place = if is_list { format!("operators[{index}]") } else { "operator".to_owned() };
        Operator { id: record.get("id").and_then(Value::as_i64), place, record }
    };
    Ok(Operators { each: records.into_iter().enumerate().map(operator).collect(), is_list })
}

/// Reads the answer with an operator's sites: the operator once more, with the list `warehouses`, or the
/// list alone.
pub(super) fn sites(answer: Value) -> Result<Vec<Value>, String> {
    let list = match answer {
        Value::Array(list) => list,
        Value::Object(mut operator) => match operator.remove("warehouses") {
            Some(Value::Array(list)) => list,
            Some(other) => {
                return Err(format!("expected a list of warehouses; found {}", kind(&other)));
            }
            None => return Err("expected a list of sites, or an object with warehouses".to_owned()),
        },
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Err(format!("expected a list of sites; found {}", kind(&other)));
        }
    };
    // One that is no object is refused by the warehouse; where none is, these are not sites.
    match list.first() {
        Some(other) if !list.iter().any(Value::is_object) => {
            Err(format!("expected sites as objects; found {}", kind(other)))
        }
        _ => Ok(list),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_operator_or_a_list_of_them_is_read() {
        let one = operators(json!({"id": 233, "warehouses": [1, 2]})).unwrap();
        assert!(!one.is_list && one.each.len() == 1 && one.each[0].id == Some(233));
        let list = operators(json!([{"id": 1}, {"id": "2"}, {}])).unwrap();
        let ids = list.each.iter().map(|it| it.id).collect::<Vec<_>>();
        assert!(list.is_list);
        assert_eq!(ids, [Some(1), None, None]);
        assert_eq!(list.each[2].place, "operators[2]");
        for odd in [json!(null), json!("x"), json!(3)] {
            assert!(operators(odd).unwrap_err().contains("expected"));
        }
    }

    #[test]
    fn the_operator_with_its_sites_is_read_and_so_is_the_list_alone() {
        let list = json!([{"id": 1}, {"id": 2}]);
        let read = vec![json!({"id": 1}), json!({"id": 2})];
        assert_eq!(sites(list.clone()), Ok(read.clone()));
        assert_eq!(sites(json!({"id": 233, "warehouses": list})), Ok(read));
        assert_eq!(sites(json!([])), Ok(vec![]));
        assert_eq!(sites(json!([{"id": 1}, null])).unwrap().len(), 2, "one of them is refused");
    }

    #[test]
    fn a_list_that_cannot_be_read_as_a_whole_makes_nobody_inactive() {
        let all = |list| all_ids(&operators(list).unwrap().each);
        assert_eq!(all(json!([{"id": 1}, {"id": 2}])), Some(vec![1, 2]));
        assert_eq!(all(json!([{"id": 1}, {"id": "2"}])), None);
        assert_eq!(all(json!([])), None);
    }

    #[test]
    fn ids_instead_of_sites_are_not_taken_to_be_sites() {
        for odd in
            [json!({"warehouses": [1, 2]}), json!([1]), json!({}), json!({"warehouses": null})]
        {
            assert!(sites(odd).unwrap_err().contains("expected"));
        }
    }
}
