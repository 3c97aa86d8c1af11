//! What a site is told, and asked, of its changes that could not be carried.

use reqwest::Url;
use serde::Deserialize;
use shared_models::SCHEMA;
use shared_models::parked::{Deed, ParkedChange, ParkedReport, ReportedChange, Selection, Settled};
use uuid::Uuid;

use super::answer::answered;
use super::reply::Reply;
use super::{Refusal, SiteClient};

/// Which page of what a site keeps is wanted.
#[derive(Clone, Copy, Debug)]
pub struct PageQuery<'a> {
    /// What became of them; the site knows which there are.
    pub state: Option<&'a str>,
    /// How many at the most.
    pub limit: Option<&'a str>,
    /// Where it begins.
    pub cursor: Option<&'a str>,
}

/// A page of what a site keeps.
#[derive(Clone, Debug, Deserialize)]
pub struct SitePage {
    /// What is on it.
    pub items: Vec<ParkedChange>,
    /// Where the next one is; `None` on the last.
    pub next: Option<String>,
}

impl SiteClient {
    /// Tells the site which of its changes could not be carried; else the reason why it does not
    /// take that.
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

    /// A page of what it keeps.
    pub async fn parked_page(&self, query: PageQuery<'_>) -> Result<SitePage, Refusal> {
        let PageQuery { state, limit, cursor } = query;
        let pairs = [("state", state), ("limit", limit), ("cursor", cursor)];
        let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = self.get(&self.parked).query(&given.collect::<Vec<_>>());
        self.read(self.ask(request).await?)
    }

    /// One of what it keeps, if it does.
    pub async fn parked_change(&self, id: Uuid) -> Result<Option<ParkedChange>, Refusal> {
        match self.ask(self.get(&self.of_parked(&id.to_string()))).await? {
            Reply { status: 404, .. } => Ok(None),
            reply => self.read(reply).map(Some),
        }
    }

    /// Has something done with some of what it keeps.
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
