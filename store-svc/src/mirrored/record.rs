//! A post or a comment as it is stored, with its state in the mirror, and as it is shown. Pure.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::mirror::Mirrored;
use uuid::Uuid;

use super::content::{Content, Shown as ShownContent};

/// A post or a comment, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Mirrored,
    pub(crate) id: i64,
    pub(crate) content: Content,
    pub(crate) version: i64,
    pub(crate) deleted: bool,
    /// The name of the token by which it was created; `None` if it was loaded, or without tokens.
    pub(crate) creator: Option<String>,
    /// The name of the token by which it was changed last.
    pub(crate) modifier: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) modified_at: DateTime<Utc>,
    pub(crate) mirror: Mirror,
}

/// The state of a record in the mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// The id at the remote.
    pub(crate) remote_id: Option<i64>,
    /// The version of the newest change that was made here.
    pub(crate) changed_version: i64,
    /// The newest of these versions that the remote has; 0 if none.
    pub(crate) sent_version: i64,
    /// The newest of these versions that is not sent again by itself: the remote refused it.
    pub(crate) refused_version: i64,
    /// Set once a load has seen the record at the remote.
    pub(crate) listed: bool,
    /// The digest of what the remote had when it was last seen or written.
    pub(crate) base: Option<String>,
    /// What was handed out last to be sent, until its outcome is known.
    pub(crate) sending: Option<Sending>,
    /// The number of failures since the last success.
    pub(crate) failures: i32,
    /// The reason of the last failure.
    pub(crate) failure: Option<String>,
    /// Set if the mirror has to look at the record even if the feed says nothing new of it.
    pub(crate) due: bool,
}

/// What was handed out to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sending {
    /// The id of the attempt, of a create.
    pub(crate) attempt: Option<Uuid>,
    /// The time at which it may last have been sent.
    pub(crate) at: DateTime<Utc>,
    /// The version of the change.
    pub(crate) version: i64,
    /// The contents.
    pub(crate) content: Content,
    /// The id at the remote of the post that a comment is of.
    #[serde(default)]
    pub(crate) post: Option<i64>,
    /// Set once its failure is settled, so that it is counted once.
    #[serde(default)]
    pub(crate) failed: bool,
    /// Set if it was offered again since it was handed out: then it stays due where it is parked.
    #[serde(default)]
    pub(crate) offered: bool,
}

/// The detail of a comment that waits for its post to be at the remote.
pub(crate) const NO_POST_YET: &str = "its post is not at the remote yet";

impl Mirror {
    /// Returns whether a change that was made here waits to be sent.
    pub(crate) fn waits(&self) -> bool {
        self.changed_version > self.sent_version
    }

    /// Returns whether the newest change is not sent before it is offered, or changed: the remote has refused it.
    pub(crate) fn is_refused(&self) -> bool {
        self.changed_version <= self.refused_version && !self.due
    }

    /// Returns the create that was begun, and whose outcome is not known.
    pub(crate) fn attempt(&self) -> Option<Uuid> {
        self.sending.as_ref().and_then(|sending| sending.attempt)
    }
}

/// What is known of a record's state at the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MirrorState {
    /// The remote has what is here.
    Sent,
    /// A change waits to be sent.
    Waiting,
    /// A change is parked: it waits for a person, or to be offered again.
    Parked,
    /// Whether the remote has the record is not known.
    Unknown,
}

/// A record's state in the mirror, as sent to a caller.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownMirror<'a> {
    state: MirrorState,
    /// The reason of the last failure.
    detail: Option<&'a str>,
}

/// A record, as sent to a caller.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown<'a> {
    id: i64,
    #[serde(flatten)]
    #[schemars(skip)]
    content: ShownContent<'a>,
    /// The id at the remote, if it has the record.
    remote_id: Option<i64>,
    /// The name of the token by which it was created.
    creator: Option<&'a str>,
    /// The name of the token by which it was changed last.
    modifier: Option<&'a str>,
    created_time: DateTime<Utc>,
    modified_time: DateTime<Utc>,
    mirror: ShownMirror<'a>,
}

impl Record {
    /// Creates a record that a caller has made.
    pub(crate) fn created(
        (kind, id): (Mirrored, i64),
        content: Content,
        creator: Option<&str>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            kind,
            id,
            content,
            version: 1,
            deleted: false,
            creator: creator.map(str::to_owned),
            modifier: creator.map(str::to_owned),
            created_at: now,
            modified_at: now,
            mirror: Mirror { changed_version: 1, ..Mirror::default() },
        }
    }

    /// Returns the state of the record in the mirror.
    pub(crate) fn mirror_state(&self) -> MirrorState {
        match (self.mirror.attempt(), self.mirror.waits()) {
            (Some(_), _) => MirrorState::Unknown,
            (None, true) if self.mirror.is_refused() => MirrorState::Parked,
            (None, true) => MirrorState::Waiting,
            (None, false) => MirrorState::Sent,
        }
    }

    /// Shows the record.
    pub(crate) fn show(&self) -> Shown<'_> {
        Shown {
            id: self.id,
            content: self.content.show(self.kind),
            remote_id: self.mirror.remote_id,
            creator: self.creator.as_deref(),
            modifier: self.modifier.as_deref(),
            created_time: self.created_at,
            modified_time: self.modified_at,
            mirror: ShownMirror {
                state: self.mirror_state(),
                detail: self.mirror.failure.as_deref(),
            },
        }
    }
}
