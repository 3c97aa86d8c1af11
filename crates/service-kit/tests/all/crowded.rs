//! A service whose tables are long, or locked: monitoring and offers still work.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection as _;
use serde_json::json;
use service_kit::application::ServiceSettings;
use service_kit::database::now;
use test_kit::queue::published;
use test_kit::{Answer, TestDatabase, TestService, eventually, notes, write_notes};

use crate::side::{bound_broker, publishing_to};

fn told(metrics: &Answer, name: &str) -> f64 {
    let line = metrics.text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not in {}", metrics.text)).parse().unwrap()
}

#[tokio::test]
async fn an_outbox_of_two_million_is_told_as_such_and_not_as_an_outage() {
    let side = TestService::start("notes", notes()).await;
    write_notes(&side.database, 3).await;
    let relay = side.client.get_at_once("/v1/relay").await;
    assert_eq!((&relay["waiting"], &relay["approximate"]), (&json!(3), &json!(false)));
    let fill = "insert into outbox select generate_series(1000, 2000999)";
    side.database.run(fill).await;
    let relay = side.client.get_at_once("/v1/relay").await;
    let waiting = relay["waiting"].as_i64().unwrap();
    assert!((1_999_000..=2_002_000).contains(&waiting), "{waiting}");
    assert_eq!(relay["approximate"], true);
    assert!(relay["oldest"].is_string(), "{}", relay.text);
    let metrics = side.client.get_at_once("/metrics").await;
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
    let side = TestService::start_with("notes", notes(), patient).await;
    let mut holder = side.database.connect().await;
    holder.batch_execute("begin; lock table parked in access exclusive mode").await.unwrap();
    let ready = async {
        side.database.sessions_wait(1).await;
        side.client.get_at_once("/health/ready").await
    };
    let began = Instant::now();
    let (metrics, _) = tokio::join!(side.client.get("/metrics"), ready);
    assert!(began.elapsed() < SCRAPE, "it took {:?}", began.elapsed());
    assert_eq!(told(&metrics.clone().with(200), "lockstep_database_up"), 1.0);
    assert!(!metrics.text.contains("lockstep_parked_changes "), "{}", metrics.text);
    side.client.get_at_once("/health/ready").await;
}

/// Fills the change log with old changes, one for each of `count` notes.
async fn long_ago(database: &TestDatabase, count: u32) {
    let fill = format!(
        "with new as (
            insert into notes (id, text, version)
            select 'old-' || number, text, 1
            from notes cross join generate_series(1, {count}) as number returning id)
        insert into changes (event_id, resource, key, kind, origin, version, at, body, to_publish)
        select gen_random_uuid(), 'note', id, 'note.written', 'store', 1,
            now() - interval '1 day', '{{}}', true
        from new"
    );
    database.run(&fill).await;
}

/// The number of entries of the two tables that were read so far, by index or by scan.
async fn read_so_far(database: &TestDatabase) -> i64 {
    database.run("select pg_stat_clear_snapshot()").await;
    let read = "(select generate_series(1, sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint)
        from pg_stat_user_tables where relname in ('notes', 'changes')) as read";
    database.count(read).await
}

#[tokio::test]
async fn an_offer_of_a_recent_time_reads_what_has_changed_and_not_the_table() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 1).await;
    long_ago(&side.database, 60_000).await;
    published(&side).await;
    let since = now();
    let changed = write_notes(&side.database, 30).await;
    published(&side).await;
    let before = read_so_far(&side.database).await;
    let offer = side.client.post("/v1/sync/offer", &json!({ "since": since })).await.with(202);
    published(&side).await;
    // PostgreSQL counts what a session has read when the session ends, at the latest.
    let database = side.stop().await;
    let sessions = "pg_stat_activity where usename = 'store' and datname = current_database()";
    eventually("the service's sessions have ended", async || {
        (database.count(sessions).await == 0).then_some(())
    })
    .await;
    let read = read_so_far(&database).await - before;
    assert!((1..10_000).contains(&read), "{read} entries were read");
    let events = database.count("changes where kind = 'note.offered'").await;
    assert_eq!(events, changed.len() as i64);
    assert_eq!(offer.header("location"), Some(&*format!("/v1/offers/{}", offer["id"])));
}
