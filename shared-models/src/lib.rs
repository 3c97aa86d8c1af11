//! The contract between the sides: the data that they exchange, and the pure rules for it.
//!
//! Nothing in here reads a clock, a socket or a database, or uses a framework. Every other crate
//! depends on this one; it depends on none of them.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`side`] | the two sides and the directions between them |
//! | [`names`] | exchanges and queues, as the RabbitMQ management UI shows them |
//! | [`order`] | an order's shared facets, their limits, the statuses and the table of moves |
//! | [`edit`] | the changes that a side may make, and their effect on the revisions |
//! | [`revision`] | the number of changes of a facet at each side, and comparing two such counts |
//! | [`marks`] | fingerprints that tell two changes of one count apart, after a side was restored |
//! | [`canonical`] | the text by which two values are compared |
//! | [`merge`] | merging the values of two sides |
//! | [`event`] | the message that a change is published as |
//! | [`rules`] | which events the worker carries, and which it drops |
//! | [`coalesce`] | one change for each order out of a batch |
//! | [`sync`] | the worker's requests to a side, and the answers |
//! | [`comparison`] | the short state of an order at a side, and what one side lacks of the other |
//! | [`unguarded`] | guards that a test build can switch off |
//! | [`parked`] | changes that could not be carried: how they are reported and shown |

pub mod canonical;
pub mod coalesce;
pub mod comparison;
pub mod edit;
pub mod event;
pub mod marks;
mod meeting;
pub mod merge;
pub mod names;
pub mod order;
pub mod parked;
pub mod revision;
pub mod rules;
pub mod side;
pub mod sync;
pub mod unguarded;

/// The version of events and sync requests. Fields may be added under the same number; a message
/// with another number is not interpreted.
pub const SCHEMA: u32 = 1;
