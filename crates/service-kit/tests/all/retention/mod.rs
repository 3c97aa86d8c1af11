//! Retention: the log is trimmed to the newest change of each record, and what is settled or removed
//! is deleted.

mod following;
mod parked;
mod removed;
mod running;
mod trimming;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use service_kit::database::now;
use service_kit::retention::{self, Trimmed};
use test_kit::{NOTES, TestDatabase, eventually, notes};

/// The number of entries that a step passes, where it does not matter.
const STEP: u16 = 1_000;

/// Returns a time before which everything was written.
fn later() -> DateTime<Utc> {
    now() + TimeDelta::seconds(1)
}

/// Writes notes of these keys, in a transaction each, and takes their changes for published.
async fn write(database: &TestDatabase, keys: &[&str]) {
    for key in keys {
        NOTES.write(database, &[key]).await;
    }
    database.run("delete from outbox").await;
}

/// Takes one step in a transaction.
async fn step(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: u16,
) -> Option<Trimmed> {
    let resources = notes().resources;
    let step =
        async |it: &mut AsyncPgConnection| retention::trim(it, &resources, before, limit).await;
    connection.transaction::<_, diesel::result::Error, _>(step).await.unwrap()
}

/// Takes steps until this many entries were passed: other tests' transactions on the same server hold
/// the newest ones back for a while. Returns the number of entries deleted.
async fn trim(database: &TestDatabase, before: DateTime<Utc>, entries: u64) -> u64 {
    let mut connection = database.connect().await;
    let (mut passed, mut deleted) = (0, 0);
    eventually(&format!("{entries} entries are passed"), async || {
        while let Some(trimmed) = step(&mut connection, before, STEP).await {
            passed += trimmed.passed;
            deleted += trimmed.deleted;
        }
        (passed >= entries).then_some(())
    })
    .await;
    assert_eq!(passed, entries);
    deleted
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// Returns the key and the version of each row of a query, in its order.
async fn rows(database: &TestDatabase, query: &str) -> Vec<(String, i64)> {
    let mut connection = database.connect().await;
    let rows: QueryResult<Vec<Row>> = sql_query(query).load(&mut connection).await;
    rows.unwrap().into_iter().map(|row| (row.key, row.version)).collect()
}

/// Returns the entries of the log, in the order of its readers.
async fn log(database: &TestDatabase) -> Vec<(String, i64)> {
    rows(database, "select key, version from changes order by xid, seq").await
}

fn these<const N: usize>(expected: [(&str, i64); N]) -> Vec<(String, i64)> {
    expected.map(|(key, version)| (key.to_owned(), version)).to_vec()
}
