//! The answers of a side: its reply to a request, or the reason why there is none, and what that means
//! for the changes that were sent.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use shared_models::side::Side;
use shared_models::sync::{Outcome, SyncResponse, SyncResult};
use uuid::Uuid;

use crate::breaker::Failure;

/// A side's reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The time after which to send the next request, if the side gave one.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason why there is no reply.
#[derive(Debug)]
pub enum NoReply {
    /// The request was never delivered.
    NoConnection(String),
    /// The request may have been delivered and carried out.
    NoAnswer(String),
}

impl From<NoReply> for String {
    fn from(no_reply: NoReply) -> Self {
        match no_reply {
            NoReply::NoConnection(reason) | NoReply::NoAnswer(reason) => reason,
        }
    }
}

impl NoReply {
    /// Classifies an error; `specific` may know a more precise reason than its own message.
    pub(super) fn of(
        error: reqwest::Error,
        specific: impl Fn(&(dyn Error + 'static)) -> Option<String>,
    ) -> Self {
        let error = error.without_url();
        let why = match error.is_timeout() {
            true => " in time".to_owned(),
            false => format!(": {}", specific(&error).unwrap_or_else(|| root_cause(&error))),
        };
        match error.is_connect() {
            true => Self::NoConnection(format!("no connection{why}")),
            false => Self::NoAnswer(format!("no answer{why}")),
        }
    }
}

/// The reason why a side did not carry out a caller's request.
#[derive(Clone, Debug)]
pub enum RequestError {
    /// The side cannot be reached, or gives an unexpected answer.
    Unavailable {
        /// The side.
        side: Side,
        /// The reason.
        reason: String,
    },
    /// The request is invalid, or not permitted to the caller; the side's reply says why.
    Rejected(Reply),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { side, reason } => write!(f, "the {side}: {reason}"),
            Self::Rejected(reply) => f.write_str(&describe(reply.status, &reply.body)),
        }
    }
}

pub(super) async fn send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| parse_retry_after(value, Utc::now()));
    let body = response.bytes().await?.into();
    Ok(Reply { status, retry_after, body })
}

pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut root = error.source();
    while let Some(deeper) = root.and_then(Error::source) {
        root = Some(deeper);
    }
    root.map_or_else(|| error.to_string(), ToString::to_string)
}

/// The detail of a problem (RFC 9457): the body of an answer other than success.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// Describes an answer other than success, for a log.
#[must_use]
pub(super) fn describe(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<Problem>(body) {
        Ok(Problem { detail }) => {
            let detail = detail.chars().take(300).collect::<String>();
            format!("it answered {status}: {detail}")
        }
        Err(_) => format!("it answered {status}"),
    }
}

/// Parses the value of the header `Retry-After` (RFC 9110) at this moment: seconds, or a date.
/// Returns `None` for anything else.
pub(crate) fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|first: char| first.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    // A date in the past asks for no wait.
    Some((date.to_utc() - now).to_std().unwrap_or_default())
}

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
#[path = "answer_tests.rs"]
mod tests;
