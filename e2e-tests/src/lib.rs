#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests use it")]

mod broker;
mod stack;

pub use broker::BrokerUrls;
pub use stack::{Stack, Traffic};
