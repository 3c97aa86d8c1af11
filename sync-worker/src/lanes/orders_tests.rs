use serde_json::{Value, json};
use shared_models::revision::Revision;

use super::*;

const ORDER: &str = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";

fn event(origin: &str, touched: &[&str], status: &str) -> Value {
    json!({
        "schema": 1, "id": "018f6b6e-2f0c-7cc0-8000-000000000001", "kind": "order.updated",
        "origin": origin, "order_id": ORDER, "version": 3, "at": "2026-11-20T10:00:00Z",
        "touched": touched,
        "delivery": {"revision": {"store": 2, "warehouse": 0}, "company": "Acme", "address": "A 1",
            "deliver_by": null, "comment": null, "lines": [{"sku": "A", "quantity": 2}], "gate": 7},
        "progress": {"revision": {"store": 0, "warehouse": 1}, "status": status,
            "carrier": null, "tracking": null},
    })
}

fn decided(source: Side, event: &Value) -> Decision<OrderMessage> {
    OrderLane { source }.interpret(event.to_string().as_bytes())
}

#[test]
fn the_rules_decide_what_is_carried_and_what_is_dropped() {
    let (store, warehouse) = (Side::Store, Side::Warehouse);
    let cases = [
        (store, event("warehouse", &["delivery"], "packed"), CarryRule::Echo),
        (warehouse, event("store", &["delivery"], "placed"), CarryRule::Echo),
        (store, event("store", &[], "packed"), CarryRule::NothingShared),
        (warehouse, event("warehouse", &["progress"], "placed"), CarryRule::DefaultStatus),
    ];
    for (source, event, rule) in cases {
        assert_eq!(decided(source, &event), Decision::Drop(rule.as_str()), "{source} {event}");
    }
}

fn carried(source: Side, event: &Value) -> Option<OrderChange> {
    match decided(source, event) {
        Decision::Send(message) => Some(message.change),
        Decision::Drop(_) | Decision::Park(_) => None,
    }
}

#[test]
fn a_default_status_stays_behind_and_unknown_fields_go_along() {
    let placed = carried(Side::Store, &event("store", &["delivery"], "placed")).unwrap();
    assert_eq!((placed.order_id.to_string().as_str(), placed.progress), (ORDER, None));
    assert_eq!(placed.delivery.value.unknown["gate"], 7);

    let shipped = carried(Side::Warehouse, &event("warehouse", &["progress"], "shipped")).unwrap();
    let revision = Revision { store: 0, warehouse: 1 };
    assert_eq!(shipped.progress.map(|facet| facet.revision), Some(revision));
}

#[test]
fn what_cannot_be_understood_is_parked_with_the_reason() {
    let mut newer = event("store", &["delivery"], "placed");
    newer["schema"] = json!(2);
    newer["delivery"] = json!("in another form");
    let mut odd = event("store", &["delivery"], "placed");
    odd["delivery"]["lines"][0]["quantity"] = json!(-1);
    let cases = [
        (String::new(), "the message cannot be read"),
        ("{".to_owned(), "the message cannot be read"),
        ("[]".to_owned(), "the message cannot be read"),
        (json!({"id": 1}).to_string(), "missing field `schema`"),
        (newer.to_string(), "expected a message of schema 1, but got schema 2"),
        (odd.to_string(), "the message cannot be read"),
    ];
    for (body, expected) in cases {
        let decided = OrderLane { source: Side::Store }.interpret(body.as_bytes());
        let is_parked =
            matches!(&decided, Decision::Park(it) if !it.may_pass && it.reason.contains(expected));
        assert!(is_parked, "{body} became {decided:?}");
    }
}
