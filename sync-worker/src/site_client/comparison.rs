//! What a site is asked in order to compare it with its peer.

use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared_models::comparison::{ChangedPage, Compared, LogState, Revisions};
use uuid::Uuid;

use super::answer::answered;
use super::reply::Reply;
use super::{Refusal, SiteClient};

/// Where a site is compared.
#[derive(Clone)]
pub(super) struct ComparisonUrls {
    compared: Url,
    changed: Url,
    revisions: Url,
}

impl ComparisonUrls {
    /// Those of the site whose resources are at these URLs.
    pub(super) fn new<E>(url: impl Fn(&'static str) -> Result<Url, E>) -> Result<Self, E> {
        Ok(Self {
            compared: url("v1/sync/compared")?,
            changed: url("v1/sync/changed")?,
            revisions: url("v1/sync/revisions")?,
        })
    }
}

impl SiteClient {
    /// How its change log stands, and what is not published up to a place, where one is given; else
    /// the reason why that is not known.
    pub async fn log_state(&self, upto: Option<i64>) -> Result<LogState, String> {
        let upto = upto.map(|place| ("upto", place));
        self.answer(self.get(&self.comparison.compared).query(upto.as_slice())).await
    }

    /// The orders that it changed, from one page of its log between two places.
    pub async fn changed(&self, after: i64, upto: i64) -> Result<ChangedPage, String> {
        let stretch = [("after", after), ("upto", upto)];
        self.answer(self.get(&self.comparison.changed).query(&stretch)).await
    }

    /// How those of these orders stand there that it has.
    pub async fn revisions(&self, ids: &[Uuid]) -> Result<Revisions, String> {
        let request = json!({ "ids": ids });
        self.answer(self.post(&self.comparison.revisions).json(&request)).await
    }

    /// Has it note how far its log was compared.
    pub async fn compared(&self, compared: Compared) -> Result<(), String> {
        let noted = self.post(&self.comparison.compared).json(&compared);
        self.answer::<serde_json::Value>(noted).await.map(drop)
    }

    /// Asks it to offer these orders; else the reason why it does not.
    pub async fn ask_for_offer_of(&self, ids: &[Uuid]) -> Result<(), String> {
        let request = self.post(&self.offer).json(&json!({ "ids": ids }));
        match self.send(request).await? {
            Reply { status: 202, .. } => Ok(()),
            Reply { status, body, .. } => {
                Err(format!("the {}: {}", self.site, answered(status, &body)))
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
            Refusal::Wrong(_) => format!("the {}: {refusal}", self.site),
        })
    }
}
