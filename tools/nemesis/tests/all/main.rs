//! The nemesis against real programs, and what `deploy/nemesis` relies on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod fault_switches;
mod run;
