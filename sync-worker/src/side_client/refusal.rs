//! The answer of a side to a caller's request, and the reasons why it does not carry it out.

use std::fmt;

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use shared_models::side::Side;

use super::SideClient;
use super::answer::answered;
use super::reply::Reply;

/// The reason why a side did not carry out a request.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The side cannot be reached, or gives an unexpected answer.
    Away {
        /// The side.
        side: Side,
        /// The reason.
        reason: String,
    },
    /// The request is invalid, or not permitted to the caller; the side's reply says why.
    Wrong(Reply),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { side, reason } => write!(f, "the {side}: {reason}"),
            Self::Wrong(reply) => f.write_str(&answered(reply.status, &reply.body)),
        }
    }
}

impl SideClient {
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Reply, Refusal> {
        self.send(request).await.map_err(|no_reply| self.away(no_reply.into()))
    }

    pub(super) fn read<T: DeserializeOwned>(&self, reply: Reply) -> Result<T, Refusal> {
        match reply {
            Reply { status: 200, body, .. } => serde_json::from_slice(&body)
                .map_err(|error| self.away(format!("its answer is not to be understood: {error}"))),
            wrong @ Reply { status: 400 | 401 | 403 | 413 | 422, .. } => Err(Refusal::Wrong(wrong)),
            Reply { status, body, .. } => Err(self.away(answered(status, &body))),
        }
    }

    fn away(&self, reason: String) -> Refusal {
        Refusal::Away { side: self.side, reason }
    }
}
