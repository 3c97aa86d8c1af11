//! The record of an order's change. Pure.

use chrono::{DateTime, Utc};
use service_kit::change_log::Change;
use shared_models::SCHEMA;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::merge::{Conflict, Merged};
use shared_models::order::Touched;
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use shared_models::trace::TraceContext;
use uuid::Uuid;

use super::order::{Order, RESOURCE};

/// The record of one change of an order.
#[derive(Clone, Debug)]
pub struct Record {
    /// The event, stored as it is published.
    pub event: OrderEvent,
    /// Set if the change is to be published.
    pub to_publish: bool,
    /// Set if the private part changed; then it is stored as it is after the change.
    pub private_changed: bool,
    /// The conflicts that were resolved.
    pub conflicts: Vec<Conflict>,
    /// The principal that requested the change, if known.
    pub principal: Option<String>,
    /// The trace that the change belongs to, if it was traced.
    pub trace: Option<TraceContext>,
}

impl Record {
    /// Records an order that was created here.
    pub fn created<P>(side: Side, order: &Order<P>) -> Self {
        let head = EventHead { id: Uuid::now_v7(), kind: EventKind::Created, origin: side };
        Self {
            event: event(head, order, Touched::Delivery, order.updated_at),
            to_publish: true,
            private_changed: true,
            conflicts: vec![],
            principal: None,
            trace: None,
        }
    }

    /// Records an edit that was made here. One that touches no shared facet does not concern the
    /// peer.
    pub fn edited<P: PartialEq>(
        side: Side,
        kind: EventKind,
        before: &Order<P>,
        after: &Order<P>,
        touched: Touched,
    ) -> Self {
        let head = EventHead { id: Uuid::now_v7(), kind, origin: side };
        Self {
            event: event(head, after, touched, after.updated_at),
            to_publish: touched != Touched::Nothing,
            private_changed: before.private != after.private,
            conflicts: vec![],
            principal: None,
            trace: None,
        }
    }

    /// Records a change from the peer. It is never sent back; but if this side had to resolve
    /// something that its peer cannot know, that is a change of its own, and is published to the
    /// peer.
    pub fn from_peer<P>(
        side: Side,
        kind: EventKind,
        change: &OrderChange,
        merged: Merged,
        after: &Order<P>,
    ) -> Self {
        let head = match merged.is_own_change {
            true => EventHead { id: Uuid::now_v7(), kind, origin: side },
            false => EventHead { id: change.event_id, kind, origin: side.peer() },
        };
        Self {
            event: event(head, after, merged.touched, after.updated_at),
            to_publish: merged.is_own_change,
            private_changed: false,
            conflicts: merged.conflicts,
            principal: None,
            trace: None,
        }
    }

    /// Records an offer: the order's current facets are published again.
    pub fn offered<P>(side: Side, order: &Order<P>, now: DateTime<Utc>) -> Self {
        let head = EventHead { id: Uuid::now_v7(), kind: EventKind::Offered, origin: side };
        Self {
            event: event(head, order, Touched::Both, now),
            to_publish: true,
            private_changed: false,
            conflicts: vec![],
            principal: None,
            trace: None,
        }
    }

    /// Returns the record with the principal that requested the change.
    #[must_use]
    pub fn by(self, principal: Option<&str>) -> Self {
        Self { principal: principal.map(str::to_owned), ..self }
    }

    /// Returns the record with the trace that the change belongs to.
    #[must_use]
    pub fn traced(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// Returns the record as the change log keeps it.
    pub fn to_change(&self) -> Result<Change, serde_json::Error> {
        let conflicts = (!self.conflicts.is_empty()).then(|| serde_json::to_value(&self.conflicts));
        Ok(Change {
            event_id: self.event.id,
            resource: RESOURCE,
            key: self.event.order_id.to_string(),
            kind: self.event.kind.as_str(),
            origin: self.event.origin,
            version: self.event.version,
            at: self.event.at,
            body: serde_json::to_string(&self.event)?,
            conflicts: conflicts.transpose()?,
            to_publish: self.to_publish,
            principal: self.principal.clone(),
            trace: self.trace,
        })
    }
}

#[derive(Clone, Copy)]
struct EventHead {
    id: Uuid,
    kind: EventKind,
    origin: Side,
}

fn event<P>(head: EventHead, order: &Order<P>, touched: Touched, at: DateTime<Utc>) -> OrderEvent {
    OrderEvent {
        schema: SCHEMA,
        id: head.id,
        kind: head.kind,
        origin: head.origin,
        order_id: order.id,
        version: order.version,
        at,
        touched,
        shared: order.shared.clone(),
    }
}
