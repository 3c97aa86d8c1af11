//! Fields of a facet that this version does not know: they are kept and passed on.

use serde_json::{Value, from_str, from_value, json, to_value};
use shared_models::edit::revise;
use shared_models::event::OrderEvent;
use shared_models::merge::{fold, merge};
use shared_models::order::{Facet, Progress, Shared, Status, Touched};
use shared_models::rules::Cargo;
use shared_models::side::Side;
use shared_models::sync::OrderChange;

use crate::samples::{carried_by, delivery_to, event, progress, saying, shared};

/// Returns an event of a later version: each facet has more fields than this version knows.
fn from_the_future() -> Value {
    let event = event(Side::Warehouse, Touched::Both, shared(Status::Packed));
    let mut form = to_value(event).expect("to JSON");
    form["delivery"]["dock"] = json!({"gate": 4, "open": ["mon", null, 1.5]});
    form["delivery"]["revision"] = json!({"store": 1, "warehouse": 1});
    form["progress"]["parcels"] = json!(3);
    form
}

fn read() -> OrderEvent {
    from_value(from_the_future()).expect("from JSON")
}

#[test]
fn they_survive_reading_and_writing_an_event() {
    assert_eq!(to_value(read()).expect("to JSON"), from_the_future());
}

#[test]
fn they_are_carried_to_the_peer() {
    let change = OrderChange::of(read(), Cargo::Both).validated().expect("believed");
    let form = to_value(change).expect("to JSON");
    assert_eq!(form["delivery"], from_the_future()["delivery"]);
    assert_eq!(form["progress"], from_the_future()["progress"]);
}

#[test]
fn they_survive_a_merge_and_a_fold() {
    let arriving = OrderChange::of(read(), Cargo::Both);
    let here = shared(Status::Placed);
    let merged = merge(Side::Store, &here, &arriving).shared;
    let folded = fold(&saying(&here), &arriving).expect("one");
    for (delivery, progress) in
        [(merged.delivery, merged.progress), (folded.delivery, folded.progress.expect("progress"))]
    {
        assert_eq!(delivery.value.unknown["dock"]["gate"], 4);
        assert_eq!(progress.value.unknown["parcels"], 3);
    }
}

#[test]
fn a_facet_that_gives_way_takes_them_along_into_the_record() {
    let mut here: Shared = shared(Status::Packed);
    here.delivery.revision.store = 2;
    here.delivery.value = delivery_to("9 Hill");
    let merged = merge(Side::Store, &here, &OrderChange::of(read(), Cargo::Both));
    assert_eq!(merged.shared.delivery.value.unknown.len(), 0, "a facet is replaced whole");
    let form = to_value(&merged.conflicts).expect("to JSON");
    assert_eq!(form[0]["lost"]["dock"]["gate"], 4);
}

#[test]
fn an_edit_of_what_is_known_leaves_them_as_they_are() {
    let before = read().shared;
    let mut delivery = before.delivery.value.clone();
    delivery.address = "9 Hill".to_owned();
    let mut packed = before.progress.value.clone();
    packed.carrier = carried_by("Swift", Status::Packed).carrier;
    let (after, touched) = revise(Side::Warehouse, &before, delivery, packed).expect("legal");
    assert_eq!(touched, Touched::Both);
    assert_eq!(after.delivery.value.unknown, before.delivery.value.unknown);
    assert_eq!(after.progress.value.unknown, before.progress.value.unknown);
}

#[test]
fn a_facet_that_differs_in_them_alone_has_changed() {
    let before = read().shared;
    let without =
        revise(Side::Warehouse, &before, before.delivery.value.clone(), progress(Status::Packed));
    assert_eq!(without.expect("legal").1, Touched::Progress);
}

#[test]
fn what_is_known_must_be_there_and_stand_once() {
    let facet = |text: &str| from_str::<Facet<Progress>>(text).map_err(|error| error.to_string());
    let refused = |text: &str, reason: &str| {
        let error = facet(text).expect_err(text);
        assert!(error.starts_with(reason), "{text}: {error}");
    };
    let revision = r#""revision":{"store":0,"warehouse":1}"#;
    assert!(facet(&format!(r#"{{"status":"packed",{revision}}}"#)).is_ok());
    refused(&format!(r#"{{{revision}}}"#), "missing field `status`");
    refused(r#"{"status":"packed"}"#, "missing field `revision`");
    let twice = format!(r#"{{"status":"packed",{revision},"status":"packed"}}"#);
    refused(&twice, "duplicate field `status`");
    refused(
        &format!(r#"{{"status":"packed",{revision},{revision}}}"#),
        "duplicate field `revision`",
    );
    refused("[]", "invalid type: sequence, expected an object with status");
    let alone = from_str::<Progress>(&format!(r#"{{"status":"packed",{revision}}}"#));
    assert!(alone.expect("by itself").unknown.contains_key("revision"), "it has none of its own");
}
