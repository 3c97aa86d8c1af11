//! The metrics of a service.

use diesel_async::SimpleAsyncConnection as _;
use test_kit::queue::{bind, declare_exchange, published, told_state};
use test_kit::{
    Loss, NOTE_EVENTS, TestBroker, TestDatabase, TestService, eventually, notes, write_notes,
};

use crate::side::{bound_broker, publishing_to};

/// Waits until the metrics contain this line.
async fn tells(side: &TestService, line: &str) {
    let told = async || {
        let answer = side.client.get("/metrics").await.with(200);
        answer.text.lines().any(|told| told == line).then_some(())
    };
    eventually(&format!("{line} is told"), told).await;
}

#[tokio::test]
async fn what_was_published_is_counted() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 3).await;
    published(&side).await;
    tells(&side, "lockstep_relay_confirmed_total 3").await;
    tells(&side, "lockstep_relay_returned_total 0").await;
    tells(&side, "lockstep_relay_state{state=\"publishing\"} 1").await;
    tells(&side, "lockstep_outbox_changes 0").await;
    tells(&side, "lockstep_outbox_age_seconds 0").await;
    tells(&side, "lockstep_database_up 1").await;
}

#[tokio::test]
async fn an_unroutable_change_raises_an_alarm_until_it_can_go() {
    let broker = TestBroker::new().await;
    declare_exchange(&broker).await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 2).await;
    told_state(&side, "unroutable").await;
    tells(&side, "lockstep_relay_state{state=\"unroutable\"} 1").await;
    tells(&side, "lockstep_relay_state{state=\"publishing\"} 0").await;
    tells(&side, "lockstep_outbox_changes 2").await;
    let told = side.client.get("/metrics").await.with(200).text;
    let returned =
        told.lines().find_map(|line| line.strip_prefix("lockstep_relay_returned_total "));
    assert!(returned.unwrap().parse::<u64>().unwrap() >= 2, "{told}");
    bind(&broker, NOTE_EVENTS).await;
    tells(&side, "lockstep_relay_state{state=\"unroutable\"} 0").await;
    tells(&side, "lockstep_relay_confirmed_total 2").await;
}

#[tokio::test]
async fn without_a_database_the_rest_is_told() {
    let beside = TestDatabase::empty().await;
    let side = TestService::start("notes", notes()).await;
    let drop = format!("drop database {} with (force)", side.database.name());
    beside.connect().await.batch_execute(&drop).await.unwrap();
    tells(&side, "lockstep_database_up 0").await;
    tells(&side, "lockstep_relay_confirmed_total 0").await;
}

#[tokio::test]
async fn figures_that_one_connection_does_not_give_are_asked_for_on_another() {
    let (side, link) = TestService::linked("notes", notes()).await;
    // Its connection stays open, and says nothing more.
    link.lose(Loss::Answer, "with oldest as materialized");
    let told = side.client.get("/metrics").await.with(200).text;
    link.has_lost().await;
    assert!(told.contains("lockstep_database_up 1"), "{told}");
    assert!(!told.contains("lockstep_outbox_changes"), "{told}");
    tells(&side, "lockstep_outbox_changes 0").await;
}
