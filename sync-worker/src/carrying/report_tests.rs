use serde_json::json;

use super::*;

const EVENT: &str = "018f6b6e-2f0c-7cc0-8000-000000000001";
const ORDER: &str = "018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10";

fn told(body: &[u8]) -> ReportedChange {
    report(Side::Store, [(body, Obstacle::lasting("odd"))]).remove(0)
}

#[test]
fn a_message_is_told_with_its_names_its_body_and_the_reason() {
    let body = json!({"schema": 1, "id": EVENT, "order_id": ORDER}).to_string();
    for (obstacle, may_pass) in
        [(Obstacle::lasting("odd"), false), (Obstacle::passing("odd"), true)]
    {
        let expected = ReportedChange {
            event_id: EVENT.parse().unwrap(),
            record: RecordName::new("order", ORDER),
            body: STANDARD.encode(&body),
            reason: "odd".into(),
            may_pass,
        };
        assert_eq!(report(Side::Store, [(body.as_bytes(), obstacle)]), [expected]);
    }
}

#[test]
fn names_are_read_also_where_nothing_else_can_be() {
    let newer = json!({"schema": 7, "id": 3, "order_id": ORDER, "lines": "none"}).to_string();
    let told = told(newer.as_bytes());
    assert_eq!(told.record, RecordName::new("order", ORDER));
    assert_eq!(told.event_id, made_from(Side::Store, newer.as_bytes()));
}

#[test]
fn a_message_without_a_name_gets_the_same_each_time_and_another_than_others() {
    let nil = format!(r#"{{"id": "{}", "order_id": "{0}"}}"#, Uuid::nil());
    let bodies = ["", "not JSON", "null", "[]", "{}", r#"{"id": "x", "order_id": 1}"#, &nil];
    let mut seen = std::collections::BTreeSet::new();
    for body in bodies.map(str::as_bytes).into_iter().chain([&b"\xff\0"[..]]) {
        let first = told(body);
        assert_eq!((first.event_id.get_version_num(), &first.record), (8, &RecordName::default()));
        assert_eq!(first, told(body));
        assert_ne!(first.event_id, made_from(Side::Warehouse, body));
        assert!(seen.insert(first.event_id), "{body:?}");
    }
}

#[test]
fn a_long_body_and_a_long_reason_are_cut_but_the_name_is_of_the_whole() {
    let [long, longer] = [1, 2].map(|more| vec![b'x'; MAX_BODY + more]);
    let reported = report(Side::Store, [(&*long, Obstacle::lasting("é".repeat(2000)))]).remove(0);
    assert_eq!(STANDARD.decode(&reported.body).unwrap().len(), MAX_BODY);
    assert_eq!(reported.reason, "é".repeat(MAX_REASON));
    assert_ne!(reported.event_id, told(&longer).event_id);
}

#[test]
fn a_message_that_came_twice_is_told_once() {
    let bodies = [&b"odd"[..], b"odd", b"even"];
    let told = report(Side::Store, bodies.map(|body| (body, Obstacle::lasting("odd"))));
    assert_eq!(told.len(), 2);
}
