//! Clients write while everything around them breaks; afterwards nothing may be lost or repeated.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `parts`, `fault`, `schedule` | which faults there are, of what, and when; pure |
//! | `proxy` | the TCP proxy on each link |
//! | `alarm`, `excess`, `ongoing` | RabbitMQ's memory alarm, too many connections during it, and whether there is another fault |
//! | `set_back` | orders of a side put back to an earlier state |
//! | `sources` | the services outside, their faults, and who writes to posts and comments |
//! | `world`, `inflict` | the servers and programs of a run, and how a fault is carried out |
//! | `actor`, `load`, `wanted` | the clients, and what they ask for |
//! | `follower` | the readers of both feeds |
//! | `audits` | the audits that are begun, and the check of one in the end |
//! | `ledger`, `seen` | the answers that they got |
//! | `checker` | what must hold, over ledger and databases; pure |
//! | `agreement`, `settling` | the wait until the sides, and the sources, are equal |
//! | `run`, `report` | a run from its beginning to its end, and its report |

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool may stop at the first surprise"
)]

pub mod actor;
pub mod agreement;
mod alarm;
pub mod audits;
pub mod broker;
pub mod checker;
pub mod databases;
pub mod excess;
pub mod fault;
pub mod follower;
pub mod inflict;
pub mod ledger;
pub mod live;
pub mod load;
pub mod ongoing;
pub mod options;
pub mod parts;
pub mod proxy;
pub mod report;
mod restartable;
pub mod run;
pub mod schedule;
pub mod seen;
mod set_back;
pub mod settling;
pub mod sources;
pub mod violation;
pub mod wanted;
pub mod world;
