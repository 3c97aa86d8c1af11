//! The faults that a request can meet. Pure.

use serde::{Deserialize, Serialize};

/// The value of a `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date, or any other text.
    Text(String),
}

impl std::fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Seconds(seconds) => seconds.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The fault that a request meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Answers this status. The request is not carried out.
    Status {
        /// The status.
        status: u16,
        /// The `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
    },
    /// Answers a redirect to a URL. The request is not carried out.
    Redirect {
        /// The `Location` header.
        to: String,
        /// The status.
        #[serde(default = "temporary_redirect")]
        status: u16,
    },
    /// Gives no answer until the rules are cleared. The request is not carried out.
    Hang,
    /// Closes the connection without an answer. The request is not carried out.
    Close,
    /// Carries the request out and closes the connection without an answer.
    ApplyThenClose,
    /// Carries the request out and gives no answer until the rules are cleared.
    ApplyThenHang,
    /// Carries the request out and closes the connection in the middle of the answer's body.
    CloseInBody,
    /// Carries the request out after a delay, also if its caller is gone by then, and answers.
    Delay {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Carries the request out, and answers with a body that breaks off and so is no JSON.
    Malformed,
    /// Carries the request out, and answers with a body of this size.
    TooLarge {
        /// The size of the body.
        bytes: u64,
    },
}

fn temporary_redirect() -> u16 {
    307
}

impl Action {
    /// Returns the name, as the ledger and `/control` have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Redirect { .. } => "redirect",
            Self::Hang => "hang",
            Self::Close => "close",
            Self::ApplyThenClose => "apply-then-close",
            Self::ApplyThenHang => "apply-then-hang",
            Self::CloseInBody => "close-in-body",
            Self::Delay { .. } => "delay",
            Self::Malformed => "malformed",
            Self::TooLarge { .. } => "too-large",
        }
    }

    /// Returns the fault of answering `status`.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// Returns what is wrong with the fault, if something is.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Status { status, .. } | Self::Redirect { status, .. } => {
                match (200..=599).contains(status) {
                    true => Ok(()),
                    false => Err(format!("status: {status}; expected 200 to 599")),
                }
            }
            Self::Hang
            | Self::Close
            | Self::ApplyThenClose
            | Self::ApplyThenHang
            | Self::CloseInBody
            | Self::Delay { .. }
            | Self::Malformed
            | Self::TooLarge { .. } => Ok(()),
        }
    }
}
