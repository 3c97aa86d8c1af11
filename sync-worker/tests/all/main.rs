//! The tests of the worker over a real RabbitMQ, with a vhost for each test, between two fake
//! sides. Run by `deploy/test -- cargo test -p sync-worker`.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod access;
mod breaker;
mod broker_failures;
mod carrying;
mod command_line;
mod comparing;
mod directions;
mod events;
mod failing_peer;
mod freezing_proxy;
mod parked_at_sides;
mod parked_list;
mod parking;
mod peer_failures;
mod permissions;
mod settings;
mod sides;
mod silent_queues;
mod sources;
#[cfg(test)]
mod stopping;
mod tls;
mod topology;
mod undeletable_queues;
mod world;
