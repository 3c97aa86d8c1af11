//! Sample orders, changes and events, and the full product of the facts that the rules use.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use shared_models::SCHEMA;
use shared_models::event::{EventKind, OrderEvent};
use shared_models::marks::Marks;
use shared_models::order::{Delivery, Facet, Line, Progress, Shared, Status, Touched};
use shared_models::revision::Revision;
use shared_models::rules::Facts;
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use uuid::Uuid;

pub(crate) const EVENT: Uuid = Uuid::from_u128(0x018f_6b6e_2f0c_7cc0_8000_0000_0000_00e1);
pub(crate) const ORDER: Uuid = Uuid::from_u128(0x018f_6b6e_2f0c_7cc0_8000_0000_0000_000a);

pub(crate) fn line(sku: &str, quantity: u32) -> Line {
    Line { sku: sku.to_owned(), quantity }
}

pub(crate) fn delivery() -> Delivery {
    delivery_to("1 Quay Street")
}

pub(crate) fn delivery_to(address: &str) -> Delivery {
    Delivery {
        company: "Harbour Tools".to_owned(),
        address: address.to_owned(),
        deliver_by: NaiveDate::from_ymd_opt(2026, 12, 31),
        comment: None,
        lines: vec![line("bolt", 4), line("nut", 9)],
        ..Delivery::default()
    }
}

pub(crate) fn progress(status: Status) -> Progress {
    Progress { status, ..Progress::default() }
}

pub(crate) fn carried_by(carrier: &str, status: Status) -> Progress {
    Progress { carrier: Some(carrier.to_owned()), ..progress(status) }
}

pub(crate) const fn rev(store: u32, warehouse: u32) -> Revision {
    Revision { store, warehouse }
}

pub(crate) const fn facet<V>(store: u32, warehouse: u32, value: V) -> Facet<V> {
    Facet::unmarked(rev(store, warehouse), value)
}

/// Returns an order that the store placed and the warehouse brought to `status`.
pub(crate) fn shared(status: Status) -> Shared {
    Shared {
        delivery: facet(1, 0, delivery()),
        progress: facet(0, u32::from(!status.is_default()), progress(status)),
    }
}

pub(crate) fn change(delivery: Facet<Delivery>, progress: Option<Facet<Progress>>) -> OrderChange {
    OrderChange { event_id: EVENT, order_id: ORDER, delivery, progress }
}

/// Returns marks of which only that of the store's last change is known.
pub(crate) fn marked(store: u32) -> Marks {
    serde_json::from_value(json!({ "store": store })).expect("marks")
}

/// Returns a change with everything of an order.
pub(crate) fn saying(shared: &Shared) -> OrderChange {
    change(shared.delivery.clone(), Some(shared.progress.clone()))
}

pub(crate) fn instant() -> DateTime<Utc> {
    "2026-03-01T08:30:00Z".parse().expect("an instant")
}

pub(crate) fn event(origin: Side, touched: Touched, shared: Shared) -> OrderEvent {
    OrderEvent {
        schema: SCHEMA,
        id: EVENT,
        kind: EventKind::Updated,
        origin,
        order_id: ORDER,
        version: 1,
        at: instant(),
        touched,
        shared,
    }
}

/// Returns all facts that the rules can be asked about: 2 sources × 2 origins × 4 touched × 6
/// statuses.
pub(crate) fn all_facts() -> Vec<Facts> {
    let mut all = Vec::new();
    for source in Side::ALL {
        for origin in Side::ALL {
            for touched in Touched::ALL {
                all.extend(Status::ALL.map(|status| Facts { source, origin, touched, status }));
            }
        }
    }
    all
}
