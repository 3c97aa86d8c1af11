//! The JSON forms that other programs read, pinned as they stand in a queue or a request.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_str, from_value, json, to_value};
use shared_models::SCHEMA;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::merge::{Cause, Choice, Conflict};
use shared_models::order::{Progress, Shared, Status, Touched};
use shared_models::rules::Cargo;
use shared_models::side::Side;
use shared_models::sync::{OrderChange, Outcome, SyncRequest, SyncResponse, SyncResult};

use crate::samples::{EVENT, ORDER, carried_by, delivery_to, event, facet, saying, shared};

const SHIPPED: &str = r#"{
  "schema": 1,
  "id": "018f6b6e-2f0c-7cc0-8000-0000000000e1",
  "kind": "order.shipped",
  "origin": "warehouse",
  "order_id": "018f6b6e-2f0c-7cc0-8000-00000000000a",
  "version": 4,
  "at": "2026-03-01T08:30:00Z",
  "touched": [
    "progress"
  ],
  "delivery": {
    "revision": {
      "store": 1,
      "warehouse": 0
    },
    "company": "Harbour Tools",
    "address": "1 Quay Street",
    "deliver_by": "2026-12-31",
    "comment": null,
    "lines": [
      {
        "sku": "bolt",
        "quantity": 4
      },
      {
        "sku": "nut",
        "quantity": 9
      }
    ]
  },
  "progress": {
    "revision": {
      "store": 0,
      "warehouse": 3
    },
    "status": "shipped",
    "carrier": "Swift",
    "tracking": "T-1"
  }
}"#;

fn shipped() -> OrderEvent {
    let value =
        Progress { tracking: Some("T-1".to_owned()), ..carried_by("Swift", Status::Shipped) };
    let shared = Shared { progress: facet(0, 3, value), ..shared(Status::Placed) };
    OrderEvent {
        kind: EventKind::Shipped,
        version: 4,
        ..event(Side::Warehouse, Touched::Progress, shared)
    }
}

/// Checks that a value has this JSON form, and that the form gives the value.
fn pinned<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, form: &Value) {
    assert_eq!(to_value(value).expect("to JSON"), *form);
    assert_eq!(from_value::<T>(form.clone()).expect("from JSON"), *value);
}

#[test]
fn an_event_stands_in_the_queue_as_it_is_pinned_here() {
    let text = serde_json::to_string_pretty(&shipped()).expect("to JSON");
    assert_eq!(text, SHIPPED);
    assert_eq!(from_str::<OrderEvent>(SHIPPED).expect("from JSON"), shipped());
}

#[test]
fn a_sync_request_stands_in_the_call_as_it_is_pinned_here() {
    let delivery = json!({
        "revision": {"store": 1, "warehouse": 0},
        "company": "Harbour Tools", "address": "1 Quay Street",
        "deliver_by": "2026-12-31", "comment": null,
        "lines": [{"sku": "bolt", "quantity": 4}, {"sku": "nut", "quantity": 9}],
    });
    let progress = json!({
        "revision": {"store": 0, "warehouse": 3},
        "status": "shipped", "carrier": "Swift", "tracking": "T-1",
    });
    let request = SyncRequest {
        schema: SCHEMA,
        source: Side::Warehouse,
        changes: vec![
            OrderChange::of(shipped(), Cargo::Both),
            OrderChange::of(shipped(), Cargo::Delivery),
        ],
        traces: vec![],
    };
    let form = json!({
        "schema": 1,
        "source": "warehouse",
        "changes": [
            {"event_id": EVENT, "order_id": ORDER, "delivery": delivery, "progress": progress},
            {"event_id": EVENT, "order_id": ORDER, "delivery": delivery},
        ],
    });
    pinned(&request, &form);
}

#[test]
fn a_sync_response_names_each_event_and_its_outcome() {
    let rejected = Outcome::Rejected { reason: "delivery.lines: is empty".to_owned() };
    let outcomes = [Outcome::Applied, Outcome::Merged, Outcome::Stale, rejected];
    let mut results = outcomes.map(|outcome| SyncResult { event_id: Some(EVENT), outcome });
    results[3].event_id = None;
    let form = json!({"results": [
        {"event_id": EVENT, "outcome": "applied"},
        {"event_id": EVENT, "outcome": "merged"},
        {"event_id": EVENT, "outcome": "stale"},
        {"event_id": null, "outcome": "rejected", "reason": "delivery.lines: is empty"},
    ]});
    pinned(&SyncResponse { results: results.to_vec() }, &form);
}

#[test]
fn a_conflict_tells_its_facet_its_cause_and_both_values() {
    let conflict = Conflict::Delivery(Choice {
        cause: Cause::Late,
        kept: facet(2, 0, delivery_to("9 Hill")),
        lost: facet(1, 0, delivery_to("1 Quay Street")),
    });
    let form = to_value(&conflict).expect("to JSON");
    assert_eq!((&form["facet"], &form["cause"]), (&json!("delivery"), &json!("late")));
    assert_eq!(form["kept"]["address"], "9 Hill");
    assert_eq!(form["lost"]["revision"], json!({"store": 1, "warehouse": 0}));
    pinned(&conflict, &form);
}

#[test]
fn what_is_touched_is_a_list_of_facets_and_comes_back_as_it_was() {
    let forms =
        [json!([]), json!(["delivery"]), json!(["progress"]), json!(["delivery", "progress"])];
    for (touched, form) in Touched::ALL.iter().zip(&forms) {
        pinned(touched, form);
    }
    let turned = from_value::<Touched>(json!(["progress", "delivery", "progress"]));
    assert_eq!(turned.expect("any order"), Touched::Both);
    assert!(from_value::<Touched>(json!(["price"])).is_err());
}

#[test]
fn fields_that_may_be_empty_may_be_left_out() {
    let mut form = to_value(saying(&shared(Status::Packed))).expect("to JSON");
    for (facet, field) in
        [("delivery", "comment"), ("progress", "carrier"), ("progress", "tracking")]
    {
        form[facet].as_object_mut().expect("an object").remove(field);
    }
    assert_eq!(
        from_value::<OrderChange>(form).expect("from JSON"),
        saying(&shared(Status::Packed))
    );
}
