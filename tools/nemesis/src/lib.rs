//! Clients write while everything around them breaks; afterwards nothing may be lost or repeated.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `parts`, `fault`, `schedule` | what can be hurt, how, and when; pure |
//! | `proxy` | the TCP proxy on each link |
//! | `alarm`, `crowd`, `calm` | RabbitMQ's memory alarm, what it costs, and whether anything else goes on |
//! | `set_back` | orders of a side put back to an earlier state |
//! | `world`, `inflict` | the servers and programs of a run, and how a fault is carried out |
//! | `load`, `wanted` | the clients, and what they ask for |
//! | `ledger`, `seen` | what they were told |
//! | `checker` | what must hold, over ledger and databases; pure |
//! | `run`, `report` | a run from its beginning to its end, and what is told of it |

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool may stop at the first surprise"
)]

pub mod agreement;
mod alarm;
pub mod broker;
pub mod calm;
pub mod checker;
pub mod crowd;
pub mod databases;
pub mod fault;
pub mod inflict;
pub mod ledger;
pub mod live;
pub mod load;
pub mod options;
pub mod parts;
pub mod proxy;
pub mod report;
pub mod run;
pub mod schedule;
pub mod seen;
mod set_back;
mod victim;
pub mod violation;
pub mod wanted;
pub mod world;
