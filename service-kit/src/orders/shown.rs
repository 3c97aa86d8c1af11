//! An order as a caller sees it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use shared_models::order::Status;
use shared_models::revision::Revision;
use uuid::Uuid;

use super::Order;

/// An order as a caller sees it, with the site's own lines and its own fields.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<L, O> {
    id: Uuid,
    company: String,
    address: String,
    deliver_by: Option<NaiveDate>,
    comment: Option<String>,
    lines: Vec<L>,
    #[serde(flatten)]
    own: O,
    status: Status,
    carrier: Option<String>,
    tracking: Option<String>,
    version: i64,
    revisions: Revisions,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// How often each site has changed each facet: where they are the same at both sites, the sites
/// agree.
#[derive(Clone, Copy, Debug, Serialize)]
struct Revisions {
    delivery: Revision,
    progress: Revision,
}

impl<L, O> Shown<L, O> {
    /// Shows an order.
    pub fn new<P>(order: &Order<P>, lines: Vec<L>, own: O) -> Self {
        let (delivery, progress) = (&order.shared.delivery, &order.shared.progress);
        let revisions = Revisions { delivery: delivery.revision, progress: progress.revision };
        let (delivery, progress) = (&delivery.value, &progress.value);
        Self {
            id: order.id,
            company: delivery.company.clone(),
            address: delivery.address.clone(),
            deliver_by: delivery.deliver_by,
            comment: delivery.comment.clone(),
            lines,
            own,
            status: progress.status,
            carrier: progress.carrier.clone(),
            tracking: progress.tracking.clone(),
            version: order.version,
            revisions,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}
