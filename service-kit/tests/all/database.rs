//! The locks of a client that falls silent in a transaction.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use service_kit::database::connect;
use service_kit::settings::DatabaseSettings;
use service_kit::testing::TestDatabase;

#[tokio::test]
async fn the_locks_of_a_program_that_is_frozen_in_a_transaction_are_freed() {
    let database = TestDatabase::new().await;
    let deadline = Duration::from_millis(100);
    let settings = DatabaseSettings { deadline, ..database.settings() };
    let mut frozen = connect(&settings, "frozen").await.unwrap();
    let lock = "begin; lock table orders";
    frozen.batch_execute(lock).await.unwrap();
    // It waits for the lock, but not for ever.
    database.connect().await.batch_execute(lock).await.unwrap();
    assert!(frozen.batch_execute("commit").await.is_err());
}
