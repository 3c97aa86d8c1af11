//! What the worker sends to a site, and what the site answers.

use garde::Validate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::OrderEvent;
use crate::order::{Delivery, Facet, Progress};
use crate::revision::Revision;
use crate::rules::Cargo;
use crate::site::Site;

/// How many changes one request may hold.
pub const MAX_CHANGES: usize = 500;

/// Changes on their way from one site to its peer: the body of `POST /v1/sync/orders`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRequest<C> {
    /// The version of this form, [`crate::SCHEMA`].
    pub schema: u32,
    /// The site that decided the changes.
    pub source: Site,
    /// At most [`MAX_CHANGES`] of them.
    pub changes: Vec<C>,
}

/// What one event says of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderChange {
    /// The event that said it.
    pub event_id: Uuid,
    /// The order of which it was said.
    pub order_id: Uuid,
    /// The facet delivery after the change.
    pub delivery: Facet<Delivery>,
    /// The facet progress after the change, unless the status is still the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Facet<Progress>>,
}

impl OrderChange {
    /// As much of an event as is carried.
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

    /// The change in its normal form, if it is one that a site can have decided; else the reason.
    pub fn validated(self) -> Result<Self, String> {
        if self.delivery.revision.store == 0 {
            return Err("delivery.revision.store: is 0, but orders are born at the store".into());
        }
        let progress = self.progress.as_ref().map_or(Revision::ZERO, |facet| facet.revision);
        if !(self.delivery.revision.is_plausible() && progress.is_plausible()) {
            return Err("revision: counts more changes than anybody makes".into());
        }
        let delivery = self.delivery.value.normalised();
        delivery.validate().map_err(|report| first_line("delivery", &report))?;
        if let Some(Facet { revision, value, .. }) = &self.progress {
            value.validate().map_err(|report| first_line("progress", &report))?;
            if value.status.is_default() != (*revision == Revision::ZERO) {
                let problem = "progress.revision: is zero exactly while the status is placed";
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncResponse {
    /// One for each change.
    pub results: Vec<SyncResult>,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncResult {
    /// The event that had said it; null where it could not be read.
    pub event_id: Option<Uuid>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a site made of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was newer, and stands here now.
    Applied,
    /// It met a change that it did not know of; what was decided between them is recorded.
    Merged,
    /// It was known here already.
    Stale,
    /// It cannot be what a site decided.
    Rejected {
        /// What is wrong with it.
        reason: String,
    },
}
