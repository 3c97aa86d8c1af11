//! Replaying and dropping parked changes, as a person decides.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use test_kit::{TestService, eventually, write_notes};
use uuid::Uuid;

use super::{
    PARKED, alone, hopeless, items, nameless, offered, offering_after, offers, one, pause, post,
    report, reported,
};
use crate::side::{bound_broker, publishing_to};

/// Checks which changes were left, each with a word of the reason.
fn assert_left(settled: &Value, expected: &[(Uuid, &str)]) {
    let left = settled["left"].as_array().unwrap();
    assert_eq!(left.len(), expected.len(), "{settled}");
    for (left, (id, reason)) in left.iter().zip(expected) {
        assert_eq!(left["id"], json!(id), "{settled}");
        assert!(left["reason"].as_str().unwrap().contains(reason), "{reason}: {settled}");
    }
}

/// Parks three changes: one that waits for its time, one that waits for a person, and one that
/// cannot be offered.
async fn three(side: &TestService) -> [Uuid; 3] {
    let keys = write_notes(&side.database, 2).await;
    let ids = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let changes = [reported(ids[0], &keys[0]), hopeless(ids[1], &keys[1]), nameless(ids[2])];
    assert_eq!(report(side, &changes).await, 3);
    ids
}

#[tokio::test]
async fn what_can_be_replayed_is_offered_and_what_cannot_is_told() {
    let broker = bound_broker().await;
    let side = offering_after("1h", &broker).await;
    let [waiting, hopeless, unreadable] = three(&side).await;
    let unknown = Uuid::new_v4();
    let ids = [unknown, waiting, unreadable, waiting, hopeless, unknown];
    let settled = post(&side, "replay", &json!({ "ids": ids })).await;
    assert_eq!(settled["changed"], 2);
    assert_left(&settled, &[(unknown, "no parked change"), (unreadable, "only be dropped")]);
    for id in [waiting, hopeless] {
        assert_eq!(offered(&side, id).await["offer_at"], json!(null));
    }
    assert_eq!(offers(&side, &broker).await.len(), 2);
    let again = post(&side, "replay", &json!({ "ids": [hopeless, waiting] })).await;
    assert_eq!(again["changed"], 0);
    assert_left(&again, &[(hopeless, "offered"), (waiting, "offered")]);
    assert!(offers(&side, &broker).await.is_empty());
}

#[tokio::test]
async fn an_offer_takes_a_drop_back_and_is_reported_as_one_change() {
    let side = alone().await;
    let key = write_notes(&side.database, 1).await.remove(0);
    let [dropped, parked] = [Uuid::now_v7(), Uuid::now_v7()];
    assert_eq!(report(&side, &[hopeless(dropped, &key)]).await, 1);
    assert_eq!(post(&side, "drop", &json!({ "ids": [dropped] })).await["changed"], 1);
    assert_eq!(report(&side, &[hopeless(parked, &key)]).await, 1);
    let offer = async || {
        side.client.post("/v1/sync/offer", &json!({ "ids": [key] })).await.with(202);
        let newest = "changes where kind = 'note.offered'";
        side.database.count(newest).await
    };
    let with_event = async |id: Uuid, own: bool| {
        let is = if own { "=" } else { "<>" };
        let rows = format!("parked where id = '{id}' and state = 'offered' and event_id {is} id");
        side.database.count(&rows).await == 1
    };
    assert_eq!(offer().await, 1);
    assert!(with_event(dropped, true).await, "what is parked stands for the record");
    assert_eq!(one(&side, parked).await["state"], "parked");
    assert_eq!(post(&side, "drop", &json!({ "ids": [parked] })).await["changed"], 1);
    assert_eq!(offer().await, 2);
    assert!(with_event(parked, false).await && with_event(dropped, true).await);
}

#[tokio::test]
async fn what_is_due_already_is_not_made_due_twice() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    pause(&side, "pause").await;
    let [waiting, hopeless, _] = three(&side).await;
    assert_eq!(post(&side, "replay", &json!({ "ids": [waiting] })).await["changed"], 1);
    let due = one(&side, waiting).await;
    let settled = post(&side, "replay", &json!({ "ids": [waiting] })).await;
    assert_eq!(settled["changed"], 0);
    assert_left(&settled, &[(waiting, "already")]);
    assert_eq!(one(&side, waiting).await, due);
    assert_eq!(post(&side, "replay", &json!({"all": true})).await["changed"], 1);
    let none = json!({"changed": 0, "left": []});
    assert_eq!(post(&side, "replay", &json!({"all": true})).await, none);
    pause(&side, "resume").await;
    offered(&side, hopeless).await;
    assert_eq!(offers(&side, &broker).await.len(), 2);
}

#[tokio::test]
async fn two_who_replay_the_same_at_once_count_it_once() {
    let side = alone().await;
    let note = write_notes(&side.database, 1).await.remove(0);
    let all = json!({"all": true});
    for round in 0..20 {
        let some = (0..20).map(|_| hopeless(Uuid::now_v7(), &note)).collect::<Vec<_>>();
        report(&side, &some).await;
        let (one, two) = tokio::join!(post(&side, "replay", &all), post(&side, "replay", &all));
        let changed = [one, two].map(|settled| settled["changed"].as_u64().unwrap());
        assert_eq!(changed.iter().sum::<u64>(), 20, "{round}: {changed:?}");
    }
}

#[tokio::test]
async fn a_replay_that_had_to_wait_does_not_count_what_was_replayed_meanwhile() {
    let side = alone().await;
    // Nothing is offered meanwhile.
    pause(&side, "pause").await;
    let [first, second, _] = three(&side).await;
    let mut holder = side.database.connect().await;
    let lock = format!("begin; select from parked where id = '{first}' for update");
    holder.batch_execute(&lock).await.unwrap();
    let both = json!({ "ids": [first, second] });
    let waiting = post(&side, "replay", &both);
    let meanwhile = async {
        eventually("it waits for the first", async || {
            let waiting = "pg_stat_activity where wait_event_type = 'Lock'
                and datname = current_database()";
            (side.database.count(waiting).await == 1).then_some(())
        })
        .await;
        let settled = post(&side, "replay", &json!({ "ids": [second] })).await;
        holder.batch_execute("commit").await.unwrap();
        settled
    };
    let (both, one) = tokio::join!(waiting, meanwhile);
    assert_eq!((&both["changed"], &one["changed"]), (&json!(1), &json!(1)));
    assert_left(&both, &[(second, "already")]);
}

#[tokio::test]
async fn one_is_dropped_and_stays_on_record() {
    let side = alone().await;
    let [waiting, hopeless, unreadable] = three(&side).await;
    let others = [one(&side, waiting).await, one(&side, hopeless).await];
    let settled = post(&side, "drop", &json!({ "ids": [unreadable] })).await;
    assert_eq!(settled, json!({"changed": 1, "left": []}));
    let dropped = one(&side, unreadable).await;
    assert_eq!((&dropped["state"], &dropped["offer_at"]), (&json!("dropped"), &json!(null)));
    assert_eq!(items(&side, "?state=dropped").await, [dropped]);
    assert_eq!([one(&side, waiting).await, one(&side, hopeless).await], others);
    let ids = json!({ "ids": [unreadable, Uuid::nil()] });
    for deed in ["drop", "replay"] {
        let again = post(&side, deed, &ids).await;
        assert_eq!(again["changed"], 0);
        assert_left(&again, &[(unreadable, "dropped"), (Uuid::nil(), "no parked change")]);
    }
    assert_eq!(post(&side, "drop", &json!({"all": true})).await["changed"], 2);
    assert!(items(&side, "").await.is_empty());
    assert_eq!(items(&side, "?state=dropped").await.len(), 3);
}

#[tokio::test]
async fn what_was_offered_is_not_dropped() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let [waiting, ..] = three(&side).await;
    post(&side, "replay", &json!({ "ids": [waiting] })).await;
    let shown = offered(&side, waiting).await;
    let settled = post(&side, "drop", &json!({ "ids": [waiting] })).await;
    assert_left(&settled, &[(waiting, "offered")]);
    assert_eq!(one(&side, waiting).await, shown);
}

#[tokio::test]
async fn a_selection_that_is_unclear_is_refused() {
    let side = alone().await;
    let ids = three(&side).await;
    for selection in [
        json!({}),
        json!({"all": false}),
        json!({"all": true, "ids": ids}),
        json!({"all": null, "ids": null}),
        json!({"ids": vec![ids[0]; 501]}),
        json!({"ids": ["7"]}),
        json!({"every": true}),
    ] {
        for deed in ["replay", "drop"] {
            side.client.post(&format!("{PARKED}/{deed}"), &selection).await.assert_problem(422);
        }
    }
    assert!(items(&side, "").await.iter().all(|change| change["state"] == "parked"));
}
