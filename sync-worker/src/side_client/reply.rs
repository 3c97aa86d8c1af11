//! A side's reply, or the reason why there is none.

use std::error::Error;
use std::time::Duration;

use chrono::Utc;
use reqwest::RequestBuilder;
use reqwest::header::RETRY_AFTER;

use super::retry_after;

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
pub(super) enum NoReply {
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
    /// Classifies an error; `told` may know a more precise reason than its own message.
    pub(super) fn of(
        error: reqwest::Error,
        told: impl Fn(&(dyn Error + 'static)) -> Option<String>,
    ) -> Self {
        let error = error.without_url();
        let why = match error.is_timeout() {
            true => " in time".to_owned(),
            false => format!(": {}", told(&error).unwrap_or_else(|| root_cause(&error))),
        };
        match error.is_connect() {
            true => Self::NoConnection(format!("no connection{why}")),
            false => Self::NoAnswer(format!("no answer{why}")),
        }
    }
}

pub(super) async fn send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| retry_after::read(value, Utc::now()));
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
