//! Comparing the two sides: how an order stands at each, in short, and what one lacks of the other.
//!
//! Only what a side knows is compared, never what was sent: so a loss shows wherever it happened.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::revision::{Relation, Revision};

/// The most orders that one page holds, or one request names.
pub const MAX_COMPARED: usize = 500;

/// A facet, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetState {
    /// How often each side has changed it.
    pub revision: Revision,
    /// A digest of its value: one revision should be one value at both sides.
    pub digest: String,
}

/// An order at one side, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    /// The order.
    pub id: Uuid,
    /// Its delivery.
    pub delivery: FacetState,
    /// Its progress.
    pub progress: FacetState,
    /// Whether a change of it is parked at this side: known to be missing at the peer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
}

/// A side's change log at one moment: the answer to `GET /v1/sync/compared?upto=PLACE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogState {
    /// The place in the log up to which it has been compared with the peer.
    pub compared: i64,
    /// The newest place that is visible.
    pub newest: i64,
    /// The oldest transaction that still runs (`pg_snapshot_xmin`).
    pub xmin: i64,
    /// The next transaction that will begin (`pg_snapshot_xmax`).
    pub xmax: i64,
    /// The oldest place after `compared`, up to the one that was asked about, that RabbitMQ has not
    /// confirmed.
    pub unpublished: Option<i64>,
    /// Whether the side is paused.
    pub paused: bool,
}

impl LogState {
    /// Whether all up to this place is with RabbitMQ, or beyond.
    #[must_use]
    pub fn has_published(&self, place: i64) -> bool {
        self.unpublished.is_none_or(|oldest| oldest > place)
    }
}

/// Orders that a side has changed: the answer to `GET /v1/sync/changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPage {
    /// The orders as they stand now, each once.
    pub orders: Vec<OrderState>,
    /// The place in the log where the next page begins.
    pub upto: i64,
    /// The newest place in the log after the orders were read: nothing that they say is newer.
    pub newest: i64,
}

/// Orders by their ids: the body of `POST /v1/sync/revisions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionsRequest {
    /// At most [`MAX_COMPARED`] of them.
    pub ids: Vec<Uuid>,
}

/// The answer to a [`RevisionsRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revisions {
    /// Those of the orders that are there.
    pub orders: Vec<OrderState>,
    /// The newest place in the log after they were read.
    pub newest: i64,
}

/// The log has been compared from one place to another: the body of `POST /v1/sync/compared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The place up to which it had been compared before.
    pub from: i64,
    /// The place up to which it has been compared now.
    pub to: i64,
}

/// What a listener lacks of an order as a speaker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Finding {
    /// Nothing: it knows all of that, and perhaps more.
    Covered,
    /// A change of the order is parked at the speaker, which waits or has told a person.
    Parked,
    /// It has the same revision of a facet with another value.
    Different,
    /// It lacks a change.
    Behind,
    /// It lacks the order.
    Missing,
}

impl Finding {
    /// The finding's name, as it stands in figures.
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

    /// Whether the speaker should offer the order again.
    #[must_use]
    pub const fn is_a_loss(self) -> bool {
        match self {
            Self::Different | Self::Behind | Self::Missing => true,
            Self::Covered | Self::Parked => false,
        }
    }
}

/// Compares an order as the speaker has it with what the listener has. What the listener knows
/// besides is the business of a comparison the other way round.
#[must_use]
pub fn compare(speaker: &OrderState, listener: Option<&OrderState>) -> Finding {
    match listener {
        _ if speaker.parked => Finding::Parked,
        None => Finding::Missing,
        Some(listener) => {
            let delivery = compare_facets(&speaker.delivery, &listener.delivery);
            delivery.max(compare_facets(&speaker.progress, &listener.progress))
        }
    }
}

fn compare_facets(speaker: &FacetState, listener: &FacetState) -> Finding {
    // Nobody has changed it: it does not travel (rule `default_status`).
    if speaker.revision == Revision::ZERO {
        return Finding::Covered;
    }
    match speaker.revision.relation_to(listener.revision) {
        Relation::Older => Finding::Covered,
        Relation::Same if speaker.digest == listener.digest => Finding::Covered,
        Relation::Same => Finding::Different,
        Relation::Newer | Relation::Concurrent => Finding::Behind,
    }
}
