//! What a site answers to somebody who wants something of it, and why it does not do it.

use std::fmt;

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use shared_models::site::Site;

use super::SiteClient;
use super::answer::answered;
use super::reply::Reply;

/// Why a site did not do what it was asked.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It cannot be asked, or answers something else.
    Away {
        /// Which one.
        site: Site,
        /// Why.
        reason: String,
    },
    /// The request is not right, or not the caller's to make; the site says what would be.
    Wrong(Reply),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { site, reason } => write!(f, "the {site}: {reason}"),
            Self::Wrong(reply) => f.write_str(&answered(reply.status, &reply.body)),
        }
    }
}

impl SiteClient {
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
        Refusal::Away { site: self.site, reason }
    }
}
