//! Lockstep end to end, with its real programs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod agreement;
mod alarms;
mod api_documents;
mod audits;
mod circles;
mod collector;
mod console;
mod convergence;
mod encryption;
mod life_of_a_change;
mod losses;
mod metrics;
mod observability;
mod outages;
mod parking;
mod pausing;
mod quiet;
mod readme;
mod replicas;
mod security;
mod silence;
mod slow_disk;
mod sources;
mod traces;
mod unknown_outcomes;
mod workers;
