#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests use it")]

mod access;
mod api_document;
mod bad_input;
mod broker;
mod broker_link;
mod broker_user;
mod changes;
mod client;
mod database;
mod database_link;
mod fake_broker;
mod fuzz;
mod http;
mod methods;
mod notes;
mod program;
pub mod queue;
mod service;
mod settings;
mod tls;
mod tokens;

use std::time::Duration;

pub use api_document::{ApiDocument, Operation};
pub use bad_input::{Bad, bad_deliveries, bad_optional_texts, changed, without};
pub use broker::TestBroker;
pub use broker_link::BrokerLink;
pub use broker_user::BrokerUser;
pub use changes::{change_of, delivery_to, progress_to};
pub use client::{AT_ONCE, Answer, TestClient};
pub use database::{TestDatabase, pool};
pub use database_link::{DatabaseLink, Loss};
pub use fake_broker::{FakeBroker, FakeConnection};
pub use http::{get, http};
pub use notes::{NOTE_EVENTS, NOTES, PINGS, Texts, notes, notes_and, write_notes};
pub use program::{Binary, Set, TestProgram};
pub use service::{Rows, TestService, service_settings};
pub use tls::{Flaw, Front, Greeting, TestCa, TestCertificate};
pub use tokens::TestTokens;

/// The timeout of a condition.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` returns something; panics, naming `what`, after the timeout.
pub async fn eventually<T>(what: &str, condition: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, condition).await
}

/// Waits until `condition` returns something; panics, naming `what`, after `limit`.
pub async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let watching = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(limit, watching).await {
        Ok(found) => found,
        Err(_) => panic!("within {limit:?} this did not come true: {what}"),
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set; run the tests by `deploy/test -- cargo test`, which starts servers"
        )
    })
}
