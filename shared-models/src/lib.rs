#![doc = include_str!("../README.md")]

pub mod canonical;
pub mod coalesce;
pub mod comparison;
pub mod edit;
pub mod event;
pub mod fault_switch;
pub mod marks;
mod meeting;
pub mod merge;
pub mod mirror;
pub mod names;
pub mod order;
pub mod parked;
pub mod pull;
pub mod revision;
pub mod rules;
pub mod runs;
pub mod side;
pub mod sync;
pub mod trace;

/// The version of events and sync requests. Fields may be added under the same number; a message
/// with another number is not interpreted.
pub const SCHEMA: u32 = 1;
