//! What is kept of one change. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use shared_models::SCHEMA;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::merge::{Conflict, Merged};
use shared_models::order::Touched;
use shared_models::site::Site;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use crate::orders::Order;

/// What is kept of one change.
#[derive(Clone, Debug)]
pub struct Record {
    /// The event: stored as it is published.
    pub event: OrderEvent,
    /// Whether the peer is to hear of it.
    pub publish: bool,
    /// What is private after the change, where it changed.
    pub private: Option<Value>,
    /// What was decided between two values.
    pub conflicts: Vec<Conflict>,
}

impl Record {
    /// An order was born here.
    pub fn created<P: Serialize>(site: Site, order: &Order<P>) -> Self {
        let facts = Facts { id: Uuid::now_v7(), kind: EventKind::Created, origin: site };
        Self {
            event: event(facts, order, Touched::Delivery, order.updated_at),
            publish: true,
            private: serde_json::to_value(&order.private).ok(),
            conflicts: vec![],
        }
    }

    /// A change was decided here. One that touches nothing shared does not concern the peer.
    pub fn decided<P: Serialize + PartialEq>(
        site: Site,
        kind: EventKind,
        before: &Order<P>,
        after: &Order<P>,
    ) -> Self {
        let touched = Touched::new(
            before.shared.delivery.revision != after.shared.delivery.revision,
            before.shared.progress.revision != after.shared.progress.revision,
        );
        let private = match before.private == after.private {
            true => None,
            false => serde_json::to_value(&after.private).ok(),
        };
        let facts = Facts { id: Uuid::now_v7(), kind, origin: site };
        Self {
            event: event(facts, after, touched, after.updated_at),
            publish: touched != Touched::Nothing,
            private,
            conflicts: vec![],
        }
    }

    /// A change arrived from the peer. It is never sent back.
    pub fn applied<P>(
        site: Site,
        kind: EventKind,
        change: &OrderChange,
        merged: Merged,
        after: &Order<P>,
    ) -> Self {
        let facts = Facts { id: change.event_id, kind, origin: site.peer() };
        Self {
            event: event(facts, after, merged.touched, after.updated_at),
            publish: false,
            private: None,
            conflicts: merged.conflicts,
        }
    }

    /// The site tells again how an order stands.
    pub fn offered<P>(site: Site, order: &Order<P>, now: DateTime<Utc>) -> Self {
        let facts = Facts { id: Uuid::now_v7(), kind: EventKind::Offered, origin: site };
        Self {
            event: event(facts, order, Touched::Both, now),
            publish: true,
            private: None,
            conflicts: vec![],
        }
    }
}

#[derive(Clone, Copy)]
struct Facts {
    id: Uuid,
    kind: EventKind,
    origin: Site,
}

fn event<P>(facts: Facts, order: &Order<P>, touched: Touched, at: DateTime<Utc>) -> OrderEvent {
    OrderEvent {
        schema: SCHEMA,
        id: facts.id,
        kind: facts.kind,
        origin: facts.origin,
        order_id: order.id,
        version: order.version,
        at,
        touched,
        shared: order.shared.clone(),
    }
}
