#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests use it")]

mod both;
pub mod connections;
mod program;
pub mod rabbitmqctl;
pub mod secured;
mod side;

pub use both::Both;
pub use program::{Program, copy_of, migrate, settings_of_sides};
pub use side::{Side, lamps_and_bulbs, shared, unbelievable};
