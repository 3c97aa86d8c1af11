//! Changes that could not be carried: how the worker reports them to the site they came from, and
//! how that site shows them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// How many changes one report, or one request to replay or drop some, may name.
pub const MAX_PARKED: usize = 500;

/// As many bytes of a message are reported. An event is never longer; what is can only be junk.
pub const MAX_BODY: usize = 256 * 1024;

/// What could not be carried: the body of `POST /v1/parked` at the site that published it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedReport {
    /// The version of this form, [`crate::SCHEMA`].
    pub schema: u32,
    /// At most [`MAX_PARKED`] of them.
    pub changes: Vec<ReportedChange>,
}

/// One message that could not be carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedChange {
    /// The event. A message in which none can be read gets one made from its body and its site, so
    /// that it is the same each time.
    pub event_id: Uuid,
    /// The order that it is about, where that can be read.
    pub order_id: Option<Uuid>,
    /// The message's body as it was published, in base64: it need not be JSON, nor text.
    pub body: String,
    /// Why it could not be carried.
    pub reason: String,
    /// Whether it may be carried later without a person having done anything.
    pub may_pass: bool,
}

/// What became of a parked change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedState {
    /// It waits to be offered again, or for a person.
    Parked,
    /// Its order was offered again. If that is in vain too, it is parked once more.
    Offered,
    /// A person has dropped it.
    Dropped,
}

impl ParkedState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Parked, Self::Offered, Self::Dropped];

    /// The state's name, as it is written everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Offered => "offered",
            Self::Dropped => "dropped",
        }
    }
}

/// A parked change, as the site shows it that published it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParkedChange {
    /// The event that was parked first; it names the parked change from then on.
    pub id: Uuid,
    /// The event that said it last: each offer is an event of its own.
    pub event_id: Uuid,
    /// The order that it is about; null where that could not be read, so that it can only be
    /// dropped.
    pub order_id: Option<Uuid>,
    /// What became of it.
    pub state: ParkedState,
    /// Why it could not be carried the last time.
    pub reason: String,
    /// How often it was parked.
    pub attempts: u32,
    /// When it was parked first.
    pub first_at: DateTime<Utc>,
    /// When it was parked last.
    pub last_at: DateTime<Utc>,
    /// When it is offered again by itself; null where it waits for a person, or no longer waits.
    pub offer_at: Option<DateTime<Utc>>,
    /// Whether this site has published a newer change of the order, which says all that this one
    /// says.
    pub overtaken: bool,
    /// The message: JSON where it is JSON, else text.
    pub body: Value,
}

/// Which parked changes are meant: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// All that are parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// These, at most [`MAX_PARKED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Uuid>>,
}

/// What is to be done with parked changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Their orders are offered again.
    Replay,
    /// They are given up, which stays on record.
    Drop,
}

impl Deed {
    /// Its name, as it stands in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Drop => "drop",
        }
    }
}

/// What came of a request to replay or to drop parked changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// How many will be offered again, or were dropped.
    pub changed: u64,
    /// Which of the named ones were left as they are.
    pub left: Vec<LeftAlone>,
}

/// A parked change that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    /// The parked change.
    pub id: Uuid,
    /// Why.
    pub reason: String,
}

impl LeftAlone {
    /// Why a site leaves what it does not keep. The worker asks both sites and knows it by this:
    /// what one of them keeps is not unknown.
    pub const UNKNOWN: &str = "there is no parked change of this id";
}
