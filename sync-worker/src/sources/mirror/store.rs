//! The requests to the store about what is mirrored, each on behalf of a run.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared_models::mirror::{
    Gone, GoneResult, Happened, Listed, Load, LoadResult, MAX_LISTED, MirrorEvent, Mirrored, Only,
    Outstanding, Prepare, Prepared, Settle, SettleItem, Settled,
};
use uuid::Uuid;

use crate::side_client::SideClient;
use crate::side_client::jobs::RunError;

/// The cursor of the oldest change that is kept.
pub(super) const START: &str = "start";
/// The changes on a page of a feed.
const PAGE: usize = 500;

/// A page of a feed.
#[derive(Debug, Deserialize)]
pub(super) struct FeedPage {
    changes: Vec<FeedChange>,
    /// The cursor of the next page.
    pub(super) next: String,
    /// Set if there is a next page.
    pub(super) more: bool,
}

#[derive(Debug, Deserialize)]
struct FeedChange {
    key: String,
    kind: String,
    event: EventSource,
}

/// Where the change of an event was made.
#[derive(Debug, Deserialize)]
struct EventSource {
    source: String,
}

impl FeedPage {
    /// Returns what happened to which records. What a later version of the store may write besides is a
    /// reason to look at the record.
    pub(super) fn happened(&self) -> impl Iterator<Item = (i64, Happened)> {
        self.changes.iter().filter_map(|change| {
            let is_local = change.event.source == "local";
            let happened = MirrorEvent::parse(&change.kind)
                .map_or(Happened::Offered, |(_, event)| Happened::of(event, is_local));
            Some((change.key.parse().ok()?, happened))
        })
    }
}

/// The store, as a run asks it about records of one kind.
pub(super) struct Store<'a> {
    pub(super) client: &'a SideClient,
    pub(super) run: Uuid,
    pub(super) kind: Mirrored,
}

impl Store<'_> {
    /// Returns the page of the feed after a cursor; `None` if what came after it is not kept any more.
    pub(super) async fn changes(&self, cursor: &str) -> Result<Option<FeedPage>, RunError> {
        let path = format!("v1/{}/changes", self.kind.plural());
        let query = [("cursor", json!(cursor)), ("limit", json!(PAGE))];
        self.client.read_if_kept(&path, &query).await
    }

    /// Returns the records at which the mirror has to look, whatever the feed says, in the order of their ids: some of them.
    pub(super) async fn outstanding(
        &self,
        only: Only,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Outstanding, RunError> {
        let after = after.map(|after| ("after", json!(after)));
        let query = after.into_iter().chain([("limit", json!(limit)), ("only", json!(only))]);
        self.client.read_for_run(&self.path("outstanding"), &query.collect::<Vec<_>>()).await
    }

    /// Returns what is to be done with these records.
    pub(super) async fn prepare(&self, ids: Vec<i64>, only: Only) -> Result<Prepared, RunError> {
        self.write("prepare", &Prepare { run: self.run, ids, only: Some(only) }).await
    }

    /// Stores what came of records.
    pub(super) async fn settle(&self, results: Vec<SettleItem>) -> Result<Settled, RunError> {
        self.write("settle", &Settle { run: self.run, results }).await
    }

    /// Stores records of the remote.
    pub(super) async fn load<R: Serialize + Sync + Send>(
        &self,
        records: Vec<R>,
    ) -> Result<LoadResult, RunError> {
        self.write("load", &Load { run: self.run, records }).await
    }

    /// Returns the ids, at the remote, of records that a load has seen there, in their order.
    pub(super) async fn listed(&self, after: Option<i64>) -> Result<Listed, RunError> {
        let after = after.map(|after| ("after", json!(after)));
        let query = after.into_iter().chain([("limit", json!(MAX_LISTED))]).collect::<Vec<_>>();
        self.client.read_for_run(&self.path("listed"), &query).await
    }

    /// Removes records that the remote has no more.
    pub(super) async fn gone(&self, remote_ids: Vec<i64>) -> Result<GoneResult, RunError> {
        self.write("gone", &Gone { run: self.run, remote_ids }).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        what: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, RunError> {
        self.client.write_for_run(&self.path(what), body).await
    }

    fn path(&self, what: &str) -> String {
        format!("v1/sync/mirror/{}/{what}", self.kind.plural())
    }
}
