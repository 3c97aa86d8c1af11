//! A side that keeps notes.

use test_kit::{NOTE_EVENTS, TestBroker, TestDatabase, TestService, notes, queue};

/// A fresh database of a side.
pub(crate) async fn fresh_database() -> TestDatabase {
    TestDatabase::of(&notes()).await
}

/// A broker with everything that the relay of a side needs to publish notes.
pub(crate) async fn bound_broker() -> TestBroker {
    queue::bound_broker(NOTE_EVENTS).await
}

/// A side that publishes to `broker`.
pub(crate) async fn publishing_to(broker: &TestBroker) -> TestService {
    TestService::publishing_to("notes", notes(), broker).await
}
