//! An order, as sent to a caller.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use shared_models::order::Status;
use shared_models::revision::Revision;
use uuid::Uuid;

use super::{Order, timestamp};

/// An order, as sent to a caller, with the side's own lines and fields.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<'a, L, O> {
    id: Uuid,
    company: &'a str,
    address: &'a str,
    deliver_by: Option<NaiveDate>,
    comment: Option<&'a str>,
    lines: Vec<L>,
    #[serde(flatten)]
    own: O,
    status: Status,
    carrier: Option<&'a str>,
    tracking: Option<&'a str>,
    version: i64,
    revisions: Revisions,
    #[serde(serialize_with = "timestamp::serialize")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp::serialize")]
    updated_at: DateTime<Utc>,
}

/// The revisions of the facets: if they are equal at both sides, the sides agree.
#[derive(Clone, Copy, Debug, Serialize)]
struct Revisions {
    delivery: Revision,
    progress: Revision,
}

impl<'a, L, O> Shown<'a, L, O> {
    /// Shows an order.
    pub fn new<P>(order: &'a Order<P>, lines: Vec<L>, own: O) -> Self {
        let (delivery, progress) = (&order.shared.delivery, &order.shared.progress);
        let revisions = Revisions { delivery: delivery.revision, progress: progress.revision };
        let (delivery, progress) = (&delivery.value, &progress.value);
        Self {
            id: order.id,
            company: &delivery.company,
            address: &delivery.address,
            deliver_by: delivery.deliver_by,
            comment: delivery.comment.as_deref(),
            lines,
            own,
            status: progress.status,
            carrier: progress.carrier.as_deref(),
            tracking: progress.tracking.as_deref(),
            version: order.version,
            revisions,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}
