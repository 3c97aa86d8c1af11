//! The services outside that records come from or are mirrored with, and the runs of their tasks.

pub mod all;
pub mod answers;
pub mod cli;
pub mod figures;
mod held;
pub mod lease;
pub mod mirror;
pub mod outbound;
mod pace;
pub mod pull;
pub mod run;
pub mod schedule;
pub mod token;
