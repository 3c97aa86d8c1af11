//! The answers of a side to a request with changes, and how a reply is read as one. Pure.

use serde::Deserialize;
use shared_models::sync::{Outcome, SyncResponse, SyncResult};
use uuid::Uuid;

use super::reply::{NoReply, Reply, describe};
use crate::breaker::Failure;

/// The answer to a request with changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The peer processed the changes; one outcome for each.
    Processed(Vec<Outcome>),
    /// The peer works, but refuses this request, for this reason, because of one of its changes.
    Refused(String),
    /// The request failed, for this reason: one of its changes may have caused that, or the peer.
    Failed(String),
    /// The peer cannot process any request now.
    Unavailable(Unavailable),
}

/// The reason why a side processes no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The reason, as shown to people.
    pub reason: String,
    /// The facts for the circuit breaker.
    pub failure: Failure,
}

impl From<String> for Unavailable {
    fn from(reason: String) -> Self {
        Self { reason, failure: Failure::default() }
    }
}

impl From<NoReply> for Answer {
    fn from(no_reply: NoReply) -> Self {
        match no_reply {
            NoReply::NoConnection(reason) => Self::Unavailable(reason.into()),
            NoReply::NoAnswer(reason) => Self::Failed(reason),
        }
    }
}

/// Reads the reply to a [`SyncRequest`](shared_models::sync::SyncRequest) with the changes of these
/// events.
///
/// No change is at fault when the peer speaks another version, or is not the expected side. A
/// gateway that reports a broken or late answer (502, 504) says as little about the cause as the
/// peer's own 500.
#[must_use]
pub fn read_sync_reply(events: impl ExactSizeIterator<Item = Uuid>, reply: &Reply) -> Answer {
    let Reply { status, retry_after, ref body } = *reply;
    match status {
        200 => match outcomes(events, body) {
            Ok(outcomes) => Answer::Processed(outcomes),
            Err(problem) => Answer::Unavailable(format!("its answer is invalid: {problem}").into()),
        },
        400 | 413 | 422 if !concerns_no_change(body) => Answer::Refused(describe(status, body)),
        500 | 502 | 504 => Answer::Failed(describe(status, body)),
        _ => {
            let failure = Failure { is_not_ready: false, retry_after };
            Answer::Unavailable(Unavailable { reason: describe(status, body), failure })
        }
    }
}

fn outcomes(
    events: impl ExactSizeIterator<Item = Uuid>,
    body: &[u8],
) -> Result<Vec<Outcome>, String> {
    let SyncResponse { results } =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if results.len() != events.len() {
        let (expected, got) = (events.len(), results.len());
        return Err(format!("expected a result for each of {expected} changes, but got {got}"));
    }
    let pairs = results.into_iter().zip(events);
    pairs.map(|(result, event)| outcome(result, event)).collect()
}

fn outcome(result: SyncResult, event: Uuid) -> Result<Outcome, String> {
    match (result.event_id, result.outcome) {
        (Some(named), _) if named != event => {
            Err(format!("expected the result of {event}, but got that of {named}"))
        }
        // The result of a change that the peer could not read has no id.
        (Some(_), outcome) | (None, outcome @ Outcome::Rejected { .. }) => Ok(outcome),
        (None, Outcome::Applied | Outcome::Merged | Outcome::Stale) => {
            Err(format!("expected the result of {event}, but got one without an event_id"))
        }
    }
}

/// The problem (RFC 9457) in an answer other than success, as far as it names fields.
#[derive(Deserialize)]
struct InvalidRequest {
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(Deserialize)]
struct FieldProblem {
    field: String,
}

fn concerns_no_change(body: &[u8]) -> bool {
    let of_the_request = |error: &FieldProblem| ["schema", "source"].contains(&&*error.field);
    serde_json::from_slice::<InvalidRequest>(body)
        .is_ok_and(|it| it.errors.iter().any(of_the_request))
}

#[cfg(test)]
mod tests {
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
}
