//! A service with many orders, or whose pool is exhausted: monitoring and the sync still work.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection as _;
use serde_json::Value;
use service_kit::application::ServiceSettings;
use service_kit::database::now;
use shared_models::side::Side;
use test_kit::{
    AT_ONCE, Answer, TestClient, TestDatabase, TestService, change_of, delivery_to, eventually,
};
use uuid::Uuid;

use crate::plain::{plain, write_orders};

/// Brings a change from the warehouse, which is applied.
async fn bring(client: &TestClient) {
    let change = change_of(Uuid::now_v7(), delivery_to("1 Quay Street", 1, 0), None);
    assert_eq!(client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
}

#[tokio::test]
async fn callers_who_take_the_whole_pool_keep_no_observer_waiting() {
    let patient = |settings: &mut ServiceSettings| {
        // The least: two connections for each thread.
        settings.database.pool_size = 1;
        settings.database.lock_timeout = Duration::from_secs(15);
    };
    let side = TestService::start_with("plain", plain(), patient).await;
    let mut holder = side.database.connect().await;
    holder.batch_execute("begin; lock table orders in access exclusive mode").await.unwrap();
    let threads = std::thread::available_parallelism().unwrap().get();
    let caller = |_| {
        let client = side.client.clone();
        tokio::spawn(async move { bring(&client).await })
    };
    let callers = (0..8 * threads).map(caller).collect::<Vec<_>>();
    side.database.sessions_wait(2 * threads).await;
    for path in ["/health/ready", "/metrics", "/v1/relay", "/v1/offers"] {
        side.client.get_at_once(path).await;
    }
    holder.batch_execute("commit").await.unwrap();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// Takes all connections for readers, and has more callers wait for one.
async fn slow_readers(side: &TestService) -> Vec<tokio::task::JoinHandle<Answer>> {
    let reader = |_| {
        let client = side.client.clone();
        tokio::spawn(async move { client.get("/v1/parked").await })
    };
    let readers = (0..32).map(reader).collect();
    side.database.sessions_wait(1).await;
    readers
}

#[tokio::test]
async fn readers_leave_connections_to_the_sync_and_to_who_asks_whether_it_is_ready() {
    let patient = |settings: &mut ServiceSettings| {
        settings.database.connect_timeout = Duration::from_millis(500);
        settings.database.lock_timeout = Duration::from_secs(15);
    };
    let side = TestService::start_with("plain", plain(), patient).await;
    let mut holder = side.database.connect().await;
    holder.batch_execute("begin; lock table parked in access exclusive mode").await.unwrap();
    let readers = slow_readers(&side).await;
    for _ in 0..5 {
        side.client.get_at_once("/health/ready").await;
    }
    let began = Instant::now();
    bring(&side.client).await;
    assert!(began.elapsed() < AT_ONCE, "the sync waited {:?}", began.elapsed());
    eventually("one that waited too long for a connection is answered", async || {
        readers.iter().any(tokio::task::JoinHandle::is_finished).then_some(())
    })
    .await;
    holder.batch_execute("commit").await.unwrap();
    let answers = futures_util::future::join_all(readers).await;
    let answers = answers.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert!(answers.iter().any(|answer| answer.status == 200), "no reader was served");
    let refused = answers.iter().filter(|answer| answer.status == 503).collect::<Vec<_>>();
    assert!(!refused.is_empty(), "none was told to come later");
    for answer in refused {
        answer.assert_problem(503);
        assert!(answer.text.contains("read lists at the same time"), "{}", answer.text);
    }
}

/// Fills the change log with old changes, one for each of `count` orders.
async fn long_ago(database: &TestDatabase, count: u32) {
    let fill = format!(
        "with new as (
            insert into orders (id, delivery, progress, private, version, created_at, updated_at,
                company, status)
            select gen_random_uuid(), delivery, progress, private, 1, now() - interval '1 day',
                now() - interval '1 day', company, status
            from orders cross join generate_series(1, {count}) returning id)
        insert into changes (event_id, resource, key, kind, origin, version, at, body, to_publish)
        select gen_random_uuid(), 'order', id::text, 'order.created', 'store', 1,
            now() - interval '1 day', '{{}}', true
        from new"
    );
    database.run(&fill).await;
}

#[tokio::test]
async fn a_list_that_no_index_answers_is_cut_and_leads_on_without_a_gap() {
    let side = TestService::start("plain", plain()).await;
    let wanted = write_orders(&side.database, 3).await;
    side.database.run("update orders set created_at = now() - interval '2 days'").await;
    long_ago(&side.database, 4_000).await;
    // Only the oldest have changed lately; 12,000 are newer.
    side.database.run("update orders set updated_at = now() - interval '1 day'").await;
    let since = now();
    let touch = format!(
        "update orders set updated_at = now() where id in ('{}', '{}', '{}')",
        wanted[0], wanted[1], wanted[2]
    );
    side.database.run(&touch).await;
    let since = since.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut next = Some(format!("/v1/orders?updated_since={since}&limit=2"));
    let mut pages = vec![];
    while let Some(path) = next {
        let page = side.client.get(&path).await.with(200);
        next = page["next"].as_str().map(ToOwned::to_owned);
        let count = page["items"].as_array().unwrap().len();
        pages.push((count, page["complete"] == Value::Null, next.is_some()));
        assert!(pages.len() < 10, "{pages:?}");
    }
    let expected = [(0, false, true), (0, false, true), (2, true, true), (1, true, false)];
    assert_eq!(pages, expected, "items, not cut, leads on");
}
