//! One relay is active for each database; when it is gone, another takes over.

use diesel_async::SimpleAsyncConnection as _;
use service_kit::application::ServiceSettings;
use test_kit::queue::{published, take_all, told_state};
use test_kit::{BrokerUser, TestBroker, TestDatabase, TestService, eventually, notes, write_notes};

use crate::side::bound_broker;

/// Another process that serves the same database.
pub(crate) async fn replica(
    name: &'static str,
    of: &TestService,
    broker: &TestBroker,
) -> TestService {
    let (database, broker) = (of.database.settings(), broker.settings(BrokerUser::Store));
    let adjust = |settings: &mut ServiceSettings| {
        (settings.database, settings.broker) = (database, broker);
    };
    TestService::start_over(name, notes(), TestDatabase::empty().await, adjust).await
}

async fn first(broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| settings.broker = broker;
    let first = TestService::start_with("first", notes(), adjust).await;
    told_state(&first, "publishing").await;
    first
}

#[tokio::test]
async fn of_two_relays_one_publishes_and_the_other_stands_by() {
    let broker = bound_broker().await;
    let first = first(&broker).await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    write_notes(&first.database, 50).await;
    published(&first).await;
    assert_eq!(take_all(&broker).await.len(), 50);
    told_state(&second, "standby").await;
}

#[tokio::test]
async fn when_the_active_one_stops_the_other_takes_over() {
    let broker = bound_broker().await;
    let first = first(&broker).await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    let database = first.stop().await;
    told_state(&second, "publishing").await;
    write_notes(&database, 5).await;
    eventually("the outbox is empty", async || (database.count("outbox").await == 0).then_some(()))
        .await;
    assert_eq!(take_all(&broker).await.len(), 5);
}

#[tokio::test]
async fn a_session_that_is_killed_is_made_good() {
    let broker = bound_broker().await;
    let first = first(&broker).await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like '% relay'";
    for _ in 0..3 {
        first.database.connect().await.batch_execute(kill).await.unwrap();
        write_notes(&first.database, 4).await;
        published(&first).await;
    }
    // Whoever was cut off before it could delete publishes again; nobody loses anything.
    assert!(take_all(&broker).await.len() >= 12);
}
