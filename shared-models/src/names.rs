//! The names of exchanges and queues, as RabbitMQ's management UI shows them.

use crate::side::{Direction, Side};

/// Returns the topic exchange to which a side publishes its changes.
#[must_use]
pub const fn exchange(side: Side) -> &'static str {
    match side {
        Side::Store => "store.events",
        Side::Warehouse => "warehouse.events",
    }
}

/// Returns the queue whose messages the worker carries in one direction.
#[must_use]
pub const fn queue(direction: Direction) -> &'static str {
    match direction.from {
        Side::Store => "sync.store-to-warehouse",
        Side::Warehouse => "sync.warehouse-to-store",
    }
}

/// Returns the queue of messages that could not be carried in one direction.
#[must_use]
pub const fn parked_queue(direction: Direction) -> &'static str {
    match direction.from {
        Side::Store => "sync.store-to-warehouse.parked",
        Side::Warehouse => "sync.warehouse-to-store.parked",
    }
}

/// A generation of a direction's queues.
///
/// The first has the plain names. A next one is used only if a queue that does not answer cannot be
/// deleted either; the highest generation whose marker exchange exists is the one in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueGeneration {
    /// The direction.
    pub direction: Direction,
    number: u32,
}

impl QueueGeneration {
    /// Returns the generation with the plain names.
    #[must_use]
    pub const fn first(direction: Direction) -> Self {
        Self { direction, number: 1 }
    }

    /// Returns the generation that replaces this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), ..self }
    }

    /// Returns the generations before this one, oldest first.
    pub fn older(self) -> impl Iterator<Item = Self> + Send {
        (1..self.number).map(move |number| Self { number, ..self })
    }

    /// Returns the sync queue's name: `sync.store-to-warehouse`, `sync.store-to-warehouse.2`.
    #[must_use]
    pub fn queue(self) -> String {
        match self.number {
            1 => queue(self.direction).to_owned(),
            number => format!("{}.{number}", queue(self.direction)),
        }
    }

    /// Returns the parked queue's name: the sync queue's with `.parked`.
    #[must_use]
    pub fn parked_queue(self) -> String {
        format!("{}.parked", self.queue())
    }

    /// Returns the exchange whose existence shows that this generation was begun. Nothing is
    /// published to it; it is an exchange because exchanges answer when queues do not.
    #[must_use]
    pub fn marker(self) -> String {
        format!("{}.generation.{}", queue(self.direction), self.number)
    }

    /// Returns the exchange whose existence shows that the source has agreed to an offer of what
    /// only queues of earlier generations hold. Nothing is published to it either.
    #[must_use]
    pub fn offered_marker(self) -> String {
        format!("{}.offered", self.marker())
    }
}

/// Returns the lock that a worker holds while it declares or replaces queues of a direction: an
/// exclusive queue. Its name is from when only replacing needed it; a worker of an earlier version
/// takes the same one.
#[must_use]
pub const fn queue_lock(direction: Direction) -> &'static str {
    match direction.from {
        Side::Store => "sync.store-to-warehouse.replacing",
        Side::Warehouse => "sync.warehouse-to-store.replacing",
    }
}

/// The routing key that binds a sync queue to its exchange: every change of an order.
pub const ORDER_EVENTS: &str = "order.*";

/// The message header that names the side that made the change.
pub const ORIGIN_HEADER: &str = "origin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_generation_has_the_plain_names_and_the_next_ones_their_number() {
        for direction in Direction::ALL {
            let first = QueueGeneration::first(direction);
            assert_eq!(first.queue(), queue(direction));
            assert_eq!(first.parked_queue(), parked_queue(direction));
            assert_eq!(first.older().count(), 0);
            let third = first.next().next();
            assert_eq!(third.queue(), format!("{}.3", queue(direction)));
            assert_eq!(third.parked_queue(), format!("{}.3.parked", queue(direction)));
            assert_eq!(third.marker(), format!("{}.generation.3", queue(direction)));
            let offered = format!("{}.generation.3.offered", queue(direction));
            assert_eq!(third.offered_marker(), offered);
            assert_eq!(third.older().collect::<Vec<_>>(), [first, first.next()]);
        }
    }
}
