//! Comparing the two sides: the short state of an order at each, and what one side lacks.
//!
//! Only the states of the sides are compared, never what was sent: so a loss shows wherever it
//! happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::revision::{Relation, Revision};

/// The most orders on one page, or in one request.
pub const MAX_COMPARED: usize = 500;

/// The short state of a facet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FacetState {
    /// The number of changes of each side.
    pub revision: Revision,
    /// A digest of the value, after its format and a hyphen: one revision should have one value at
    /// both sides. Digests of different formats, by programs of different versions, say nothing of
    /// each other.
    pub digest: String,
}

impl FacetState {
    /// Returns whether the other side has the same revision with another value.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.digest != other.digest
            && format(&self.digest) == format(&other.digest)
    }
}

/// The short state of an order at one side.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OrderState {
    /// The order's id.
    pub id: Uuid,
    /// The state of its delivery.
    pub delivery: FacetState,
    /// The state of its progress.
    pub progress: FacetState,
    /// Set if a change of it is parked at this side: known to be missing at the peer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
    /// Set if its newest published change was parked at this side and a person dropped it: the peer is not to
    /// have that. A side of an older version never says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

impl OrderState {
    /// Returns whether this side alone is to offer the order again, or nobody is: a change of it is parked
    /// there, or was dropped.
    #[must_use]
    pub const fn is_set_aside(&self) -> bool {
        self.parked || self.dropped
    }
}

/// A side's change log at one moment: the answer to `GET /v1/sync/compared?upto=PLACE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogState {
    /// The place in the log up to which it has been compared with the peer.
    pub compared: i64,
    /// The newest place that is visible.
    pub newest: i64,
    /// The event at the newest place; `None` where the log is empty, or the program is older.
    #[serde(default)]
    pub newest_event: Option<Uuid>,
    /// The event at the place that was asked about; `None` where nothing stands there.
    #[serde(default)]
    pub asked_event: Option<Uuid>,
    /// The oldest transaction that still runs (`pg_snapshot_xmin`).
    pub xmin: i64,
    /// The next transaction that will begin (`pg_snapshot_xmax`).
    pub xmax: i64,
    /// The oldest place of an order's change after `compared`, up to the one that was asked about,
    /// that RabbitMQ has not confirmed.
    pub unpublished: Option<i64>,
    /// Set if the side is paused.
    pub paused: bool,
}

impl LogState {
    /// Returns whether RabbitMQ has confirmed everything up to this place.
    #[must_use]
    pub fn has_published(&self, place: i64) -> bool {
        self.unpublished.is_none_or(|oldest| oldest > place)
    }

    /// Returns whether this is the log that was in the `earlier` state, as an answer about the
    /// place that was the newest then. It is not where the database was restored, or replaced by a
    /// standby that missed the newest changes: even if the log has grown beyond that place since,
    /// another event stands there, or none.
    #[must_use]
    pub fn continues(&self, earlier: &Self) -> bool {
        let has_newest = match (earlier.newest_event, self.newest_event) {
            (Some(event), Some(_)) => self.asked_event == Some(event),
            // The events are unknown.
            (None, _) | (_, None) => true,
        };
        has_newest && self.newest >= earlier.newest && self.xmax >= earlier.xmax
    }
}

/// Orders that a side has changed: the answer to `GET /v1/sync/changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedPage {
    /// The current states of the orders, each once.
    pub orders: Vec<OrderState>,
    /// The place in the log where the next page begins.
    pub upto: i64,
    /// The newest place in the log after the orders were read: no state is newer.
    pub newest: i64,
}

/// Orders by their ids: the body of `POST /v1/sync/revisions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevisionsRequest {
    /// The ids, at most 500.
    #[schemars(length(max = MAX_COMPARED))]
    pub ids: Vec<Uuid>,
}

/// The answer to a [`RevisionsRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revisions {
    /// The states of those of the orders that exist there.
    pub orders: Vec<OrderState>,
    /// The newest place in the log after the orders were read.
    pub newest: i64,
}

/// The states of a side's orders in the order of their ids: the answer to
/// `GET /v1/sync/states?after=ID`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatesPage {
    /// The states, at most [`MAX_COMPARED`].
    pub orders: Vec<OrderState>,
    /// The id of the last order on the page; `None` if the side has none after the page.
    pub upto: Option<Uuid>,
    /// The newest place in the log after the orders were read: no state is newer.
    pub newest: i64,
}

/// A range of the log that has been compared: the body of `POST /v1/sync/compared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The place up to which it had been compared before.
    pub from: i64,
    /// The place up to which it has been compared now.
    pub to: i64,
}

/// The result of comparing an order's state at a speaker with that at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Finding {
    /// The listener has everything, and perhaps more.
    Covered,
    /// A change of the order is parked at the speaker, which offers it again or has informed a
    /// person; or that person has dropped it.
    Parked,
    /// The listener has the same revision of a facet with another value.
    Different,
    /// The listener lacks a change.
    Behind,
    /// The listener lacks the order.
    Missing,
}

impl Finding {
    /// Returns the finding's name in figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Parked => "parked",
            Self::Different => "different",
            Self::Behind => "behind",
            Self::Missing => "missing",
        }
    }

    /// Returns whether the speaker should offer the order again.
    #[must_use]
    pub const fn is_a_loss(self) -> bool {
        match self {
            Self::Different | Self::Behind | Self::Missing => true,
            Self::Covered | Self::Parked => false,
        }
    }
}

/// Compares an order's state at the speaker with that at the listener. What only the listener has
/// is left to the comparison in the other direction.
#[must_use]
pub fn compare(speaker: &OrderState, listener: Option<&OrderState>) -> Finding {
    match listener {
        _ if speaker.is_set_aside() => Finding::Parked,
        None => Finding::Missing,
        Some(listener) => {
            let delivery = compare_facets(&speaker.delivery, &listener.delivery);
            delivery.max(compare_facets(&speaker.progress, &listener.progress))
        }
    }
}

fn compare_facets(speaker: &FacetState, listener: &FacetState) -> Finding {
    // A facet that nobody has changed is not carried (rule `default_status`).
    if speaker.revision == Revision::ZERO {
        return Finding::Covered;
    }
    match speaker.revision.relation_to(listener.revision) {
        Relation::Older => Finding::Covered,
        Relation::Same if speaker.digest == listener.digest => Finding::Covered,
        Relation::Same if format(&speaker.digest) != format(&listener.digest) => Finding::Covered,
        Relation::Same => Finding::Different,
        Relation::Newer | Relation::Concurrent => Finding::Behind,
    }
}

fn format(digest: &str) -> Option<&str> {
    digest.split_once('-').map(|(format, _)| format)
}
