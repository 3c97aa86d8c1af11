//! A service whose tables are long, or whose pool is exhausted: monitoring and the sync still work.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::database::now;
use shared_models::side::Side;
use test_kit::{Answer, TestClient, TestDatabase, TestService, change_of, delivery_to, eventually};
use uuid::Uuid;

use crate::plain::{plain, publishing_to, write_orders};
use crate::queue::bound_broker;

/// The time within which a request is answered whose cost does not grow with the tables, on a busy
/// machine too.
const AT_ONCE: Duration = Duration::from_millis(1_500);

async fn execute(database: &TestDatabase, statement: &str) {
    database.connect().await.batch_execute(statement).await.unwrap();
}

async fn at_once(side: &TestService, path: &str) -> Answer {
    let began = Instant::now();
    let answer = side.client.get(path).await.with(200);
    assert!(began.elapsed() < AT_ONCE, "{path} took {:?}", began.elapsed());
    answer
}

fn told(metrics: &Answer, name: &str) -> f64 {
    let line = metrics.text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not in {}", metrics.text)).parse().unwrap()
}

#[tokio::test]
async fn an_outbox_of_two_million_is_told_as_such_and_not_as_an_outage() {
    let side = TestService::start("plain", plain()).await;
    write_orders(&side.database, 3).await;
    let relay = at_once(&side, "/v1/relay").await;
    assert_eq!((&relay["waiting"], &relay["approximate"]), (&json!(3), &json!(false)));
    let fill = "insert into outbox select generate_series(1000, 2000999)";
    execute(&side.database, fill).await;
    let relay = at_once(&side, "/v1/relay").await;
    let waiting = relay["waiting"].as_i64().unwrap();
    assert!((1_999_000..=2_002_000).contains(&waiting), "{waiting}");
    assert_eq!(relay["approximate"], true);
    assert!(relay["oldest"].is_string(), "{}", relay.text);
    let metrics = at_once(&side, "/metrics").await;
    assert_eq!(told(&metrics, "lockstep_outbox_changes"), waiting as f64);
    assert_eq!(told(&metrics, "lockstep_database_up"), 1.0);
    assert!(told(&metrics, "lockstep_outbox_age_seconds") > 0.0);
}

/// The time after which Prometheus gives up by default.
const SCRAPE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_figure_that_takes_long_is_left_out_and_the_database_is_up_all_the_same() {
    let patient =
        |settings: &mut ServiceSettings| settings.database.lock_timeout = Duration::from_secs(15);
    let side = TestService::start_with("plain", plain(), patient).await;
    let mut holder = side.database.connect().await;
    holder.batch_execute("begin; lock table parked in access exclusive mode").await.unwrap();
    let ready = async {
        sessions_wait(&side, 1).await;
        at_once(&side, "/health/ready").await
    };
    let began = Instant::now();
    let (metrics, _) = tokio::join!(side.client.get("/metrics"), ready);
    assert!(began.elapsed() < SCRAPE, "it took {:?}", began.elapsed());
    assert_eq!(told(&metrics.clone().with(200), "lockstep_database_up"), 1.0);
    assert!(!metrics.text.contains("lockstep_parked_changes "), "{}", metrics.text);
    at_once(&side, "/health/ready").await;
}

/// Waits until at least this many sessions wait for a lock, not counting the relay's.
async fn sessions_wait(side: &TestService, count: usize) {
    eventually(&format!("{count} sessions wait for the lock"), async || {
        let waiting = "pg_stat_activity where wait_event_type = 'Lock'
            and datname = current_database() and application_name not like '% relay'";
        (side.database.count(waiting).await >= count as i64).then_some(())
    })
    .await;
}

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
    sessions_wait(&side, 2 * threads).await;
    for path in ["/health/ready", "/metrics", "/v1/relay", "/v1/offers"] {
        at_once(&side, path).await;
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
    sessions_wait(side, 1).await;
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
        at_once(&side, "/health/ready").await;
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
        insert into changes (event_id, resource, key, kind, origin, version, at, body, published)
        select gen_random_uuid(), 'order', id::text, 'order.created', 'store', 1,
            now() - interval '1 day', '{{}}', true
        from new"
    );
    execute(database, &fill).await;
}

/// The number of entries of the two tables that were read so far, by index or by scan.
async fn read_so_far(database: &TestDatabase) -> i64 {
    execute(database, "select pg_stat_clear_snapshot()").await;
    let read = "(select generate_series(1, sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint)
        from pg_stat_user_tables where relname in ('orders', 'changes')) as read";
    database.count(read).await
}

#[tokio::test]
async fn an_offer_of_a_recent_time_reads_what_has_changed_and_not_the_table() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_orders(&side.database, 1).await;
    long_ago(&side.database, 60_000).await;
    crate::queue::published(&side).await;
    let since = now();
    let changed = write_orders(&side.database, 30).await;
    crate::queue::published(&side).await;
    let before = read_so_far(&side.database).await;
    let offer = side.client.post("/v1/sync/offer", &json!({ "since": since })).await.with(202);
    crate::queue::published(&side).await;
    // PostgreSQL counts what a session has read when the session ends, at the latest.
    let database = side.stop().await;
    let sessions = "pg_stat_activity where usename = 'store' and datname = current_database()";
    eventually("the service's sessions have ended", async || {
        (database.count(sessions).await == 0).then_some(())
    })
    .await;
    let read = read_so_far(&database).await - before;
    assert!((1..10_000).contains(&read), "{read} entries were read");
    let events = database.count("changes where kind = 'order.offered'").await;
    assert_eq!(events, changed.len() as i64);
    assert_eq!(offer.header("location"), Some(&*format!("/v1/offers/{}", offer["id"])));
}

#[tokio::test]
async fn a_list_that_no_index_answers_is_cut_and_leads_on_without_a_gap() {
    let side = TestService::start("plain", plain()).await;
    let wanted = write_orders(&side.database, 3).await;
    execute(&side.database, "update orders set created_at = now() - interval '2 days'").await;
    long_ago(&side.database, 4_000).await;
    // Only the oldest have changed lately; 12,000 are newer.
    execute(&side.database, "update orders set updated_at = now() - interval '1 day'").await;
    let since = now();
    let touch = format!(
        "update orders set updated_at = now() where id in ('{}', '{}', '{}')",
        wanted[0], wanted[1], wanted[2]
    );
    execute(&side.database, &touch).await;
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
