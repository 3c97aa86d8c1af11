#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests use it")]

mod broker;
mod console;
mod stack;

pub use broker::BrokerUrls;
pub use console::console_pages;
pub use stack::{Stack, Traffic};
