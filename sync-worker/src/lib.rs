//! Carries each change to the other side's REST API.
//!
//! One carrier for each direction: it consumes what a side has published, decides by the rules of
//! `shared-models`, sends it to the peer in as few requests as possible, and settles every message.
//! It stores nothing; an unsettled message is delivered again, and the peer's fence makes that
//! harmless.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`application`] | the worker as it runs: built, run until stopped |
//! | [`carrying`] | from a message to its settlement |
//! | [`comparison`] | what was lost on the way: found by comparing, and offered again |
//! | [`breaker`] | when the peer gets no requests, and when it is tried again |
//! | [`topology`] | exchanges, queues and bindings: made, healed, and what to do where one was lost |
//! | [`side_client`] | the requests to a side |
//! | [`parked`] | what could not be carried, collected from both sides; the command line for it |
//! | [`figures`] | the state and the counters of each direction |
//! | [`http`] | the worker's HTTP API |
//! | [`settings`] | what is configured |

pub mod application;
pub mod breaker;
pub mod carrying;
pub mod comparison;
pub mod figures;
pub mod http;
mod metrics;
pub mod parked;
pub mod settings;
pub mod side_client;
pub mod topology;
pub mod watching;
