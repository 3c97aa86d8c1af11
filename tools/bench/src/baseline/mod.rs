//! The baselines: the same work done by what Lockstep is built on, alone.

pub mod applying;
pub mod broker;
pub mod parts;
pub mod pgbench;
pub mod placing;
pub mod rows;
pub mod selecting;
pub mod updating;
