//! A side's reply, the reasons why there is none, and the errors of a caller's request.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use shared_models::side::Side;

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

pub(super) fn root_cause(error: &reqwest::Error) -> String {
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
fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|first: char| first.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    // A date in the past asks for no wait.
    Some((date.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}
