//! The locks of a client that falls silent in a transaction, and of work that is broken off.

use std::future::pending;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use service_kit::database::{DatabaseError, DatabaseSettings, connect};
use test_kit::{TestDatabase, eventually, pool};
use tokio::sync::Notify;

use crate::side::fresh_database;

/// The sessions that wait for an advisory lock of this database.
const WAITING: &str = "pg_stat_activity
    where datname = current_database() and (wait_event_type, wait_event) = ('Lock', 'advisory')";

#[tokio::test]
async fn the_locks_of_a_program_that_is_frozen_in_a_transaction_are_freed() {
    let database = fresh_database().await;
    let deadline = Duration::from_millis(100);
    let settings = DatabaseSettings { deadline, ..database.settings() };
    let mut frozen = connect(&settings, "frozen").await.unwrap();
    let lock = "begin; lock table notes";
    frozen.batch_execute(lock).await.unwrap();
    // It waits for the lock, but not for ever.
    database.connect().await.batch_execute(lock).await.unwrap();
    assert!(frozen.batch_execute("commit").await.is_err());
}

#[actix_web::test]
async fn the_locks_of_a_request_whose_client_is_gone_are_freed_at_once() {
    let database = fresh_database().await;
    let deadline = Duration::from_secs(600);
    let pool = pool("test", &DatabaseSettings { deadline, ..database.settings() });
    let locked = Notify::new();
    let working = pool.transaction(async |connection| {
        connection.batch_execute("lock table notes").await.map_err(DatabaseError::from)?;
        locked.notify_one();
        pending::<Result<(), DatabaseError>>().await
    });
    tokio::select! {
        outcome = working => panic!("{outcome:?}"),
        () = locked.notified() => {}
    }
    // Nobody else asks for that connection meanwhile.
    let locking = "set lock_timeout = '30s'; begin; lock table notes";
    database.connect().await.batch_execute(locking).await.unwrap();
}

const LOCK: &str = "select pg_advisory_lock(1)";

/// Returns a session that holds the advisory lock.
async fn holding_the_lock(database: &TestDatabase) -> AsyncPgConnection {
    let mut holder = database.connect().await;
    holder.batch_execute(LOCK).await.unwrap();
    holder
}

#[actix_web::test]
async fn a_scan_whose_client_is_gone_keeps_its_permit_until_its_statement_is_over() {
    let database = fresh_database().await;
    let connect_timeout = Duration::from_secs(2);
    let pool = pool("test", &DatabaseSettings { connect_timeout, ..database.settings() });
    let mut holder = holding_the_lock(&database).await;
    let scanning = pool
        .scan(async |connection| connection.batch_execute(LOCK).await.map_err(DatabaseError::from));
    let waits = async || (database.count(WAITING).await == 1).then_some(());
    tokio::select! {
        outcome = scanning => panic!("{outcome:?}"),
        () = eventually("it waits", waits) => {}
    }
    let scan = async || pool.scan(async |_| Ok::<_, DatabaseError>(())).await;
    assert!(matches!(scan().await, Err(DatabaseError::TooManyReaders)));
    holder.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    eventually("the permit is free", async || scan().await.ok()).await;
}

#[actix_web::test]
async fn a_scan_that_nothing_ends_gives_its_permit_back_after_two_deadlines() {
    let database = fresh_database().await;
    let deadline = Duration::from_millis(500);
    let pool = pool("test", &DatabaseSettings { deadline, ..database.settings() });
    let _holder = holding_the_lock(&database).await;
    let scanning = pool.scan(async |connection| {
        connection.batch_execute("set statement_timeout = 0").await?;
        connection.batch_execute(LOCK).await.map_err(DatabaseError::from)
    });
    assert!(scanning.await.is_err());
    let scan = async || pool.scan(async |_| Ok::<_, DatabaseError>(())).await;
    eventually("the permit is free", async || scan().await.ok()).await;
    assert_eq!(database.count(WAITING).await, 1, "its statement was over");
}
