//! What sites and operators have in common, over real HTTP: each test is of both.

mod bad_input;
mod listing;
mod publishing;
mod setting;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient, changed};

pub(crate) const SITES: &str = "/v1/sites";
pub(crate) const OPERATORS: &str = "/v1/operators";

/// A kind of records.
#[derive(Clone, Copy, Debug)]
struct Kind {
    resource: &'static str,
    path: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    filters: [&'static str; 2],
}

const KINDS: [Kind; 2] = [
    Kind {
        resource: "site",
        path: SITES,
        required: &["name", "line1"],
        optional: &["line2", "site", "city", "state", "zip_code", "country", "fax", "phone"],
        filters: ["name", "city"],
    },
    Kind {
        resource: "operator",
        path: OPERATORS,
        required: &["username", "email", "employee_id", "first_name", "last_name"],
        optional: &[],
        filters: ["username", "email"],
    },
];

impl Kind {
    /// Returns a record with all fields.
    fn record(self, id: i64) -> Value {
        let fields = self.required.iter().chain(self.optional).chain(&["note"]);
        let fields = fields.map(|name| ((*name).to_owned(), json!(format!("{name} of {id}"))));
        let mut record = Value::from_iter(fields);
        record["id"] = id.into();
        record
    }

    fn one(self, id: i64) -> String {
        format!("{}/{id}", self.path)
    }

    async fn create(self, client: &TestClient, id: i64) -> Answer {
        client.post(self.path, &self.record(id)).await.with(201)
    }

    /// Returns what a record shows, without its version and its times.
    fn shown(self, id: i64) -> Value {
        changed(&self.record(id), &json!({"active": true, "source": null}))
    }
}

/// Returns what a record says, without its version and its times.
pub(crate) fn contents(record: &Value) -> Value {
    let mut record = record.clone();
    for name in ["version", "created_at", "updated_at"] {
        record.as_object_mut().unwrap().remove(name).unwrap();
    }
    record
}

/// Returns the ids on a page.
pub(crate) fn ids(page: &Answer) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect()
}
