//! Purging removed records, with the change that says so.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::resource::{Removals, Resource, Table};
use service_kit::retention;
use test_kit::{NOTES, TestDatabase};

use super::{later, log, these, trim, write};
use crate::side::fresh_database;

/// Notes that can be removed: `removed_at` says when.
#[derive(Debug)]
struct RemovableNotes;

impl Resource for RemovableNotes {
    fn name(&self) -> &'static str {
        NOTES.name()
    }

    fn table(&self) -> Table {
        NOTES.table()
    }

    fn key(&self, text: &str) -> Option<String> {
        NOTES.key(text)
    }

    fn must_arrive(&self) -> bool {
        NOTES.must_arrive()
    }

    fn feed(&self) -> &'static str {
        NOTES.feed()
    }

    fn offers_of<'a>(
        &'a self,
        _: &'a mut AsyncPgConnection,
        _: &'a [String],
        _: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async { Ok(vec![]) }.boxed()
    }

    fn offers_after<'a>(
        &'a self,
        _: &'a mut AsyncPgConnection,
        _: Option<&'a str>,
        _: i64,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async { Ok(vec![]) }.boxed()
    }

    fn removals(&self) -> Option<Removals> {
        Some(Removals { which: "removed_at is not null", at: "removed_at" })
    }
}

/// Removes notes with a last change each.
async fn remove(database: &TestDatabase, keys: &[&str]) {
    write(database, keys).await;
    for key in keys {
        let removed = format!("update notes set removed_at = now() where id = '{key}'");
        database.run(&removed).await;
    }
}

async fn purge(database: &TestDatabase, before: DateTime<Utc>, limit: u16) -> usize {
    let mut connection = database.connect().await;
    let purging = connection.transaction::<_, diesel::result::Error, _>(async |it| {
        retention::purge(it, &RemovableNotes, before, limit).await
    });
    purging.await.unwrap()
}

async fn database() -> TestDatabase {
    let database = fresh_database().await;
    database.run("alter table notes add removed_at timestamptz").await;
    database
}

#[tokio::test]
async fn a_removed_record_goes_with_its_last_change_when_it_is_old() {
    let database = database().await;
    write(&database, &["a", "b", "c"]).await;
    remove(&database, &["a", "b"]).await;
    write(&database, &["d"]).await;
    trim(&database, later(), 6).await;
    assert_eq!(log(&database).await, these([("c", 1), ("a", 2), ("b", 2), ("d", 1)]));
    assert_eq!(purge(&database, now() - TimeDelta::hours(1), 10).await, 0);
    assert_eq!(purge(&database, later(), 1).await, 1);
    assert_eq!(log(&database).await, these([("c", 1), ("b", 2), ("d", 1)]));
    assert_eq!(purge(&database, later(), 10).await, 1);
    assert_eq!(purge(&database, later(), 10).await, 0);
    assert_eq!(log(&database).await, these([("c", 1), ("d", 1)]));
    assert_eq!(database.count("notes").await, 2);
}

#[tokio::test]
async fn a_removal_that_readers_with_a_cursor_may_not_have_read_is_kept() {
    let database = database().await;
    write(&database, &["a", "a", "b"]).await;
    let limit = now();
    remove(&database, &["a"]).await;
    trim(&database, limit, 3).await;
    assert_eq!(purge(&database, later(), 10).await, 0, "its change was not passed");
    assert_eq!(log(&database).await, these([("a", 2), ("b", 1), ("a", 3)]));
    trim(&database, later(), 1).await;
    assert_eq!(purge(&database, later(), 10).await, 0, "the last entry of the log stays");
    write(&database, &["c"]).await;
    assert_eq!(purge(&database, later(), 10).await, 1);
    assert_eq!(log(&database).await, these([("b", 1), ("c", 1)]));
}

#[tokio::test]
async fn where_clocks_differ_a_removal_waits_until_its_change_was_passed() {
    let database = database().await;
    write(&database, &["a", "b"]).await;
    remove(&database, &["a"]).await;
    write(&database, &["c"]).await;
    // By its row it was removed long before; its change was not passed.
    database.run("update notes set removed_at = '2020-01-01' where id = 'a'").await;
    trim(&database, now() - TimeDelta::hours(1), 0).await;
    assert_eq!(purge(&database, later(), 10).await, 0);
    assert_eq!(log(&database).await, these([("a", 1), ("b", 1), ("a", 2), ("c", 1)]));
    trim(&database, later(), 4).await;
    assert_eq!(purge(&database, later(), 10).await, 1);
    assert_eq!(log(&database).await, these([("b", 1), ("c", 1)]));
}

#[tokio::test]
async fn a_removed_record_that_was_offered_goes_with_its_change() {
    let database = database().await;
    remove(&database, &["a"]).await;
    trim(&database, later(), 1).await;
    let mut connection = database.connect().await;
    let offer = "
        insert into changes
            (event_id, resource, key, kind, origin, version, at, body, to_publish, offer_in_bulk)
        select event_id, resource, key, 'note.offered', origin, version, now(), body, true, true
        from changes where key = 'a'";
    connection.batch_execute(offer).await.unwrap();
    assert_eq!(purge(&database, later(), 10).await, 1);
    assert_eq!(database.count("changes where offer_in_bulk is null").await, 0);
    // The last entry of the log stays, as an offer too.
    trim(&database, later(), 1).await;
    assert_eq!(database.count("changes").await, 1);
}
