//! Replaying and dropping exactly one change among ten thousand.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_kit::{TestService, eventually, write_notes};
use uuid::Uuid;

use super::{PARKED, hopeless, id, offered, offers, post, report};
use crate::side::{bound_broker, publishing_to};

const MANY: usize = 10_000;

/// Returns all parked changes, by id; each has to be on one page.
async fn all(side: &TestService) -> BTreeMap<Uuid, Value> {
    let mut next = Some(format!("{PARKED}?state=all&limit=500"));
    let mut seen = BTreeMap::new();
    while let Some(path) = next {
        let page = side.client.get(&path).await.with(200);
        for change in page["items"].as_array().unwrap() {
            assert_eq!(seen.insert(id(change), change.clone()), None);
        }
        next = page["next"].as_str().map(ToOwned::to_owned);
    }
    seen
}

/// Waits as long as fewer and fewer are left: so many take their time on a busy machine.
async fn all_are_offered(side: &TestService) {
    let waiting = async || side.database.count("parked where state = 'parked'").await;
    let mut left = waiting().await;
    while left > 0 {
        let fewer = async || Some(waiting().await).filter(|waiting| *waiting < left);
        left = eventually("more are offered", fewer).await;
    }
}

#[tokio::test]
async fn one_among_ten_thousand_is_replayed_or_dropped_exactly() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let keys = write_notes(&side.database, MANY).await;
    let changes = keys.iter().map(|key| hopeless(Uuid::now_v7(), key)).collect::<Vec<_>>();
    for some in changes.chunks(500) {
        assert_eq!(report(&side, some).await, 500);
    }
    let mut expected = all(&side).await;
    assert_eq!(expected.len(), MANY);
    let ids = expected.keys().copied().collect::<Vec<_>>();
    let (dropped, replayed) = (ids[1_234], ids[8_765]);
    assert_eq!(post(&side, "drop", &json!({ "ids": [dropped] })).await["changed"], 1);
    assert_eq!(post(&side, "replay", &json!({ "ids": [replayed] })).await["changed"], 1);
    let event = offered(&side, replayed).await["event_id"].clone();
    expected.get_mut(&dropped).unwrap()["state"] = json!("dropped");
    let change = expected.get_mut(&replayed).unwrap();
    (change["state"], change["event_id"]) = (json!("offered"), event.clone());
    let seen = all(&side).await;
    for acted_on in [dropped, replayed] {
        let at = seen[&acted_on]["acted_at"].clone();
        assert!(at.is_string(), "{at}");
        expected.get_mut(&acted_on).unwrap()["acted_at"] = at;
    }
    assert_eq!(seen, expected);
    let told = offers(&side, &broker).await;
    assert_eq!(told.iter().map(|offer| &offer["id"]).collect::<Vec<_>>(), [&event]);
    let settled = post(&side, "replay", &json!({"all": true})).await;
    assert_eq!(settled, json!({"changed": MANY - 2, "left": []}));
    all_are_offered(&side).await;
    let told = offers(&side, &broker).await;
    let told = told.iter().map(|offer| offer["note_id"].as_str().unwrap());
    let told = told.collect::<std::collections::BTreeSet<_>>();
    assert_eq!(told.len(), MANY - 2);
}
