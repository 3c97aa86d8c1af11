//! What a batch of changes makes of the orders that it names. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize as _;
use serde_json::Value;
use shared_models::event::EventKind;
use shared_models::merge::{Cause, Conflict, fold, merge};
use shared_models::order::Touched;
use shared_models::site::Site;
use shared_models::sync::{OrderChange, Outcome};
use shared_models::unguarded::{Guard, overwrite};
use uuid::Uuid;

use crate::change_log::Record;
use crate::orders::{Changed, Order};

/// A change as it came: one that can be taken, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The event that said it, where it can be read.
    pub(super) event_id: Option<Uuid>,
    /// The change.
    pub(super) change: Result<OrderChange, String>,
}

impl Arrived {
    /// Reads one change out of a request; a bad one does not stop the others.
    #[must_use]
    pub(super) fn read(value: Value) -> Self {
        let event_id = value.get("event_id").and_then(Value::as_str);
        let event_id = event_id.and_then(|text| text.parse().ok());
        // Where it fits, nobody asks for the path.
        let change = OrderChange::deserialize(&value).or_else(|_| {
            serde_path_to_error::deserialize(value)
                .map_err(|error| format!("{}: {}", error.path(), error.inner()))
        });
        Self { event_id, change: change.and_then(OrderChange::validated) }
    }
}

/// The changes by order, in the order of their ids; what names one order twice is one change.
#[must_use]
pub(super) fn by_order(arrived: &[Arrived]) -> BTreeMap<Uuid, OrderChange> {
    let mut folded = BTreeMap::<Uuid, OrderChange>::new();
    for change in arrived.iter().filter_map(|arrived| arrived.change.as_ref().ok()) {
        let all = match folded.remove(&change.order_id) {
            Some(earlier) => fold(earlier, change),
            None => change.clone(),
        };
        folded.insert(change.order_id, all);
    }
    folded
}

/// What a change did to an order.
#[derive(Debug)]
pub(super) struct Applied<P> {
    /// What the worker is told.
    pub(super) outcome: Outcome,
    /// What came of it, where it changed anything.
    pub(super) changed: Option<Changed<P>>,
}

/// Merges a change into an order as it stands here.
pub(super) fn apply<P: Clone>(
    site: Site,
    before: &Order<P>,
    change: &OrderChange,
    now: DateTime<Utc>,
) -> Applied<P> {
    let merged = match Guard::Fence.is_off() {
        true => overwrite(&before.shared, change),
        false => merge(site, &before.shared, change),
    };
    if merged.put_back {
        tracing::error!(
            order_id = %before.id,
            "the peer knows of changes made here that are not here: was this database restored \
             from a backup? What the peer has is taken over"
        );
    }
    if merged.touched == Touched::Nothing {
        return Applied { outcome: Outcome::Stale, changed: None };
    }
    let concurrent = merged.conflicts.iter().any(|conflict| match conflict {
        Conflict::Delivery(decided) => decided.cause == Cause::Concurrent,
        Conflict::Progress(decided) => decided.cause == Cause::Concurrent,
    });
    let statuses = (before.shared.progress.value.status, merged.shared.progress.value.status);
    let kind = match before.version {
        0 => EventKind::Created,
        _ => EventKind::of_change(statuses.0, statuses.1),
    };
    let after = Order {
        shared: merged.shared.clone(),
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let record = Record::applied(site, kind, change, merged, &after);
    let outcome = if concurrent { Outcome::Merged } else { Outcome::Applied };
    Applied { outcome, changed: Some(Changed { order: after, record }) }
}
