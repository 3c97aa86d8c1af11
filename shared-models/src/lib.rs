//! The contract between the sites: what crosses a boundary, and the pure rules on it.
//!
//! Nothing in here reads a clock, a socket or a database, and no framework is known. Everything
//! else points here; this crate points nowhere.
//!
//! | file | what stands there |
//! | --- | --- |
//! | [`site`] | the two sites and the directions between them |
//! | [`names`] | exchanges and queues, as the RabbitMQ management UI shows them |
//! | [`order`] | an order's shared facets, their limits, the statuses and the table of moves |
//! | [`edit`] | what a site may change, and what a change makes of the revisions |
//! | [`revision`] | how often each site has changed a facet, and how two such counts compare |
//! | [`marks`] | what tells two changes of one count apart, where a site was set back |
//! | [`merge`] | what two sites' values become when they meet |
//! | [`event`] | the message that a change is published as |
//! | [`rules`] | which events the worker carries, and which it drops |
//! | [`coalesce`] | one change for each order out of a batch |
//! | [`sync`] | what the worker sends to a site, and what it answers |
//! | [`comparison`] | how an order stands at a side, in short, and what one side lacks of the other |
//! | [`unguarded`] | guards that a test build can switch off |
//! | [`parked`] | changes that could not be carried: how they are reported and shown |

mod canonical;
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
pub mod site;
pub mod sync;
pub mod unguarded;

/// The version of events and sync requests. Fields may be added under the same number; a reader
/// that meets another number does not guess.
pub const SCHEMA: u32 = 1;
