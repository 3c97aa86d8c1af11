//! The requests to a side that compare it with its peer.

use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared_models::comparison::{ChangedPage, Compared, LogState, Revisions};
use uuid::Uuid;

use super::answer::answered;
use super::reply::Reply;
use super::{Refusal, SideClient};

/// The URLs of a side's resources for comparing.
#[derive(Clone)]
pub(super) struct ComparisonUrls {
    compared: Url,
    changed: Url,
    revisions: Url,
}

impl ComparisonUrls {
    /// Builds the URLs with `url`, which joins a path to the base URL of the side.
    pub(super) fn new<E>(url: impl Fn(&'static str) -> Result<Url, E>) -> Result<Self, E> {
        Ok(Self {
            compared: url("v1/sync/compared")?,
            changed: url("v1/sync/changed")?,
            revisions: url("v1/sync/revisions")?,
        })
    }
}

/// The answer to a note.
#[derive(Deserialize)]
struct Noted {
    noted: bool,
}

impl SideClient {
    /// Returns the state of the side's change log and, if a place is given, the oldest unpublished
    /// change up to it.
    pub async fn log_state(&self, upto: Option<i64>) -> Result<LogState, String> {
        let upto = upto.map(|place| ("upto", place));
        self.answer(self.get(&self.comparison.compared).query(upto.as_slice())).await
    }

    /// Returns the orders that the side changed, from one page of its log between two places.
    pub async fn changed(&self, after: i64, upto: i64) -> Result<ChangedPage, String> {
        let stretch = [("after", after), ("upto", upto)];
        self.answer(self.get(&self.comparison.changed).query(&stretch)).await
    }

    /// Returns the states of those of these orders that the side has.
    pub async fn revisions(&self, ids: &[Uuid]) -> Result<Revisions, String> {
        let request = json!({ "ids": ids });
        self.answer(self.post(&self.comparison.revisions).json(&request)).await
    }

    /// Notes at the side how far its log was compared; returns `false` if another worker has noted
    /// something since `compared.from`.
    pub async fn compared(&self, compared: Compared) -> Result<bool, String> {
        let noted = self.post(&self.comparison.compared).json(&compared);
        Ok(self.answer::<Noted>(noted).await?.noted)
    }

    /// Asks the side to offer these orders. Returns the reason if it refuses.
    pub async fn ask_for_offer_of(&self, ids: &[Uuid]) -> Result<(), String> {
        let request = self.post(&self.offer).json(&json!({ "ids": ids }));
        match self.send(request).await? {
            Reply { status: 202, .. } => Ok(()),
            Reply { status, body, .. } => {
                Err(format!("the {}: {}", self.side, answered(status, &body)))
            }
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, String> {
        let read = async { self.read(self.ask(request).await?) };
        read.await.map_err(|refusal: Refusal| match refusal {
            Refusal::Away { .. } => refusal.to_string(),
            Refusal::Wrong(_) => format!("the {}: {refusal}", self.side),
        })
    }
}
