//! Pausing a side: it publishes nothing, whichever process serves it.

use serde_json::json;
use test_kit::queue::{published, take_all, told_state};
use test_kit::{TestService, eventually, write_notes};

use crate::side::{bound_broker, publishing_to};
use crate::taking_over::replica;

async fn post(side: &TestService, what: &str) -> serde_json::Value {
    side.client.post(&format!("/v1/relay/{what}"), &json!(null)).await.with(200).body
}

#[tokio::test]
async fn a_pause_holds_for_every_process_until_somebody_resumes() {
    let broker = bound_broker().await;
    let first = publishing_to(&broker).await;
    told_state(&first, "publishing").await;
    assert!(post(&first, "pause").await["paused_since"].is_string());
    told_state(&first, "paused").await;
    let second = replica("second", &first, &broker).await;
    told_state(&second, "standby").await;
    write_notes(&first.database, 5).await;
    let _database = first.stop().await;
    // It took over after they were written, and so has looked at them.
    told_state(&second, "paused").await;
    let relay = second.client.get("/v1/relay").await.with(200);
    assert_eq!((&relay["state"], &relay["waiting"]), (&json!("paused"), &json!(5)));
    assert!(relay["oldest"].is_string());
    assert!(take_all(&broker).await.is_empty());
    assert_eq!(post(&second, "resume").await["paused_since"], json!(null));
    told_state(&second, "publishing").await;
    eventually("all are published", async || {
        (second.client.get("/v1/relay").await["waiting"] == 0).then_some(())
    })
    .await;
    assert_eq!(take_all(&broker).await.len(), 5);
}

#[tokio::test]
async fn to_pause_or_resume_twice_is_the_same_as_once() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let since = post(&side, "pause").await["paused_since"].clone();
    assert_eq!(post(&side, "pause").await["paused_since"], since);
    post(&side, "resume").await;
    assert_eq!(post(&side, "resume").await["paused_since"], json!(null));
    write_notes(&side.database, 1).await;
    published(&side).await;
}
