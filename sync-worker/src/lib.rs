//! Carries each change to the other side's REST API.
//!
//! One carrier for each direction: it consumes what a site has published, decides by the rules of
//! `shared-models`, tells the peer in as few requests as can be, and settles every message. It
//! keeps nothing; whatever is not settled is handed out again, and the peer's fence makes that
//! harmless.
//!
//! | file | what stands there |
//! | --- | --- |
//! | [`application`] | the worker as it runs: built, run until stopped |
//! | [`carrying`] | from a message to its settlement |
//! | [`comparison`] | what was lost on the way: found by comparing, and offered again |
//! | [`breaker`] | when the peer is left alone, and when it is asked again |
//! | [`topology`] | exchanges, queues and bindings: made, healed, and what to do where one was lost |
//! | [`site_client`] | the requests to a site |
//! | [`parked`] | what could not be carried, gathered from both sites; the command line for it |
//! | [`figures`] | how each direction is doing |
//! | [`http`] | what the worker tells of itself |
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
pub mod site_client;
pub mod topology;
pub mod watching;
