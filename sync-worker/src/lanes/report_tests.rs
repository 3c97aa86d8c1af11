use serde_json::json;

use super::*;
use crate::lanes::Lane as _;
use crate::lanes::orders::OrderLane;

const EVENT: &str = "018f6b6e-2f0c-7cc0-8000-000000000001";
const ORDER: &str = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";

fn reported(body: &[u8], obstacle: &Obstacle) -> ReportedChange {
    report_entry(Side::Store, "order", body, obstacle)
}

fn reported_as_odd(body: &[u8]) -> ReportedChange {
    reported(body, &Obstacle::lasting("odd"))
}

#[test]
fn a_message_is_reported_with_its_ids_its_body_and_the_reason() {
    let body = json!({"schema": 1, "id": EVENT, "order_id": ORDER}).to_string();
    for (obstacle, may_pass) in
        [(Obstacle::lasting("odd"), false), (Obstacle::passing("odd"), true)]
    {
        let expected = ReportedChange {
            event_id: Some(EVENT.parse().unwrap()),
            version: None,
            record: RecordName::new("order", ORDER),
            body: STANDARD.encode(&body),
            reason: "odd".into(),
            may_pass,
        };
        assert_eq!(reported(body.as_bytes(), &obstacle), expected);
    }
}

#[test]
fn ids_are_read_also_where_nothing_else_can_be() {
    let newer = json!({"schema": 7, "id": 3, "order_id": ORDER, "lines": "none"}).to_string();
    let reported = reported_as_odd(newer.as_bytes());
    assert_eq!(reported.record, RecordName::new("order", ORDER));
    assert_eq!(reported.event_id, Some(derived_id(Side::Store, newer.as_bytes())));
}

#[test]
fn a_message_without_an_id_gets_the_same_each_time_and_another_than_others() {
    let nil = format!(r#"{{"id": "{}", "order_id": "{0}"}}"#, Uuid::nil());
    let bodies = ["", "not JSON", "null", "[]", "{}", r#"{"id": "x", "order_id": 1}"#, &nil];
    let mut seen = std::collections::BTreeSet::new();
    for body in bodies.map(str::as_bytes).into_iter().chain([&b"\xff\0"[..]]) {
        let first = reported_as_odd(body);
        let event = first.event_id.unwrap();
        assert_eq!((event.get_version_num(), &first.record), (8, &RecordName::default()));
        assert_eq!(first, reported_as_odd(body));
        assert_ne!(event, derived_id(Side::Warehouse, body));
        assert!(seen.insert(event), "{body:?}");
    }
}

#[test]
fn a_long_body_and_a_long_reason_are_cut_but_the_id_is_of_the_whole() {
    let [long, longer] = [1, 2].map(|more| vec![b'x'; MAX_BODY + more]);
    let long = reported(&long, &Obstacle::lasting("é".repeat(2000)));
    assert_eq!(STANDARD.decode(&long.body).unwrap().len(), MAX_BODY);
    assert_eq!(long.reason, "é".repeat(MAX_REASON));
    assert_ne!(long.event_id, reported_as_odd(&longer).event_id);
}

#[test]
fn a_message_that_came_twice_is_reported_once() {
    let (bodies, odd) = ([&b"odd"[..], b"odd", b"even"], Obstacle::lasting("odd"));
    let lane = OrderLane { source: Side::Store };
    assert_eq!(lane.report(bodies.map(|body| (body, &odd))).len(), 2);
}
