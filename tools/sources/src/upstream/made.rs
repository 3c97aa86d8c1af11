//! Made users and warehouses, with every field that the original's upstream answers. Pure.

use serde_json::{Value, json};

use super::data::Record;

/// The number of permissions at `/iam/users/me`: with them the answer is as long as the original's,
/// 54 kB.
const PERMISSIONS: u64 = 1_100;

const CITIES: [&str; 5] = ["Berlin", "Hamburg", "Köln", "München", "Dresden"];

/// Returns a made user. Its warehouses are not in it.
pub(super) fn user(id: u64) -> Record {
    record(json!({
        "id": id,
        "username": format!("user{id}"),
        "email": format!("user{id}@example.com"),
        "employee_id": format!("E{id:05}"),
        "first_name": "Ada",
        "last_name": format!("Example {id}"),
        "active": true,
        "type": "human",
        "location_id": 1,
        "tenant_id": 1,
        "erp_tenant_id": null,
    }))
}

/// Returns a made warehouse. Some lack what the original's upstream sometimes lacks.
pub(super) fn warehouse(id: u64) -> Record {
    let or_null =
        |of: u64, text: String| if id.is_multiple_of(of) { Value::Null } else { json!(text) };
    let city = usize::try_from(id).ok().and_then(|id| CITIES.get(id % CITIES.len()));
    record(json!({
        "id": id,
        "name": format!("Warehouse {id}"),
        "line1": format!("{id} Harbour Street"),
        "line2": or_null(2, format!("Gate {id}")),
        "site": format!("S{id}"),
        "city": city,
        "state": "DE",
        "zip_code": format!("{:05}", id % 100_000),
        "country": or_null(5, "Germany".to_owned()),
        "fax": or_null(3, format!("+49 30 {id:06}")),
        "phone": or_null(4, format!("+49 30 1{id:06}")),
        "active": true,
        "priority": id,
        "tenant_id": 1,
    }))
}

/// Returns the fields that a user has at `/iam/users/me` only.
pub(super) fn only_at_me() -> Record {
    let permission = |id| json!({ "id": id, "key": format!("permission.{id:04}.of.the.sample") });
    let permissions: Vec<_> = (1..=PERMISSIONS).map(permission).collect();
    record(json!({
        "erp_tenant": null,
        "tenant": {
            "id": 1, "name": "Sample", "active": true, "industry": "trade",
            "url": "https://example.com",
        },
        "third_parties": [],
        "product_categories": [{ "id": 1, "code": "C1", "name": "Lamps", "tenant_id": 1 }],
        "profiles": [{ "id": 1, "key": "admin", "permissions": permissions }],
        "socket_profiles": [],
    }))
}

fn record(value: Value) -> Record {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Record::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_optional_fields_are_null_and_no_required_one_is() {
        for id in 1..=60 {
            let warehouse = warehouse(id);
            assert!(["id", "name", "line1"].iter().all(|field| !warehouse[*field].is_null()));
            assert_eq!(warehouse["fax"].is_null(), id % 3 == 0);
        }
        assert_eq!(user(7)["employee_id"], "E00007");
    }

    #[test]
    fn the_answer_at_me_is_as_long_as_the_originals() {
        let length = serde_json::to_string(&only_at_me()).unwrap().len();
        assert!((50_000..60_000).contains(&length), "{length}");
    }
}
