//! The worker's requests to a side, and the answers.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::OrderEvent;
use crate::order::{Delivery, Facet, Progress};
use crate::revision::Revision;
use crate::rules::Cargo;
use crate::side::Side;
use crate::trace::TraceContext;

/// The most changes in one request.
pub const MAX_CHANGES: usize = 500;

/// Changes from one side to its peer: the body of `POST /v1/sync/orders`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SyncRequest")]
pub struct SyncRequest<C> {
    /// The version of this form, [`crate::SCHEMA`].
    #[schemars(extend("const" = crate::SCHEMA))]
    pub schema: u32,
    /// The side that published the changes.
    pub source: Side,
    /// The changes, at most 500.
    #[schemars(length(max = MAX_CHANGES))]
    pub changes: Vec<C>,
    /// The trace of each change, as W3C `traceparent`; null for one without, and empty if none has one.
    /// One that cannot be read is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<Option<String>>,
}

impl<C> SyncRequest<C> {
    /// Returns the trace of the change at this place, if it has one.
    #[must_use]
    pub fn trace_of(&self, index: usize) -> Option<TraceContext> {
        self.traces.get(index)?.as_deref()?.parse().ok()
    }
}

/// The part of an event that is carried to the peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderChange {
    /// The event's id.
    pub event_id: Uuid,
    /// The order's id.
    pub order_id: Uuid,
    /// The facet delivery after the change.
    pub delivery: Facet<Delivery>,
    /// The facet progress after the change, unless the status is still the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Facet<Progress>>,
}

impl OrderChange {
    /// Returns the part of an event that the cargo allows.
    #[must_use]
    pub fn of(event: OrderEvent, cargo: Cargo) -> Self {
        Self {
            event_id: event.id,
            order_id: event.order_id,
            delivery: event.shared.delivery,
            progress: match cargo {
                Cargo::Both => Some(event.shared.progress),
                Cargo::Delivery => None,
            },
        }
    }

    /// Returns the change in its normal form if a side can have made it; otherwise the reason.
    pub fn validated(self) -> Result<Self, String> {
        if self.delivery.revision.store == 0 {
            let problem = "delivery.revision.store: expected at least 1, because the store creates \
                           orders; found 0";
            return Err(problem.into());
        }
        let progress = self.progress.as_ref().map_or(Revision::ZERO, |facet| facet.revision);
        if !(self.delivery.revision.is_plausible() && progress.is_plausible()) {
            return Err("revision: expected counts up to 1,000,000,000; found a larger one".into());
        }
        let delivery = self.delivery.value.normalised();
        delivery.validate().map_err(|report| first_line("delivery", &report))?;
        if let Some(Facet { revision, value, .. }) = &self.progress {
            value.validate().map_err(|report| first_line("progress", &report))?;
            if value.status.is_default() != (*revision == Revision::ZERO) {
                let problem = "progress.revision: expected zero exactly while the status is placed";
                return Err(problem.into());
            }
        }
        Ok(Self { delivery: Facet { value: delivery, ..self.delivery }, ..self })
    }
}

fn first_line(facet: &str, report: &garde::Report) -> String {
    report.iter().next().map_or_else(
        || format!("{facet}: is not valid"),
        |(path, error)| format!("{facet}.{path}: {error}"),
    )
}

/// The answer to a [`SyncRequest`]: one result for each change, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncResponse {
    /// The results, one for each change.
    pub results: Vec<SyncResult>,
}

/// The result of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncResult {
    /// The event's id; null if it could not be read.
    pub event_id: Option<Uuid>,
    /// The outcome of the change.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a change at a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The change was newer, and has been taken over.
    Applied,
    /// The change conflicted with one that it did not know; the resolution is recorded.
    Merged,
    /// The change was known already.
    Stale,
    /// The change cannot come from any side.
    Rejected {
        /// The problem with it.
        reason: String,
    },
}
