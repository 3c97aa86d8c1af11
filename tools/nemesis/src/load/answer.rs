//! The result of a write, read from the answer.

use reqwest::StatusCode;
use serde_json::Value;

use crate::ledger::Outcome;
use crate::seen::Seen;

/// The problem of a service that has not begun a write, or knows that it was rolled back.
const NOT_WRITTEN: &str = "urn:lockstep:problem:unavailable";

/// The answer of a side, if there was one.
pub(super) type Answer = Option<(StatusCode, Value)>;

/// Returns the result of a write that was answered like this. What is not available has not been written;
/// any other failure leaves it open.
pub(super) fn outcome(answer: Answer) -> Outcome {
    let refused = |status: StatusCode| Outcome::Refused(status.as_u16());
    match answer {
        Some((status, body)) if status.is_success() => seen(body),
        Some((status, _)) if status.is_client_error() => refused(status),
        Some((status, body)) if body["type"] == NOT_WRITTEN => refused(status),
        Some(_) | None => Outcome::Unknown,
    }
}

/// An order as it is shown, or the result of one order of a batch.
fn seen(body: Value) -> Outcome {
    let version = body["version"].as_i64();
    match Seen::read(body) {
        Some(seen) => Outcome::Acknowledged(seen),
        None => version.map_or(Outcome::Unknown, |version| {
            Outcome::Acknowledged(Seen { version, order: None })
        }),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;
    use program_kit::http::problem::{Kind, Problem};
    use serde_json::json;

    use super::*;

    async fn outcome_of(problem: Problem) -> Outcome {
        let answer = problem.error_response();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        outcome(Some((status, serde_json::from_slice(&body).unwrap())))
    }

    #[tokio::test]
    async fn a_failure_leaves_it_open_but_for_one_that_says_that_nothing_was_written() {
        assert_eq!(outcome_of(Problem::unavailable("away")).await, Outcome::Refused(503));
        assert_eq!(outcome_of(Problem::new(Kind::Conflict, "no")).await, Outcome::Refused(409));
        for open in [Kind::OutcomeUnknown, Kind::Internal] {
            assert_eq!(outcome_of(Problem::new(open, "?")).await, Outcome::Unknown);
        }
        assert_eq!(outcome(None), Outcome::Unknown);
        assert_eq!(outcome(Some((StatusCode::OK, json!({})))), Outcome::Unknown);
    }

    #[test]
    fn a_result_of_a_batch_acknowledges_a_version() {
        let placed = json!({"id": "…", "result": "created", "version": 1});
        let seen = Seen { version: 1, order: None };
        assert_eq!(outcome(Some((StatusCode::CREATED, placed))), Outcome::Acknowledged(seen));
    }
}
