//! The meaning of the peer's answer to a request. Pure.

use serde::Deserialize;
use shared_models::sync::{Outcome, SyncResponse, SyncResult};
use uuid::Uuid;

use super::Reply;
use crate::breaker::Failure;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The peer took the changes; one outcome for each.
    Taken(Vec<Outcome>),
    /// The peer is well, but refuses this request, for this reason, because of one of its changes.
    Refused(String),
    /// The request failed, for this reason: one of its changes may have caused that, or the peer.
    Failed(String),
    /// The peer cannot take any request now.
    Away(Trouble),
}

/// The reason why the peer takes no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The reason, as shown to people.
    pub reason: String,
    /// The facts for the circuit breaker.
    pub failure: Failure,
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self { reason, failure: Failure::default() }
    }
}

/// Interprets a reply to a request with the changes of these events.
///
/// No change is at fault when the peer speaks another version, or is not the expected side. A
/// gateway that reports a broken or late answer (502, 504) says as little about the cause as the
/// peer's own 500.
#[must_use]
pub fn read(events: &[Uuid], reply: &Reply) -> Answer {
    let Reply { status, retry_after, ref body } = *reply;
    match status {
        200 => match outcomes(events, body) {
            Ok(outcomes) => Answer::Taken(outcomes),
            Err(problem) => {
                Answer::Away(format!("its answer is not to be understood: {problem}").into())
            }
        },
        400 | 413 | 422 if !concerns_no_change(body) => Answer::Refused(answered(status, body)),
        500 | 502 | 504 => Answer::Failed(answered(status, body)),
        _ => {
            let failure = Failure { is_not_ready: false, retry_after };
            Answer::Away(Trouble { reason: answered(status, body), failure })
        }
    }
}

fn outcomes(events: &[Uuid], body: &[u8]) -> Result<Vec<Outcome>, String> {
    let SyncResponse { results } =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if results.len() != events.len() {
        return Err(format!("{} results for {} changes", results.len(), events.len()));
    }
    let pairs = results.into_iter().zip(events);
    pairs.map(|(result, event)| outcome(result, *event)).collect()
}

fn outcome(result: SyncResult, event: Uuid) -> Result<Outcome, String> {
    match (result.event_id, result.outcome) {
        (Some(named), _) if named != event => {
            Err(format!("expected the result of {event}, but got that of {named}"))
        }
        // The result of a change that the peer could not read has no id.
        (Some(_), outcome) | (None, outcome @ Outcome::Rejected { .. }) => Ok(outcome),
        (None, Outcome::Applied | Outcome::Merged | Outcome::Stale) => {
            Err(format!("the result of {event} does not name it"))
        }
    }
}

/// The body of an answer other than success: a problem (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(Deserialize)]
struct FieldProblem {
    field: String,
}

fn concerns_no_change(body: &[u8]) -> bool {
    let of_the_request = |error: &FieldProblem| ["schema", "source"].contains(&&*error.field);
    serde_json::from_slice::<Problem>(body).is_ok_and(|it| it.errors.iter().any(of_the_request))
}

/// Describes an answer other than success, for a log.
#[must_use]
pub fn answered(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<Problem>(body) {
        Ok(Problem { detail, .. }) => {
            let detail = detail.chars().take(300).collect::<String>();
            format!("it answered {status}: {detail}")
        }
        Err(_) => format!("it answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const EVENTS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

    fn read(events: &[Uuid], status: u16, body: &[u8]) -> Answer {
        let retry_after = Some(Duration::from_secs(7));
        super::read(events, &Reply { status, retry_after, body: body.into() })
    }

    fn away(reason: String) -> Answer {
        let retry_after = Some(Duration::from_secs(7));
        Answer::Away(Trouble { reason, failure: Failure { is_not_ready: false, retry_after } })
    }

    fn read_results(results: &serde_json::Value) -> Answer {
        read(&EVENTS, 200, json!({"results": results}).to_string().as_bytes())
    }

    #[test]
    fn a_result_for_each_change_in_their_order_is_taken() {
        let taken = read_results(&json!([
            {"event_id": EVENTS[0], "outcome": "applied"},
            {"event_id": null, "outcome": "rejected", "reason": "odd"},
        ]));
        let rejected = Outcome::Rejected { reason: "odd".into() };
        assert_eq!(taken, Answer::Taken(vec![Outcome::Applied, rejected]));
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
            assert!(matches!(answer, Answer::Away(_)), "{results} was read as {answer:?}");
        }
        assert!(matches!(read(&EVENTS, 200, b"<html>"), Answer::Away(_)));
    }

    #[test]
    fn every_status_has_its_meaning() {
        let body = json!({"detail": "lines: is empty"}).to_string();
        for status in 100..600 {
            let told = format!("it answered {status}: lines: is empty");
            let expected = match status {
                200 => continue,
                400 | 413 | 422 => Answer::Refused(told),
                500 | 502 | 504 => Answer::Failed(told),
                _ => away(told),
            };
            assert_eq!(read(&EVENTS, status, body.as_bytes()), expected);
        }
    }

    #[test]
    fn a_peer_of_another_version_or_another_side_parks_nothing() {
        let body = |field: &str| json!({"detail": "odd", "errors": [{"field": field}]}).to_string();
        for field in ["schema", "source"] {
            let answer = read(&EVENTS, 422, body(field).as_bytes());
            assert_eq!(answer, away("it answered 422: odd".into()));
        }
        let answer = read(&EVENTS, 422, body("changes").as_bytes());
        assert_eq!(answer, Answer::Refused("it answered 422: odd".into()));
    }

    #[test]
    fn a_body_that_is_no_problem_is_left_out() {
        assert_eq!(answered(502, b"<html>"), "it answered 502");
        let long = json!({"detail": "x".repeat(1000)}).to_string();
        assert_eq!(answered(500, long.as_bytes()).len(), "it answered 500: ".len() + 300);
    }
}
