//! What an upstream has sent, checked record by record. Pure.

use std::collections::{BTreeMap, BTreeSet};

use program_kit::http::problem::FieldError;
use serde_json::{Map, Value};
use shared_models::pull::{MAX_OPERATORS, MAX_SITES, Pulled, PulledOperator};
use shared_models::runs::{RefusedRecord, is_name};

use uuid::Uuid;

use crate::operators::OPERATORS;
use crate::owned::{Fields, Kind, id_of, sent_fields};
use crate::sites::SITES;

/// A pull that is checked.
#[derive(Debug)]
pub(super) struct Pull {
    /// The name of the upstream.
    pub(super) source: String,
    pub(super) run: Uuid,
    pub(super) strict: bool,
    /// The operators that fit, by id.
    pub(super) operators: BTreeMap<i64, Sent>,
    /// The sites that fit, by id.
    pub(super) sites: BTreeMap<i64, Sent>,
    /// The sites of each operator, those that do not fit too.
    pub(super) lists: BTreeMap<i64, BTreeSet<i64>>,
    /// All operators of the upstream, if it has told them.
    pub(super) all_operators: Option<BTreeSet<i64>>,
    pub(super) refused: Vec<Refused>,
}

/// A record that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) fields: Fields,
    /// The place in the request.
    pub(super) place: String,
}

/// A record that does not fit.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) kind: &'static Kind,
    pub(super) id: Option<i64>,
    /// The place in the request.
    pub(super) place: String,
    pub(super) errors: Vec<FieldError>,
}

impl Refused {
    /// Returns what the worker is told.
    pub(super) fn receipt(&self) -> RefusedRecord {
        let id = self.id.map_or_else(|| self.place.clone(), |id| id.to_string());
        let errors = self.errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        RefusedRecord { resource: self.kind.resource.to_owned(), id, detail: errors.join("; ") }
    }

    /// Returns the errors as those of the request.
    pub(super) fn into_errors(self) -> impl Iterator<Item = FieldError> {
        let place = self.place;
        self.errors.into_iter().map(move |error| {
            let field = match error.field.as_str() {
                "record" => place.clone(),
                field => format!("{place}.{field}"),
            };
            FieldError { field, ..error }
        })
    }
}

/// Says what the fields of the request may be.
pub(super) fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "source" => Some("the name of an upstream: up to 64 of a-z, 0-9, _ and -"),
        "run" => Some("the id of the run that is under way, a UUID"),
        "strict" => Some("true or false"),
        "operators" => Some("a list of up to 1,000 objects of an operator (record) and its sites"),
        "record" => Some("an object"),
        "sites" => Some("a list of sites, up to 10,000 in a request"),
        "all_operators" => Some("a list of ids"),
        _ => None,
    }
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> FieldError {
    FieldError::new(field, problem, expectation)
}

impl Pull {
    /// Returns what is left of a pull when its records are written: what is not listed.
    pub(super) fn rest(self) -> Self {
        let Self { source, run, lists, all_operators, .. } = self;
        let listed = lists.into_keys();
        let all_operators = all_operators.map(|all| all.into_iter().chain(listed).collect());
        Self {
            source,
            run,
            strict: false,
            operators: BTreeMap::new(),
            sites: BTreeMap::new(),
            lists: BTreeMap::new(),
            all_operators,
            refused: vec![],
        }
    }

    /// Checks a request. Of records with the same id, the last one that fits stands.
    pub(super) fn check(pulled: Pulled) -> Result<Self, Vec<FieldError>> {
        let Pulled { source, run, strict, operators, all_operators } = pulled;
        let sites = operators.iter().map(|operator| operator.sites.len()).sum::<usize>();
        let checks = [
            (!is_name(&source)).then(|| wrong("source", "is not such a name")),
            (operators.len() > MAX_OPERATORS)
                .then(|| wrong("operators", format!("has {}", operators.len()))),
            (sites > MAX_SITES).then(|| wrong("sites", format!("are {sites} in all"))),
        ];
        let errors = checks.into_iter().flatten().collect::<Vec<_>>();
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut pull = Self {
            source,
            run,
            strict,
            operators: BTreeMap::new(),
            sites: BTreeMap::new(),
            lists: BTreeMap::new(),
            all_operators: all_operators.map(BTreeSet::from_iter),
            refused: vec![],
        };
        for (index, operator) in operators.into_iter().enumerate() {
            pull.add(index, &operator);
        }
        Ok(pull)
    }

    fn add(&mut self, index: usize, operator: &PulledOperator) {
        let place = format!("operators[{index}]");
        let mut list = BTreeSet::new();
        for (index, site) in operator.sites.iter().enumerate() {
            let place = format!("{place}.sites[{index}]");
            list.extend(take(&SITES, site, place, &mut self.sites, &mut self.refused));
        }
        let (operators, refused) = (&mut self.operators, &mut self.refused);
        let record = &operator.record;
        if let Some(id) = take(&OPERATORS, record, format!("{place}.record"), operators, refused) {
            self.lists.insert(id, list);
        }
    }
}

/// Checks a record, and adds it to those that fit or to those that do not; returns its id, if it has one.
fn take(
    kind: &'static Kind,
    record: &Value,
    place: String,
    fitting: &mut BTreeMap<i64, Sent>,
    refused: &mut Vec<Refused>,
) -> Option<i64> {
    let (id, checked) = match record.as_object() {
        Some(object) => checked(kind, object),
        None => (None, Err(vec![wrong("record", "is not an object")])),
    };
    match (id, checked) {
        (Some(id), Ok(fields)) => {
            fitting.insert(id, Sent { fields, place });
        }
        (id, checked) => {
            refused.push(Refused { kind, id, place, errors: checked.err().unwrap_or_default() });
        }
    }
    id
}

fn checked(
    kind: &'static Kind,
    object: &Map<String, Value>,
) -> (Option<i64>, Result<Fields, Vec<FieldError>>) {
    match (id_of(kind, object), sent_fields(kind, object)) {
        (Ok(id), fields) => (Some(id), fields),
        (Err(error), fields) => {
            let errors = fields.err().into_iter().flatten();
            (None, Err(std::iter::once(error).chain(errors).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pulled(operators: &Value) -> Pull {
        let operators = serde_json::from_value(operators.clone()).unwrap();
        let (source, run) = ("upstream".to_owned(), Uuid::nil());
        Pull::check(Pulled { source, run, strict: false, operators, all_operators: None }).unwrap()
    }

    fn operator(id: i64) -> Value {
        json!({
            "id": id, "username": "u", "email": "e", "employee_id": "i", "first_name": "f",
            "last_name": "l", "warehouses": [1], "active": true,
        })
    }

    fn site(id: &Value, name: &Value) -> Value {
        json!({"id": id, "name": name, "line1": "l", "priority": 1, "fax": ""})
    }

    #[test]
    fn the_last_record_of_an_id_stands() {
        let list = [site(&json!(2), &json!("a")), site(&json!(1), &json!("b"))];
        let again = [site(&json!(2), &json!("c"))];
        let pull = pulled(&json!([
            {"record": operator(7), "sites": list},
            {"record": operator(7), "sites": again},
        ]));
        assert_eq!(pull.operators.keys().collect::<Vec<_>>(), [&7]);
        assert_eq!(pull.lists, BTreeMap::from([(7, BTreeSet::from([2]))]));
        let names = pull.sites.iter().map(|(id, sent)| (*id, sent.fields[0].as_deref().unwrap()));
        assert_eq!(names.collect::<Vec<_>>(), [(1, "b"), (2, "c")]);
        assert!(pull.refused.is_empty());
    }

    #[test]
    fn a_record_that_does_not_fit_is_named_by_its_id_or_its_place() {
        let sites = [
            site(&json!(1), &json!(null)),
            site(&json!("2"), &json!("a\0")),
            json!(3),
            site(&json!(4), &json!("a")),
        ];
        let pull = pulled(&json!([{"record": json!({"id": 7}), "sites": sites}]));
        let told = pull.refused.iter().map(Refused::receipt);
        let told = told.map(|it| (it.resource, it.id)).collect::<Vec<_>>();
        let expected = [
            ("site", "1"),
            ("site", "operators[0].sites[1]"),
            ("site", "operators[0].sites[2]"),
            ("operator", "7"),
        ];
        assert_eq!(told, expected.map(|(resource, id)| (resource.to_owned(), id.to_owned())));
        let name = pull.refused[0].receipt().detail;
        assert!(name.starts_with("name: is missing; expected "), "{name}");
        assert_eq!(pull.lists, BTreeMap::from([(7, BTreeSet::from([1, 4]))]));
        let errors = pull.refused.into_iter().flat_map(Refused::into_errors);
        let fields = errors.map(|error| error.field).take(4).collect::<Vec<_>>();
        let places = ["sites[0].name", "sites[1].id", "sites[1].name", "sites[2]"];
        assert_eq!(fields, places.map(|place| format!("operators[0].{place}")));
    }
}
