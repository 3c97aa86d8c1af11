//! Concurrent workers that bring the same changes, in any order.

use futures_util::future::join_all;
use shared_models::sync::OrderChange;
use test_kit::{Rows, change_of, delivery_to};
use uuid::Uuid;

use crate::samples::{ORDERS, STORE, warehouse};

#[tokio::test]
async fn a_batch_that_comes_several_times_at_once_is_applied_once() {
    let warehouse = warehouse().await;
    let change = |_| change_of(Uuid::new_v4(), delivery_to("1 Quay Street", 1, 0), None);
    let changes = (0..50).map(change).collect::<Vec<_>>();
    let turned = changes.iter().rev().cloned().collect::<Vec<_>>();
    let batches = [&changes, &turned, &changes, &turned, &changes, &turned];
    let answers = join_all(batches.map(|batch| warehouse.client.sync(STORE, batch))).await;
    let outcomes = answers.iter().flat_map(|answer| answer.outcomes()).collect::<Vec<_>>();
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count("applied"), count("stale")), (50, 250));
    assert_eq!(warehouse.rows().await, Rows { records: 50, changes: 50, outbox: 0 });
}

#[tokio::test]
async fn an_older_revision_never_comes_over_a_newer_one() {
    const NEWEST: u32 = 12;
    let warehouse = warehouse().await;
    let ids = (0..5).map(|_| Uuid::new_v4()).collect::<Vec<_>>();
    let revision = |id: &Uuid, store: u32| {
        change_of(*id, delivery_to(&format!("revision {store}"), store, 0), None)
    };
    let of = |id| (1..=NEWEST).map(move |store| revision(id, store));
    let all = ids.iter().flat_map(of).collect::<Vec<OrderChange>>();
    // Eight workers, each with every revision of every order in an order of its own.
    join_all((0..8).map(async |worker| {
        let mut mine = all.clone();
        fastrand::Rng::with_seed(worker).shuffle(&mut mine);
        for batch in mine.chunks(4) {
            warehouse.client.sync(STORE, batch).await.with(200);
        }
    }))
    .await;
    for id in &ids {
        let order = warehouse.client.get(&format!("{ORDERS}/{id}")).await;
        assert_eq!(order["address"], format!("revision {NEWEST}"));
        let history = crate::samples::history(&warehouse.client, &format!("{ORDERS}/{id}")).await;
        let told = history
            .iter()
            .map(|entry| entry["event"]["delivery"]["revision"]["store"].as_u64().unwrap());
        let told = told.collect::<Vec<_>>();
        assert!(told.is_sorted_by(|earlier, later| earlier < later), "{told:?}");
    }
}

#[tokio::test]
async fn edits_here_and_changes_from_the_peer_do_not_lose_each_other() {
    let warehouse = warehouse().await;
    let id = Uuid::new_v4();
    let path = crate::samples::arrived_as(&warehouse.client, id, Default::default()).await;
    let patch = async |number: u32| {
        let body = serde_json::json!({"bin": format!("A{number}")});
        warehouse.client.patch(&path, &body).await.with(200);
    };
    let arrive = async |store: u32| {
        let change = change_of(id, delivery_to(&format!("revision {store}"), store, 0), None);
        warehouse.client.sync(STORE, &[change]).await.with(200);
    };
    let patches = async { join_all((0..10).map(patch)).await };
    let changes = async { join_all((2..12).map(arrive)).await };
    tokio::join!(patches, changes);
    let order = warehouse.client.get(&path).await;
    assert_eq!(order["address"], "revision 11");
    assert!(order["bin"].is_string());
    assert_eq!(order["version"], warehouse.rows().await.changes);
}
