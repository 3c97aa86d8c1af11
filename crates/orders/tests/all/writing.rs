//! Group commit of edits: edits that wait for the same order are written together, and yet each has
//! its own outcome, its own version and its own record.

use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use orders::{Draft, Edit, Order, WriteQueues, Writer, Written};
use program_kit::http::conditional::Precondition;
use program_kit::http::metrics::Registry;
use service_kit::database::DatabaseSettings;
use service_kit::error::Error;
use service_kit::relay::{Relay, RelayOptions};
use shared_models::side::Side;
use test_kit::{TestDatabase, eventually, pool, service_settings};
use uuid::Uuid;

use crate::plain::{Plain, fresh_database, plain, write_orders};

/// An order, and a writer for it.
pub(crate) struct Desk {
    pub(crate) writer: Writer<Plain>,
    pub(crate) database: TestDatabase,
    pub(crate) id: Uuid,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let database = fresh_database().await;
        let settings = database.settings();
        Self::over(database, settings).await
    }

    /// Creates a desk that reaches its database by these settings.
    pub(crate) async fn over(database: TestDatabase, settings: DatabaseSettings) -> Self {
        let id = write_orders(&database, 1).await[0];
        let settings = service_settings(settings);
        let options = RelayOptions {
            name: "desk",
            side: Side::Store,
            database: settings.database.clone(),
            broker: settings.broker,
            relay: settings.relay,
            resources: plain().resources,
            tasks: vec![],
        };
        let (_, relay) = Relay::new(options, &Registry::new("desk"));
        let writer = Writer::new(pool("desk", &settings.database), relay, WriteQueues::default());
        Self { writer, database, id }
    }

    pub(crate) async fn write(&self, edit: Edit<()>) -> Result<Written<()>, Error> {
        self.writer.edit(self.id, edit).await
    }

    /// Writes edits that all wait before the first is written.
    pub(crate) async fn write_all(
        &self,
        edits: impl Iterator<Item = Edit<()>>,
    ) -> Vec<Result<Written<()>, Error>> {
        join_all(edits.map(|edit| self.write(edit))).await
    }

    /// Returns the version, comment and principal of each change, and the number of transactions
    /// that wrote them.
    pub(crate) async fn history(&self) -> (Vec<(i64, Option<String>, Option<String>)>, i64) {
        #[derive(diesel::QueryableByName)]
        struct Change {
            #[diesel(sql_type = BigInt)]
            version: i64,
            #[diesel(sql_type = Nullable<Text>)]
            comment: Option<String>,
            #[diesel(sql_type = Nullable<Text>)]
            principal: Option<String>,
        }
        let query = "select version, body::jsonb -> 'delivery' ->> 'comment' as comment, principal
            from changes order by seq";
        let mut connection = self.database.connect().await;
        let changes = diesel::sql_query(query).load::<Change>(&mut connection).await.unwrap();
        let changes = changes.into_iter().map(|it| (it.version, it.comment, it.principal));
        let transactions = "(select distinct xmin::text from changes) as transactions";
        (changes.collect(), self.database.count(transactions).await)
    }
}

/// An edit that sets the comment.
pub(crate) fn says(comment: impl Into<String>) -> Edit<()> {
    let comment = Some(comment.into());
    let wanted = Box::new(move |order: &Order<()>| {
        let shared = order.shared.clone();
        let (mut delivery, progress) = (shared.delivery.value, shared.progress.value);
        delivery.comment.clone_from(&comment);
        Ok(Draft { delivery, progress, private: () })
    });
    Edit { principal: None, trace: None, precondition: having_seen("*"), to_draft: wanted }
}

pub(crate) fn having_seen(tag: &str) -> Precondition {
    let request = TestRequest::default().insert_header((IF_MATCH, tag)).to_http_request();
    Precondition::of(&request).unwrap()
}

pub(crate) fn versions(outcomes: &[Result<Written<()>, Error>]) -> Vec<i64> {
    outcomes.iter().map(|outcome| outcome.as_ref().map_or(0, |it| it.order.version)).collect()
}

#[actix_web::test]
async fn edits_that_wait_are_written_in_one_transaction_each_with_its_record() {
    let desk = Desk::new().await;
    let names = ["ann", "bob", "cid"];
    let edits = names.map(|name| Edit { principal: Some(name.into()), ..says(name) });
    let outcomes = desk.write_all(edits.into_iter()).await;
    assert_eq!(versions(&outcomes), [2, 3, 4]);
    let (history, transactions) = desk.history().await;
    assert_eq!(history[0], (1, None, None));
    for ((version, name), change) in (2..).zip(names).zip(&history[1..]) {
        assert_eq!(*change, (version, Some(name.into()), Some(name.into())));
    }
    assert_eq!((history.len(), transactions), (4, 2));
    assert_eq!(desk.database.count("outbox").await, 4);
    let stands = "orders where version = 4 and delivery ->> 'comment' = 'cid'
        and (delivery -> 'revision' ->> 'store')::bigint = 4";
    assert_eq!(desk.database.count(stands).await, 1);
}

#[actix_web::test]
async fn more_than_are_written_at_once_are_written_all_the_same() {
    let desk = Desk::new().await;
    let outcomes = desk.write_all((0..120).map(|number| says(format!("{number}")))).await;
    assert_eq!(versions(&outcomes), (2..=121).collect::<Vec<_>>());
    let (history, transactions) = desk.history().await;
    assert_eq!((history.len(), transactions), (121, 4));
}

#[actix_web::test]
async fn one_that_is_refused_or_changes_nothing_leaves_the_order_to_the_next() {
    let desk = Desk::new().await;
    let stale = Edit { precondition: having_seen("\"1\""), ..says("stale") };
    let exact = Edit { precondition: having_seen("\"2\""), ..says("exact") };
    let edits = [says("first"), stale, exact, says("exact"), says("last")];
    let outcomes = desk.write_all(edits.into_iter()).await;
    assert_eq!(versions(&outcomes), [2, 0, 3, 3, 4]);
    assert!(matches!(outcomes[1], Err(Error::Request(_))), "{:?}", outcomes[1]);
    assert!(!outcomes[3].as_ref().unwrap().changed);
    let (history, _) = desk.history().await;
    let comments = history.iter().filter_map(|(_, comment, _)| comment.as_deref());
    assert_eq!(comments.collect::<Vec<_>>(), ["first", "exact", "last"]);
}

#[actix_web::test]
async fn one_that_the_database_refuses_does_not_take_the_others_along() {
    let desk = Desk::new().await;
    let edits = [says("one"), says("nul \0"), says("three")];
    let outcomes = desk.write_all(edits.into_iter()).await;
    assert_eq!(versions(&outcomes), [2, 0, 3]);
    assert!(matches!(outcomes[1], Err(Error::Database(_))), "{:?}", outcomes[1]);
    assert_eq!(desk.history().await.0.len(), 3);
}

#[actix_web::test]
async fn all_that_wait_for_an_order_that_is_not_there_are_told_so() {
    let desk = Desk::new().await;
    let nowhere = Uuid::now_v7();
    let edits = ["one", "two"].map(|comment| desk.writer.edit(nowhere, says(comment)));
    for outcome in join_all(edits).await {
        let error = outcome.unwrap_err().to_string();
        assert_eq!(error, format!("no order {nowhere} exists"));
    }
}

#[actix_web::test]
async fn another_process_that_is_faster_is_built_upon() {
    let desk = Desk::new().await;
    let mut other = desk.database.connect().await;
    let faster = "begin; update orders set version = 7";
    other.batch_execute(faster).await.unwrap();
    let waiting = "pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    let commit = async {
        let waits = async || (desk.database.count(waiting).await == 1).then_some(());
        eventually("the edits wait", waits).await;
        other.batch_execute("commit").await.unwrap();
    };
    let edits = ["one", "two"].map(says);
    let (outcomes, ()) = tokio::join!(desk.write_all(edits.into_iter()), commit);
    assert_eq!(versions(&outcomes), [8, 9]);
}

#[actix_web::test]
async fn nobody_is_kept_who_does_not_wait_any_more() {
    let desk = Desk::new().await;
    assert!(desk.write(says("given up")).now_or_never().is_none());
    let outcomes = desk.write_all(["one", "two"].map(says).into_iter()).await;
    assert_eq!(versions(&outcomes), [2, 3]);
}
