//! Sending: what is to be done at the remote, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most records in one request to prepare or to settle some, and on one page of those that are due.
pub const MAX_PREPARED: usize = 500;

/// The most ids that [`Outcome::Found`] names.
pub const MAX_FOUND: usize = 1_000;

/// Records to be sent: the body of `POST /v1/sync/mirror/{posts,comments}/prepare`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prepare {
    /// The run that sends them.
    pub run: Uuid,
    /// The ids of the records, at most 500.
    #[schemars(length(max = MAX_PREPARED))]
    pub ids: Vec<i64>,
    /// The records that are handed out; of the others only the action is told.
    #[serde(default)]
    pub only: Option<Only>,
}

/// The answer to [`Prepare`]: an item for each record that exists, removed ones too, in the order of their
/// ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The items.
    pub items: Vec<PreparedItem>,
}

/// What is to be done at the remote with a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparedItem {
    /// The record's id.
    pub id: i64,
    /// The version of the change that is to be sent. Of an attempt of unknown outcome: of what was sent.
    pub version: i64,
    /// What is to be done.
    pub action: Action,
    /// The attempt, of a create. It was stored before this answer.
    pub attempt: Option<Uuid>,
    /// Set if the attempt was handed out before: whether the remote has created the record is to be looked
    /// up first.
    pub outcome_unknown: bool,
    /// The milliseconds since such an attempt may last have been sent.
    pub attempt_age: Option<u64>,
    /// The record's id at the remote.
    pub remote_id: Option<i64>,
    /// The number of failures since the last success.
    pub failures: u32,
    /// What is to be sent, of `create` and `update`; where the outcome of an attempt is not known, what was
    /// sent.
    pub fields: Option<Fields>,
}

/// What is to be done at the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MirrorAction")]
pub enum Action {
    /// The record is to be created.
    Create,
    /// The record is to be updated.
    Update,
    /// The record is to be deleted.
    Delete,
    /// The post of the comment is not at the remote yet: nothing can be done before it is.
    Wait,
    /// The record was removed here while the outcome of its creation was not known: that is to be looked
    /// up, and settled as `sent` or `not_created`.
    Resolve,
    /// The remote has what is here, or has refused it for good.
    Nothing,
}

/// What is sent of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SentFields")]
pub enum Fields {
    /// Of a post.
    Post(PostFields),
    /// Of a comment.
    Comment(CommentFields),
}

/// What is sent of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SentPost")]
pub struct PostFields {
    /// The user.
    pub user_id: Option<i64>,
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
}

/// What is sent of a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SentComment")]
pub struct CommentFields {
    /// The id of its post at the remote; of an attempt of unknown outcome, the one that was sent.
    pub post_remote_id: Option<i64>,
    /// The name of its author.
    pub name: String,
    /// The e-mail address of its author.
    pub email: String,
    /// The text.
    pub body: String,
}

/// What came of records that were sent: the body of `POST /v1/sync/mirror/{posts,comments}/settle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// The run that sent them.
    pub run: Uuid,
    /// The results, at most 500, one for each record.
    #[schemars(length(max = MAX_PREPARED))]
    pub results: Vec<SettleItem>,
}

/// What came of a record that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleItem {
    /// The record's id.
    pub id: i64,
    /// The version, as in [`PreparedItem::version`].
    pub version: i64,
    /// The attempt, as in [`PreparedItem::attempt`].
    #[serde(default)]
    pub attempt: Option<Uuid>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of sending a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "SendOutcome")]
pub enum Outcome {
    /// The remote has done it, or a look-up by the attempt has found that it had.
    Sent {
        /// The id that the remote gave: needed for a create, ignored else.
        #[serde(default)]
        remote_id: Option<i64>,
    },
    /// A look-up by the contents has found records that the create may have made: the record is the first of
    /// them that no other one here has.
    Found {
        /// The ids at the remote, at most [`MAX_FOUND`], the newest first.
        remote_ids: Vec<i64>,
        /// Set if the create is over, also where it was never answered: if others have all of these, it has
        /// created nothing. Else its outcome is not known then.
        is_over: bool,
        /// The answer to the create, where that was a failure: counted if others have all of these.
        #[serde(default)]
        detail: Option<String>,
        /// Set if it is parked then: nothing else is stored, so that it can be settled as that.
        #[serde(default)]
        parks: bool,
    },
    /// A look-up has found that the remote did not create it.
    NotCreated {},
    /// The remote has not done it.
    Failed {
        /// The reason.
        detail: String,
        /// Set if the change is parked: it is not sent again before it is offered, or changed again. The
        /// worker reports it as parked before it says so here.
        #[serde(default)]
        parked: bool,
        /// Set if it is certain that a create has created nothing: a refusal by the remote, or no
        /// connection. Else its outcome is not known.
        #[serde(default)]
        not_created: bool,
        /// The milliseconds since a create was last sent, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_ago: Option<u64>,
    },
    /// A create of unknown outcome was not found, and may still be under way. That is no failure.
    Undecided {
        /// The reason.
        detail: String,
        /// The milliseconds since a create was last sent, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_ago: Option<u64>,
    },
    /// The remote does not have the record that was to be updated. It is created anew.
    Gone {},
}

/// The answer to [`Settle`]: one for each result, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    /// The records as they are now.
    pub results: Vec<SettledItem>,
}

/// The state of a record after it was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettledItem {
    /// The record's id.
    pub id: i64,
    /// What is left to do.
    pub state: SettleState,
    /// The number of failures since the last success.
    pub failures: u32,
}

/// What is left to do about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettleState {
    /// Nothing.
    Settled,
    /// A change waits: it is to be prepared again.
    Again,
    /// The remote gave an id that another record here has. The record keeps none, and is not sent again
    /// before it is offered, or changed again: it is to be parked.
    Taken,
    /// The change is parked.
    Refused,
    /// Other records here have all that were found, and the create may still be under way: it is to be
    /// looked up later.
    Undecided,
    /// Other records here have all that were found, and the create is over: it is to be prepared again.
    NotCreated,
}

/// The records at which the mirror has to look, whatever the feed says: those with a change that waits and
/// was not refused, and those that were handed out and not settled, or offered again. The answer to `GET
/// /v1/sync/mirror/{posts,comments}/outstanding?only=&after=&limit=`, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outstanding {
    /// The records. Fewer than the limit are the last ones.
    pub items: Vec<DueRecord>,
}

/// Which of these records are listed. A remote may give the id of a record that it has deleted to the next one that it
/// creates: so each of the three is sent when the one before is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// The records that are removed here, and that the remote has.
    Removed,
    /// The records that the remote has.
    Changed,
    /// The records that the remote has not, or of which it is not known, removed ones too. A record that is removed here
    /// must not be taken for one that is not, and was created with the same contents.
    New,
}

impl Only {
    /// Returns the name, the same everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::New => "new",
        }
    }

    /// Returns whether this is done with such records.
    #[must_use]
    pub const fn has(self, action: Action) -> bool {
        match self {
            Self::Removed => matches!(action, Action::Delete),
            Self::Changed => matches!(action, Action::Update),
            Self::New => matches!(action, Action::Create | Action::Resolve),
        }
    }
}

/// A record at which the mirror has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueRecord {
    /// The record's id.
    pub id: i64,
    /// The version of its newest change here.
    pub version: i64,
    /// The create of unknown outcome, if there is one.
    pub attempt: Option<Uuid>,
    /// The number of failures since the last success.
    pub failures: u32,
}
