#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests use it")]

pub mod bench;
mod broker;
pub mod compose;
pub mod nemesis;
mod program;
pub mod rabbitmqctl;
pub mod secured;
mod side;
mod stack;

pub use broker::BrokerUrls;
pub use program::Program;
pub use side::{Side, lamps_and_bulbs};
pub use stack::{Stack, Traffic};
