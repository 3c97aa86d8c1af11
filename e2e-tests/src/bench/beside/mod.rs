//! What stands beside a measure: the same work done by what Lockstep is built on, alone.

pub mod applying;
pub mod broker;
pub mod pgbench;
pub mod placing;
