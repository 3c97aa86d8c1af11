//! Offers: records are published again as they are now.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::database::now;
use test_kit::queue::{body, published, take_all};
use test_kit::{BrokerUser, TestBroker, TestService, eventually, notes, write_notes};

use crate::side::{bound_broker, publishing_to};

const OFFER: &str = "/v1/sync/offer";

async fn ask(side: &TestService, request: &Value) -> Value {
    side.client.post(OFFER, request).await.with(202).body
}

/// Returns the notes that were offered, once everything is published.
async fn offered(side: &TestService, broker: &TestBroker) -> Vec<String> {
    published(side).await;
    let messages = take_all(broker).await.iter().map(body).collect::<Vec<_>>();
    let offers = messages.into_iter().filter(|event| event["kind"] == "note.offered");
    offers.map(|event| serde_json::from_value(event["note_id"].clone()).unwrap()).collect()
}

#[tokio::test]
async fn all_records_are_offered_in_more_than_one_step() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let ids = write_notes(&side.database, 1_200).await;
    let asked = ask(&side, &json!({"all": true})).await;
    assert_eq!((&asked["offered"], asked["id"].is_i64()), (&json!("all"), true));
    let offered = offered(&side, &broker).await;
    assert_eq!(offered.len(), 1_200);
    assert_eq!(BTreeSet::from_iter(offered), BTreeSet::from_iter(ids));
}

#[tokio::test]
async fn an_outbox_that_is_never_empty_does_not_hold_an_offer_up() {
    let broker = bound_broker().await;
    let settings = broker.settings(BrokerUser::Store);
    let adjust = |all: &mut ServiceSettings| (all.broker, all.relay.batch_size) = (settings, 1);
    let side = TestService::start_with("notes", notes(), adjust).await;
    // More than can be published one by one before the offer has its turn.
    write_notes(&side.database, 3_000).await;
    ask(&side, &json!({"since": now()})).await;
    eventually("the offer is worked off", async || {
        (side.database.count("offers").await == 0).then_some(())
    })
    .await;
    assert!(side.rows().await.outbox > 0, "it waited until there was nothing else to publish");
}

#[tokio::test]
async fn those_that_changed_since_a_time_are_offered() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 3).await;
    let since = now();
    let later = write_notes(&side.database, 2).await;
    ask(&side, &json!({"since": since})).await;
    assert_eq!(BTreeSet::from_iter(offered(&side, &broker).await), BTreeSet::from_iter(later));
}

#[tokio::test]
async fn an_entry_of_a_clock_that_is_behind_hides_none_before_it() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let since = now();
    let ids = write_notes(&side.database, 9).await;
    published(&side).await;
    take_all(&broker).await;
    // The one at which the search looks first.
    let slow = "changes set at = at - interval '1 hour'";
    side.database
        .run(&format!("update {slow} where seq = (select max(seq) + 1 from changes) / 2"))
        .await;
    ask(&side, &json!({ "since": since })).await;
    let offered = BTreeSet::from_iter(offered(&side, &broker).await);
    let wanted = ids.iter().filter(|id| **id != ids[4]).cloned();
    assert_eq!(offered, BTreeSet::from_iter(wanted));
}

#[tokio::test]
async fn those_that_are_named_are_offered_and_unknown_ones_told() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let ids = write_notes(&side.database, 3).await;
    let unknown = "n-unknown";
    let answer = ask(&side, &json!({"ids": [ids[2], unknown, ids[0], ids[2]]})).await;
    assert_eq!(answer["unknown"], json!([unknown]));
    assert_eq!(
        BTreeSet::from_iter(offered(&side, &broker).await),
        [ids[0].clone(), ids[2].clone()].into()
    );
}

#[tokio::test]
async fn an_offer_tells_a_record_as_it_is_and_changes_nothing() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let ids = write_notes(&side.database, 1).await;
    published(&side).await;
    let written = body(&take_all(&broker).await[0]);
    ask(&side, &json!({ "ids": ids })).await;
    published(&side).await;
    let offered = body(&take_all(&broker).await[0]);
    for same in ["text", "version", "note_id", "origin", "schema"] {
        assert_eq!(offered[same], written[same], "{same}");
    }
    assert_ne!(offered["id"], written["id"]);
}

#[tokio::test]
async fn nothing_to_offer_is_no_trouble() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    ask(&side, &json!({"all": true})).await;
    ask(&side, &json!({"ids": []})).await;
    assert!(offered(&side, &broker).await.is_empty());
}

#[tokio::test]
async fn an_offer_waits_for_rabbitmq_as_every_change_does() {
    let side = TestService::start("notes", notes()).await;
    let ids = write_notes(&side.database, 2).await;
    ask(&side, &json!({ "ids": ids })).await;
    ask(&side, &json!({"all": true})).await;
    assert_eq!((side.rows().await.outbox, side.database.count("offers").await), (4, 1));
}

#[tokio::test]
async fn what_is_no_offer_is_refused() {
    let side = TestService::start("notes", notes()).await;
    let many = vec!["n-0001"; 501];
    for request in [
        json!({}),
        json!({"all": false}),
        json!({"all": true, "ids": []}),
        json!({"since": "yesterday"}),
        json!({"since": "-9999-01-01T00:00:00Z"}),
        json!({"ids": ["no key"]}),
        json!({"ids": many}),
        json!({"every": true}),
    ] {
        side.client.post(OFFER, &request).await.assert_problem(422);
    }
    assert_eq!(side.database.count("offers").await, 0);
}

#[tokio::test]
async fn an_offer_of_all_that_waits_for_its_turn_speaks_for_another_one() {
    let side = TestService::start("notes", notes()).await;
    write_notes(&side.database, 2).await;
    for _ in 0..3 {
        ask(&side, &json!({"all": true})).await;
    }
    ask(&side, &json!({"since": now()})).await;
    assert_eq!(side.database.count("offers").await, 2);
}
