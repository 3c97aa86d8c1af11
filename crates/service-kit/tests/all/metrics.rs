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

/// Returns the value of the series of this name and labels on a page.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{page}")).parse().unwrap()
}

#[tokio::test]
async fn requests_are_told_by_route_and_not_by_path() {
    let side = TestService::start("notes", notes()).await;
    for id in 0..3 {
        side.client.get(&format!("/v1/parked/{}", uuid::Uuid::from_u128(id))).await.with(404);
        side.client.get(&format!("/nothing/{id}")).await.with(404);
    }
    let odd = reqwest::Method::from_bytes(b"ODD").unwrap();
    side.client.send(side.client.request(odd, "/metrics")).await.with(405);
    let page = side.client.get("/metrics").await.with(200).text;
    let name = "http_server_request_duration_seconds_count";
    let expected = [
        ("GET", "/v1/parked/{id}", 404, 3.0),
        ("GET", "none", 404, 3.0),
        ("_OTHER", "/metrics", 405, 1.0),
    ];
    for (method, route, status, count) in expected {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        assert_eq!(value(&page, &format!("{name}{{{labels}}}")), count, "{page}");
    }
    assert!(!page.contains("nothing/") && !page.contains("ODD"), "{page}");
    // The request for the page itself.
    assert_eq!(value(&page, "http_server_active_requests"), 1.0);
}

#[tokio::test]
async fn the_use_of_the_pools_is_told() {
    let side = TestService::start("notes", notes()).await;
    side.client.get("/v1/parked").await.with(200);
    let page = side.client.get("/metrics").await.with(200).text;
    assert_eq!(value(&page, "lockstep_database_connections{state=\"in_use\"}"), 0.0);
    assert_eq!(value(&page, "lockstep_database_connections{state=\"idle\"}"), 1.0);
    assert_eq!(value(&page, "lockstep_database_waiting_requests"), 0.0);
    assert!(value(&page, "lockstep_database_connections_max") >= 2.0, "{page}");
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
    let page = side.client.get("/metrics").await.with(200).text;
    assert_eq!(value(&page, "lockstep_relay_batch_changes_sum"), 3.0);
    let batches = value(&page, "lockstep_relay_batch_changes_count");
    assert_eq!(value(&page, "lockstep_relay_confirm_duration_seconds_count"), batches);
    assert!(value(&page, "lockstep_relay_confirm_duration_seconds_sum") > 0.0, "{page}");
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
