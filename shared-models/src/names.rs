//! The names that a person reads in the RabbitMQ management UI.

use crate::site::{Direction, Site};

/// The topic exchange to which a site publishes its changes.
#[must_use]
pub const fn exchange(site: Site) -> &'static str {
    match site {
        Site::Store => "store.events",
        Site::Warehouse => "warehouse.events",
    }
}

/// The queue whose messages the worker carries in one direction.
#[must_use]
pub const fn queue(direction: Direction) -> &'static str {
    match direction.from {
        Site::Store => "sync.store-to-warehouse",
        Site::Warehouse => "sync.warehouse-to-store",
    }
}

/// The queue that holds what could not be carried in one direction.
#[must_use]
pub const fn parked_queue(direction: Direction) -> &'static str {
    match direction.from {
        Site::Store => "sync.store-to-warehouse.parked",
        Site::Warehouse => "sync.warehouse-to-store.parked",
    }
}

/// What a direction's queue is bound to its exchange with: every change of an order.
pub const ORDER_EVENTS: &str = "order.*";

/// The message header that names the site at which the change was decided.
pub const ORIGIN_HEADER: &str = "origin";
