//! The requests to a side about its changes that could not be carried.

use reqwest::Url;
use serde::Deserialize;
use shared_models::SCHEMA;
use shared_models::parked::{Deed, ParkedChange, ParkedReport, ReportedChange, Selection, Settled};
use uuid::Uuid;

use super::answer::answered;
use super::reply::Reply;
use super::{Refusal, SideClient};

/// The query for a page of a side's parked changes.
#[derive(Clone, Copy, Debug)]
pub struct PageQuery<'a> {
    /// The state of the changes; the side checks it.
    pub state: Option<&'a str>,
    /// The largest number on the page.
    pub limit: Option<&'a str>,
    /// The cursor at which the page begins.
    pub cursor: Option<&'a str>,
}

/// A page of a side's parked changes.
#[derive(Clone, Debug, Deserialize)]
pub struct SidePage {
    /// The changes on the page.
    pub items: Vec<ParkedChange>,
    /// The link to the next page; `None` on the last.
    pub next: Option<String>,
}

impl SideClient {
    /// Reports to the side which of its changes could not be carried. Returns the reason if it does
    /// not take the report.
    pub async fn report(&self, changes: Vec<ReportedChange>) -> Result<(), String> {
        if changes.is_empty() {
            return Ok(());
        }
        let report = ParkedReport { schema: SCHEMA, changes };
        let request = self.post(&self.parked).timeout(self.report_timeout);
        match self.send(request.json(&report)).await? {
            Reply { status: 200, .. } => Ok(()),
            Reply { status, body, .. } => Err(answered(status, &body)),
        }
    }

    /// Returns a page of the side's parked changes.
    pub async fn parked_page(&self, query: PageQuery<'_>) -> Result<SidePage, Refusal> {
        let PageQuery { state, limit, cursor } = query;
        let pairs = [("state", state), ("limit", limit), ("cursor", cursor)];
        let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = self.get(&self.parked).query(&given.collect::<Vec<_>>());
        self.read(self.ask(request).await?)
    }

    /// Returns one of the side's parked changes, if it has it.
    pub async fn parked_change(&self, id: Uuid) -> Result<Option<ParkedChange>, Refusal> {
        match self.ask(self.get(&self.of_parked(&id.to_string()))).await? {
            Reply { status: 404, .. } => Ok(None),
            reply => self.read(reply).map(Some),
        }
    }

    /// Replays or drops some of the side's parked changes.
    pub async fn settle(&self, deed: Deed, selection: &Selection) -> Result<Settled, Refusal> {
        let request = self.post(&self.of_parked(deed.as_str())).json(selection);
        self.read(self.ask(request).await?)
    }

    fn of_parked(&self, name: &str) -> Url {
        let mut url = self.parked.clone();
        url.set_path(&format!("{}/{name}", url.path()));
        url
    }
}
