//! Loading: what the remote has, and what it has no more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most records in one request to load some, or to remove some.
pub const MAX_LOADED: usize = 1_000;

/// The most ids on one page of those that are listed.
pub const MAX_LISTED: usize = 5_000;

/// A post of the remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemotePost {
    /// The id there.
    pub remote_id: i64,
    /// The user.
    pub user_id: Option<i64>,
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// The marker of the attempt that created it, if the remote keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// A comment of the remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteComment {
    /// The id there.
    pub remote_id: i64,
    /// The id of its post there.
    pub post_remote_id: i64,
    /// The name of its author.
    pub name: String,
    /// The e-mail address of its author.
    pub email: String,
    /// The text.
    pub body: String,
    /// The marker of the attempt that created it, if the remote keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// Records of the remote: the body of `POST /v1/sync/mirror/{posts,comments}/load`. `R` is [`RemotePost`] or
/// [`RemoteComment`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Load{R}")]
pub struct Load<R> {
    /// The run that loads them.
    pub run: Uuid,
    /// The records, at most 1,000. Of those with the same id the last counts; the worker sends none twice.
    #[schemars(length(max = MAX_LOADED))]
    pub records: Vec<R>,
}

/// What became of the records that were loaded: each is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadResult {
    /// The records that were new here.
    pub created: u64,
    /// The records that the remote had changed.
    pub updated: u64,
    /// The records that the remote has not changed, or that were removed here.
    pub unchanged: u64,
    /// The records that both sides changed: the change here stands, and waits to be sent.
    pub conflicts: u64,
    /// The records that turned out to be what an attempt of unknown outcome had created.
    pub adopted: u64,
    /// The records that do not fit; they are left as they are here.
    pub refused: Vec<RefusedRecord>,
}

/// A record of the remote that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RefusedRemoteRecord")]
pub struct RefusedRecord {
    /// The id there, if that can be read.
    pub remote_id: Option<i64>,
    /// The problem with it.
    pub detail: String,
}

/// The ids at the remote of the records here that a load has seen there: the answer to `GET
/// /v1/sync/mirror/{posts,comments}/listed?after=&limit=`, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// The ids. Fewer than the limit are the last ones.
    pub remote_ids: Vec<i64>,
    /// The ids among them whose records are removed here: that these are gone there says nothing of the remote.
    #[serde(default)]
    pub removed: Vec<i64>,
}

/// Records that the remote has no more: the body of `POST /v1/sync/mirror/{posts,comments}/gone`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// The run that noticed it.
    pub run: Uuid,
    /// The ids there, at most 1,000.
    #[schemars(length(max = MAX_LOADED))]
    pub remote_ids: Vec<i64>,
}

/// What became of the records that the remote has no more. Ids that no record has are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoneResult {
    /// The records that are removed here, too; comments that went with their post are not counted.
    pub removed: u64,
    /// The records that stay: a change here waits, with which they are created anew, or no load has ever
    /// seen them at the remote.
    pub kept: u64,
}
