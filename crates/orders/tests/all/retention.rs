//! What reads the log of orders where old entries were trimmed: comparing, retried creations, and the
//! history of an order.

use chrono::TimeDelta;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use orders::storage;
use serde_json::json;
use service_kit::database::now;
use service_kit::retention::{self, Trimmed};
use shared_models::comparison::{Compared, MAX_COMPARED};
use shared_models::side::Side;
use test_kit::{TestDatabase, TestService, change_of, delivery_to, eventually};
use uuid::Uuid;

use crate::creating::new;
use crate::plain::{fresh_database, plain, write_orders};

/// Takes what was changed for published, and takes a step of trimming all that is older than now.
async fn step(database: &TestDatabase) -> Option<Trimmed> {
    database.run("delete from outbox").await;
    let (resources, before) = (plain().resources, now() + TimeDelta::seconds(1));
    let mut connection = database.connect().await;
    let step =
        async |it: &mut AsyncPgConnection| retention::trim(it, &resources, before, 1_000).await;
    connection.transaction::<_, diesel::result::Error, _>(step).await.unwrap()
}

/// Takes steps until this many entries are left: other tests' transactions on the same server hold
/// the newest ones back for a while.
async fn trim(database: &TestDatabase, left: i64) {
    eventually("older entries are trimmed", async || {
        step(database).await;
        (database.count("changes").await == left).then_some(())
    })
    .await;
}

/// A side with an order that it has changed, and that was changed by the peer since.
async fn changed_at_both() -> (TestService, Uuid) {
    let side = TestService::start("plain", plain()).await;
    let id = write_orders(&side.database, 1).await[0];
    let newer = change_of(id, delivery_to("2 Side Street", 1, 1), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[newer]).await.outcomes(), ["applied"]);
    (side, id)
}

#[tokio::test]
async fn what_was_not_compared_is_not_trimmed_while_somebody_compares() {
    let (side, id) = changed_at_both().await;
    side.database.run("update compared set at = now() + interval '1 hour'").await;
    eventually("both changes are seen by all", async || {
        let unseen = "changes where xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        (side.database.count(unseen).await == 0).then_some(())
    })
    .await;
    assert_eq!(step(&side.database).await, None);
    let changed = side.client.get("/v1/sync/changed?after=0&upto=2").await.with(200);
    assert_eq!(changed["orders"][0]["id"], json!(id), "its own change is still found");
    let compared = Compared { from: 0, to: 2 };
    side.client.post("/v1/sync/compared", &json!(compared)).await.with(200);
    side.database.run("update compared set at = now() + interval '1 hour'").await;
    trim(&side.database, 1).await;
    let log = side.client.get("/v1/sync/compared?upto=2").await.with(200);
    assert_eq!((&log["compared"], &log["newest"]), (&json!(2), &json!(2)));
    assert!(log["asked_event"].is_string(), "the newest place stays: {}", log.text);
}

#[tokio::test]
async fn where_nobody_has_compared_for_so_long_nothing_waits_for_it() {
    let (side, _) = changed_at_both().await;
    trim(&side.database, 1).await;
    let changed = side.client.get("/v1/sync/changed?after=0&upto=2").await.with(200);
    assert_eq!(changed["orders"], json!([]), "what is left of it came from the peer");
    assert_eq!(side.client.get("/v1/sync/compared?upto=2").await.with(200)["compared"], 0);
}

#[tokio::test]
async fn comparing_reads_on_through_what_is_trimmed() {
    let side = TestService::start("plain", plain()).await;
    let orders = write_orders(&side.database, MAX_COMPARED + 100).await;
    let first = side.client.get("/v1/sync/changed?after=0&upto=600").await.with(200);
    assert_eq!(first["upto"], 500);
    let both = orders[550..].iter().chain(&orders[..50]);
    let peer = |id: &Uuid| change_of(*id, delivery_to("2 Side Street", 1, 1), None);
    let changes = both.map(peer).collect::<Vec<_>>();
    side.client.sync(Side::Warehouse, &changes).await.with(200);
    trim(&side.database, 600).await;
    let rest = side.client.get("/v1/sync/changed?after=500&upto=600").await.with(200);
    assert_eq!(rest["upto"], 600);
    assert_eq!(rest["orders"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_creation_that_is_retried_after_its_entry_was_trimmed_creates_nothing_again() {
    let database = fresh_database().await;
    let id = Uuid::now_v7();
    let order = [new(id, "ann")];
    let mut connection = database.connect().await;
    let created = storage::create_or_find_created(&mut connection, &order).await.unwrap();
    assert_eq!(created, [id]);
    let again = storage::create_or_find_created(&mut connection, &order).await.unwrap();
    assert_eq!(again, [id], "the log says that these created it");
    let offer = orders::Record::offered(Side::Store, &order[0].order, now());
    let offer = storage::to_changes(&[offer]).unwrap();
    service_kit::change_log::append(&mut connection, &offer).await.unwrap();
    trim(&database, 1).await;
    let again = storage::create_or_find_created(&mut connection, &order).await.unwrap();
    assert!(again.is_empty(), "the id is taken: by an order of these contents, as callers find");
    assert_eq!((database.count("orders").await, database.count("changes").await), (1, 1));
}

#[tokio::test]
async fn the_history_of_an_order_begins_with_the_newest_of_its_trimmed_changes() {
    let (side, id) = changed_at_both().await;
    trim(&side.database, 1).await;
    let newer = change_of(id, delivery_to("3 Back Street", 1, 2), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[newer]).await.outcomes(), ["applied"]);
    let history = side.client.get(&format!("/v1/orders/{id}/changes")).await.with(200);
    let versions = history["items"].as_array().unwrap().iter().map(|it| it["version"].clone());
    assert_eq!(versions.collect::<Vec<_>>(), [json!(2), json!(3)]);
}
