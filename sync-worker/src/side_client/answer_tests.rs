use std::time::Duration;

use serde_json::json;

use super::*;

const EVENTS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

fn read(events: &[Uuid], status: u16, body: &[u8]) -> Answer {
    let retry_after = Some(Duration::from_secs(7));
    let reply = Reply { status, retry_after, body: body.into() };
    read_sync_reply(events.iter().copied(), &reply)
}

fn unavailable(reason: String) -> Answer {
    let retry_after = Some(Duration::from_secs(7));
    Answer::Unavailable(Unavailable {
        reason,
        failure: Failure { is_not_ready: false, retry_after },
    })
}

fn read_results(results: &serde_json::Value) -> Answer {
    read(&EVENTS, 200, json!({"results": results}).to_string().as_bytes())
}

#[test]
fn a_result_for_each_change_in_their_order_is_accepted() {
    let answer = read_results(&json!([
        {"event_id": EVENTS[0], "outcome": "applied"},
        {"event_id": null, "outcome": "rejected", "reason": "odd"},
    ]));
    let rejected = Outcome::Rejected { reason: "odd".into() };
    assert_eq!(answer, Answer::Processed(vec![Outcome::Applied, rejected]));
}

#[test]
fn results_that_do_not_fit_the_request_settle_nothing() {
    let stale = |event: Uuid| json!({"event_id": event, "outcome": "stale"});
    let cases = [
        json!([]),
        json!([stale(EVENTS[0])]),
        json!([stale(EVENTS[1]), stale(EVENTS[0])]),
        json!([stale(EVENTS[0]), {"event_id": null, "outcome": "stale"}]),
        json!([stale(EVENTS[0]), {"event_id": EVENTS[1], "outcome": "eaten"}]),
        json!("fine"),
    ];
    for results in cases {
        let answer = read_results(&results);
        assert!(matches!(answer, Answer::Unavailable(_)), "{results} was read as {answer:?}");
    }
    assert!(matches!(read(&EVENTS, 200, b"<html>"), Answer::Unavailable(_)));
}

#[test]
fn every_status_has_its_meaning() {
    let body = json!({"detail": "lines: is empty"}).to_string();
    for status in 100..600 {
        let reason = format!("it answered {status}: lines: is empty");
        let expected = match status {
            200 => continue,
            400 | 413 | 422 => Answer::Refused(reason),
            500 | 502 | 504 => Answer::Failed(reason),
            _ => unavailable(reason),
        };
        assert_eq!(read(&EVENTS, status, body.as_bytes()), expected);
    }
}

#[test]
fn a_peer_of_another_version_or_another_side_parks_nothing() {
    let body = |field: &str| json!({"detail": "odd", "errors": [{"field": field}]}).to_string();
    for field in ["schema", "source"] {
        let answer = read(&EVENTS, 422, body(field).as_bytes());
        assert_eq!(answer, unavailable("it answered 422: odd".into()));
    }
    let answer = read(&EVENTS, 422, body("changes").as_bytes());
    assert_eq!(answer, Answer::Refused("it answered 422: odd".into()));
}

#[test]
fn a_body_that_is_no_problem_is_left_out() {
    assert_eq!(describe(502, b"<html>"), "it answered 502");
    let long = json!({"detail": "x".repeat(1000)}).to_string();
    assert_eq!(describe(500, long.as_bytes()).len(), "it answered 500: ".len() + 300);
}

#[test]
fn seconds_and_dates_are_understood_and_nothing_else() {
    let now = DateTime::parse_from_rfc3339("2026-11-20T10:00:00Z").unwrap().to_utc();
    let cases = [
        ("0", Some(0)),
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("Fri, 20 Nov 2026 10:00:30 GMT", Some(30)),
        ("Fri, 20 Nov 2026 09:00:00 GMT", Some(0)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999999", None),
    ];
    for (value, seconds) in cases {
        let expected = seconds.map(Duration::from_secs);
        assert_eq!(parse_retry_after(value, now), expected, "{value}");
    }
}
