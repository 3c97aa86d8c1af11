//! Writes whose outcome is unknown, because PostgreSQL breaks off, or is silent, when it may have
//! committed: no change is written twice, none is lost, and every caller is told the truth.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use orders::{Draft, Edit, Order, Written};
use service_kit::database::{DatabaseError, DatabaseSettings};
use service_kit::error::Error;
use shared_models::order::{Progress, Status};
use test_kit::{DatabaseLink, Loss, TestDatabase, eventually};
use tokio::time::timeout;
use uuid::Uuid;

use crate::creating::{create_all, created, new};
use crate::plain::fresh_database;
use crate::writing::{Desk, having_seen, says, versions};

/// A desk, and the link to its database.
async fn linked(adjust: impl FnOnce(&mut DatabaseSettings)) -> (Desk, DatabaseLink) {
    let database = fresh_database().await;
    let mut settings = database.settings();
    adjust(&mut settings);
    let link = DatabaseLink::start(&mut settings).await;
    (Desk::over(database, settings).await, link)
}

/// Sets short times to wait.
const fn impatient(settings: &mut DatabaseSettings) {
    settings.lock_timeout = Duration::from_millis(200);
    settings.deadline = Duration::from_secs(1);
}

/// Sets the size of the pool, and a deadline.
fn with_pool(size: usize, deadline: Duration) -> impl FnOnce(&mut DatabaseSettings) {
    move |settings| (settings.pool_size, settings.deadline) = (size, deadline)
}

/// Cuts the connection once the statement is lost and, if PostgreSQL got it, is committed.
async fn break_off(desk: &Desk, link: &DatabaseLink, loss: Loss, changes: i64) {
    link.has_lost().await;
    if loss == Loss::Answer {
        let committed = async || (desk.database.count("changes").await == changes).then_some(());
        eventually("it is committed", committed).await;
    }
    link.cut();
}

async fn comments(desk: &Desk) -> Vec<String> {
    let (history, _) = desk.history().await;
    history.into_iter().filter_map(|(_, comment, _)| comment).collect()
}

fn is_unknown<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Database(DatabaseError::OutcomeUnknown(_))))
}

/// An edit that voids the order.
fn voids() -> Edit<()> {
    let wanted = Box::new(|order: &Order<()>| {
        let shared = order.shared.clone();
        let progress = Progress { status: Status::Voided, ..shared.progress.value };
        Ok(Draft { delivery: shared.delivery.value, progress, private: () })
    });
    Edit { principal: None, trace: None, precondition: having_seen("\"2\""), to_draft: wanted }
}

#[actix_web::test]
async fn edits_that_were_committed_without_a_word_are_not_written_again() {
    let (desk, link) = linked(|_| {}).await;
    link.lose(Loss::Answer, "edit-a");
    let edits = ["edit-a", "edit-b"].map(says);
    let breaking = break_off(&desk, &link, Loss::Answer, 3);
    let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), breaking);
    assert_eq!(comments(&desk).await, ["edit-a", "edit-b"]);
    assert_eq!(versions(&outcomes), [2, 3]);
    assert_eq!(versions(&[desk.write(says("edit-c")).await]), [4]);
}

#[actix_web::test]
async fn edits_that_arrive_late_at_postgresql_are_written_once() {
    let (desk, link) = linked(|_| {}).await;
    link.lose(Loss::Statement, "edit-a");
    let edits = ["edit-a", "edit-b"].map(says);
    let breaking = break_off(&desk, &link, Loss::Statement, 0);
    let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), breaking);
    assert_eq!(versions(&outcomes), [2, 3]);
    link.deliver_late().await;
    assert_eq!(comments(&desk).await, ["edit-a", "edit-b"]);
}

/// Four edits of one order: the first has seen the version that it changes, the second an older
/// one, the third voids the order, and the fourth edits what is voided.
#[actix_web::test]
async fn every_caller_is_told_what_is_true_of_its_own_edit() {
    for loss in [Loss::Answer, Loss::Statement] {
        let (desk, link) = linked(|_| {}).await;
        link.lose(loss, "edit-a");
        let first = Edit { precondition: having_seen("\"1\""), ..says("edit-a") };
        let stale = Edit { precondition: having_seen("\"1\""), ..says("edit-b") };
        let edits = [first, stale, voids(), says("edit-c")];
        let breaking = break_off(&desk, &link, loss, 3);
        let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), breaking);
        assert_eq!(versions(&outcomes), [2, 0, 3, 0], "{loss:?}");
        assert!(matches!(outcomes[1], Err(Error::Request(_))), "{:?}", outcomes[1]);
        assert!(matches!(outcomes[3], Err(Error::Refused(_))), "{:?}", outcomes[3]);
        assert_eq!(desk.history().await.0.len(), 3);
    }
}

#[actix_web::test]
async fn edits_whose_session_was_ended_before_they_were_written_are_written_once() {
    let (desk, _link) = linked(|_| {}).await;
    let mut other = desk.database.connect().await;
    other.batch_execute("begin; select from orders for update").await.unwrap();
    let waiting = "pg_stat_activity where application_name = 'desk' and wait_event_type = 'Lock'
        and datname = current_database()";
    let ending = async {
        let waits = async || (desk.database.count(waiting).await == 1).then_some(());
        eventually("the edits wait", waits).await;
        let end = format!("select pg_terminate_backend(pid) from {waiting}");
        other.batch_execute(&end).await.unwrap();
        other.batch_execute("commit").await.unwrap();
    };
    let edits = ["edit-a", "edit-b"].map(says);
    let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), ending);
    assert_eq!(versions(&outcomes), [2, 3]);
    assert_eq!(comments(&desk).await, ["edit-a", "edit-b"]);
}

/// Makes every commit wait from now on, past every timeout, until the lock of the returned session
/// is released.
async fn commits_hang(database: &TestDatabase) -> AsyncPgConnection {
    let mut holder = database.connect().await;
    let hang = "create function hang() returns trigger language plpgsql
            set lock_timeout = 0 set statement_timeout = 0
            as $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
        create constraint trigger hang after insert on changes deferrable initially deferred
            for each row execute function hang();
        select pg_advisory_lock(7)";
    holder.batch_execute(hang).await.unwrap();
    holder
}

async fn release(holder: &mut AsyncPgConnection) {
    diesel::sql_query("select pg_advisory_unlock(7)").execute(holder).await.unwrap();
}

const HANGS: &str = "pg_locks where locktype = 'advisory' and objid = 7 and not granted
        and database = (select oid from pg_database where datname = current_database())";

#[actix_web::test]
async fn a_commit_that_still_hangs_is_waited_for_and_then_answered() {
    let (desk, link) = linked(|settings| settings.lock_timeout = Duration::from_millis(200)).await;
    let mut holder = commits_hang(&desk.database).await;
    link.lose(Loss::Answer, "edit-a");
    let ending = async {
        link.has_lost().await;
        let hangs = async || (desk.database.count(HANGS).await == 1).then_some(());
        eventually("the commit hangs", hangs).await;
        link.cut();
        let looks = "pg_stat_activity where application_name = 'desk' and query ilike '%for update'
            and wait_event_type = 'Lock' and datname = current_database()";
        let looked = async || (desk.database.count(looks).await == 1).then_some(());
        eventually("it is looked for", looked).await;
        release(&mut holder).await;
    };
    let edits = ["edit-a", "edit-b"].map(says);
    let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), ending);
    assert_eq!(versions(&outcomes), [2, 3]);
    assert_eq!(comments(&desk).await, ["edit-a", "edit-b"]);
}

#[actix_web::test]
async fn of_a_commit_that_hangs_too_long_it_is_told_that_nobody_knows() {
    let (desk, link) = linked(impatient).await;
    let mut holder = commits_hang(&desk.database).await;
    link.lose(Loss::Answer, "edit-a");
    let cutting = async {
        link.has_lost().await;
        link.cut();
    };
    let edits = ["edit-a", "edit-b"].map(says);
    let writing = timeout(Duration::from_secs(3), desk.write_all(edits.into_iter()));
    let (outcomes, ()) = tokio::join!(writing, cutting);
    let outcomes = outcomes.expect("an answer by the deadline");
    assert!(outcomes.iter().all(is_unknown), "{outcomes:?}");
    release(&mut holder).await;
    let committed = async || (desk.database.count("changes").await == 3).then_some(());
    eventually("it is committed after all", committed).await;
    assert_eq!(versions(&[desk.write(says("edit-c")).await]), [4]);
    assert_eq!(comments(&desk).await, ["edit-a", "edit-b", "edit-c"]);
}

#[actix_web::test]
async fn an_edit_that_was_still_in_the_queue_is_known_not_to_be_written() {
    let (desk, link) = linked(with_pool(1, Duration::from_secs(1))).await;
    link.lose(Loss::Answer, "edit-a");
    let queueing = async {
        link.has_lost().await;
        desk.write(says("edit-b")).await
    };
    let (first, second) = tokio::join!(desk.write(says("edit-a")), queueing);
    assert!(is_unknown(&first), "{first:?}");
    let nothing = |outcome: &Result<Written<()>, Error>| {
        matches!(outcome, Err(Error::Database(DatabaseError::Unavailable(_))))
    };
    // The queue may have come to its turn in the very last moment.
    let of_second = comments(&desk).await.iter().filter(|it| *it == "edit-b").count();
    assert!(nothing(&second) && of_second == 0 || !nothing(&second), "{second:?}");
    // The one connection of the pool was silent; nobody waits behind it.
    let next = timeout(Duration::from_secs(1), desk.write(says("edit-c"))).await;
    assert!(next.is_ok_and(|outcome| outcome.is_ok()));
}

#[actix_web::test]
async fn orders_that_were_created_without_a_word_or_arrive_late_are_created_once() {
    for loss in [Loss::Answer, Loss::Statement] {
        let (desk, link) = linked(|_| {}).await;
        link.lose(loss, "order-a");
        let ids = [Uuid::now_v7(), Uuid::now_v7()];
        let all = vec![new(ids[0], "order-a"), new(desk.id, "taken"), new(ids[1], "order-b")];
        let breaking = break_off(&desk, &link, loss, 3);
        let (outcomes, ()) = tokio::join!(create_all(&desk, all), breaking);
        assert_eq!(created(&outcomes), ["created", "there", "created"], "{loss:?}");
        if loss == Loss::Statement {
            link.deliver_late().await;
        }
        let (history, _) = desk.history().await;
        assert_eq!((history.len(), desk.database.count("orders").await), (3, 3), "{loss:?}");
    }
}

#[actix_web::test]
async fn of_an_order_whose_commit_hangs_it_is_told_that_nobody_knows() {
    let (desk, link) = linked(impatient).await;
    let mut holder = commits_hang(&desk.database).await;
    link.lose(Loss::Answer, "order-a");
    let cutting = async {
        link.has_lost().await;
        link.cut();
    };
    let id = Uuid::now_v7();
    let creating = timeout(Duration::from_secs(3), desk.writer.create(new(id, "order-a")));
    let (outcome, ()) = tokio::join!(creating, cutting);
    assert!(is_unknown(&outcome.expect("an answer by the deadline")));
    release(&mut holder).await;
    let committed = async || (desk.database.count("changes").await == 2).then_some(());
    eventually("it is committed after all", committed).await;
}

#[actix_web::test]
async fn commits_that_hang_leave_no_more_sessions_than_the_pool_has() {
    let (desk, _link) = linked(with_pool(2, Duration::from_millis(300))).await;
    let mut holder = commits_hang(&desk.database).await;
    for _ in 0..6 {
        let outcome = desk.writer.create(new(Uuid::now_v7(), "order-a")).await;
        assert!(outcome.is_err(), "{outcome:?}");
    }
    let hanging = desk.database.count(HANGS).await;
    assert!((1..=2).contains(&hanging), "{hanging} sessions");
    release(&mut holder).await;
    let written = async || desk.write(says("edit-a")).await.ok();
    eventually("the connections are used again", written).await;
}

#[actix_web::test]
async fn a_server_that_is_never_heard_of_again_does_not_keep_the_pool() {
    let (desk, link) = linked(with_pool(2, Duration::from_millis(100))).await;
    for order in ["order-a", "order-b"] {
        link.lose(Loss::Answer, order);
        // On a busy machine the deadline may come before the statement is sent.
        while link.has_lost().now_or_never().is_none() {
            let outcome = desk.writer.create(new(Uuid::now_v7(), order)).await;
            assert!(outcome.is_err(), "{outcome:?}");
        }
    }
    assert!(desk.write(says("edit-a")).await.is_err(), "both connections are silent");
    let written = async || desk.write(says("edit-b")).await.ok();
    eventually("the pool has connections again", written).await;
}
