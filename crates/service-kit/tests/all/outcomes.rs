//! Writes whose outcome is unknown, because PostgreSQL does not answer.

use serde_json::json;
use test_kit::{Loss, TestService, notes, write_notes};

#[tokio::test]
async fn of_a_pause_or_the_end_of_an_offer_without_an_answer_it_is_told_that_nobody_knows() {
    let (side, link) = TestService::linked("notes", notes()).await;
    // While a change waits for RabbitMQ, no offer goes on.
    write_notes(&side.database, 1).await;
    let asked = side.client.post("/v1/sync/offer", &json!({"all": true})).await.with(202);
    let offer = asked.header("location").unwrap();
    let breaking = async |text: &str| {
        link.lose(Loss::Answer, text);
        link.has_lost().await;
        link.cut();
    };
    let (pause, resume) = ("/v1/relay/pause", "/v1/relay/resume");
    let nothing = json!(null);
    let (paused, ()) =
        tokio::join!(side.client.post(pause, &nothing), breaking("INSERT INTO \"pause\""));
    let (resumed, ()) = tokio::join!(side.client.post(resume, &nothing), breaking("DELETE"));
    let (ended, ()) = tokio::join!(side.client.delete(offer), breaking("DELETE"));
    for answer in [paused, resumed, ended] {
        answer.assert_problem(503);
        assert!(answer["type"].as_str().unwrap().ends_with("outcome-unknown"), "{}", answer.text);
    }
}
