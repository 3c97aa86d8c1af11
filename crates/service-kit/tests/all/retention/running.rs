//! Retention as a service runs it: beside publishing, through failures, and told in its metrics.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection as _;
use service_kit::application::ServiceSettings;
use service_kit::retention::{Keep, RetentionSettings};
use test_kit::queue::{bound_broker, published};
use test_kit::{
    BrokerUser, NOTE_EVENTS, NOTES, TestBroker, TestDatabase, TestService, eventually, notes,
};

use super::{log, these};

/// The settings of a side that keeps its changes for a moment.
fn briefly(settings: &mut ServiceSettings, broker: &TestBroker) {
    settings.broker = broker.settings(BrokerUser::Store);
    let moment = Keep::For(TimeDelta::milliseconds(300));
    settings.retention = RetentionSettings { changes: moment, parked: moment, tombstones: moment };
}

async fn metric(side: &TestService, name: &str) -> f64 {
    let told = side.client.get("/metrics").await.with(200).text;
    let value = told.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("{name} is not in {told}"))
}

async fn is_trimmed(database: &TestDatabase, entries: i64) {
    eventually("the log is trimmed", async || {
        (database.count("changes").await == entries).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_trims_what_it_has_published_and_tells_how_much() {
    let broker = bound_broker(NOTE_EVENTS).await;
    let adjust = |settings: &mut ServiceSettings| briefly(settings, &broker);
    let side = TestService::start_with("notes", notes(), adjust).await;
    for _ in 0..3 {
        NOTES.write(&side.database, &["a", "b"]).await;
    }
    published(&side).await;
    is_trimmed(&side.database, 2).await;
    assert_eq!(log(&side.database).await, these([("a", 3), ("b", 3)]));
    eventually("it tells", async || {
        (metric(&side, "lockstep_log_trimmed_total").await == 4.0).then_some(())
    })
    .await;
    eventually("all is passed", async || {
        (metric(&side, "lockstep_log_age_seconds").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_that_keeps_everything_deletes_nothing() {
    let broker = bound_broker(NOTE_EVENTS).await;
    let adjust = |settings: &mut ServiceSettings| {
        briefly(settings, &broker);
        settings.retention.changes = Keep::Forever;
    };
    let side = TestService::start_with("notes", notes(), adjust).await;
    for _ in 0..3 {
        NOTES.write(&side.database, &["a"]).await;
    }
    published(&side).await;
    // The other parts of the task have been at work since.
    let event = uuid::Uuid::now_v7();
    side.database.run(&format!("insert into parked_events values ('{event}')")).await;
    eventually("it is older than the other limits", async || {
        (metric(&side, "lockstep_log_age_seconds").await > 1.5).then_some(())
    })
    .await;
    assert_eq!(side.database.count("changes").await, 3);
    assert!(metric(&side, "lockstep_log_trimmed_total").await == 0.0);
}

#[tokio::test]
async fn through_sessions_that_are_killed_and_locks_it_comes_to_its_end() {
    let broker = bound_broker(NOTE_EVENTS).await;
    let adjust = |settings: &mut ServiceSettings| briefly(settings, &broker);
    let side = TestService::start_with("notes", notes(), adjust).await;
    let keys = (0..400).map(|number| format!("n-{number}")).collect::<Vec<_>>();
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like '% relay'";
    let mut connection = side.database.connect().await;
    for _ in 0..5 {
        NOTES.write(&side.database, &keys).await;
        connection.batch_execute(kill).await.unwrap();
    }
    // A step meets this lock, and fails after its timeout.
    connection.batch_execute("begin; lock table log_state in exclusive mode").await.unwrap();
    published(&side).await;
    eventually("a step waits for the lock", async || {
        let waiting = "pg_stat_activity where wait_event_type = 'Lock'
            and datname = current_database() and application_name like '% relay'";
        (side.database.count(waiting).await > 0).then_some(())
    })
    .await;
    NOTES.write(&side.database, &keys).await;
    published(&side).await;
    assert!(side.database.count("changes").await > 400);
    connection.batch_execute("commit").await.unwrap();
    is_trimmed(&side.database, 400).await;
    let newest = "select id as key, version from notes order by id";
    let kept = "select key, version from changes order by key";
    assert_eq!(super::rows(&side.database, kept).await, super::rows(&side.database, newest).await);
}

#[tokio::test]
async fn a_service_deletes_what_is_settled_among_its_parked_changes() {
    let broker = bound_broker(NOTE_EVENTS).await;
    let database = TestDatabase::of(&notes()).await;
    database
        .run(
            "insert into parked (id, event_id, body, reason, attempts, first_at, last_at, state)
            select id, id, '', 'the peer answers 500', 1, '2026-01-01', '2026-01-01', state
            from (select gen_random_uuid() as id, unnest(array['parked', 'offered', 'dropped'])
                as state) as these",
        )
        .await;
    let adjust = |settings: &mut ServiceSettings| briefly(settings, &broker);
    let side = TestService::start_over("notes", notes(), database, adjust).await;
    side.is_ready().await;
    eventually("the settled ones are gone", async || {
        (side.database.count("parked").await == 1).then_some(())
    })
    .await;
    assert_eq!(side.database.count("parked where state = 'parked'").await, 1);
    eventually("it tells", async || {
        (metric(&side, "lockstep_parked_deleted_total").await == 2.0).then_some(())
    })
    .await;
}
