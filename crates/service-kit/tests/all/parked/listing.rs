//! The list of parked changes: newest first, with whether each still matters.

use serde_json::json;
use service_kit::change_log::{self, Change};
use service_kit::database::now;
use shared_models::side::Side;
use test_kit::queue::{body, published, take_all};
use test_kit::{TestService, write_notes};
use uuid::Uuid;

use super::{PARKED, alone, hopeless, id, items, nameless, offered, one, post, report};
use crate::side::{bound_broker, publishing_to};

/// Appends a change of a note that is not published: it came from the peer, or touches nothing
/// shared.
async fn append_unpublished(side: &TestService, note: &str, origin: Side) {
    let change = Change {
        event_id: Uuid::now_v7(),
        resource: "note",
        key: note.to_owned(),
        kind: "note.written",
        origin,
        version: 2,
        at: now(),
        body: "{}".to_owned(),
        conflicts: None,
        to_publish: false,
        principal: None,
        trace: None,
    };
    change_log::append(&mut side.database.connect().await, &[change]).await.unwrap();
}

#[tokio::test]
async fn a_change_is_overtaken_by_what_this_side_has_published_since() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let note = write_notes(&side.database, 1).await.remove(0);
    published(&side).await;
    let event = id(&body(&take_all(&broker).await[0]));
    report(&side, &[hopeless(event, &note)]).await;
    let overtaken = async || one(&side, event).await["overtaken"].clone();
    assert_eq!(overtaken().await, false);
    append_unpublished(&side, &note, Side::Warehouse).await;
    assert_eq!(overtaken().await, false, "what came from the peer is not published");
    append_unpublished(&side, &note, Side::Store).await;
    assert_eq!(overtaken().await, false, "what touches nothing shared is not published");
    write_notes(&side.database, 1).await;
    assert_eq!(overtaken().await, false, "another note says nothing of this one");
    side.client.post("/v1/sync/offer", &json!({ "ids": [note] })).await.with(202);
    assert_eq!(overtaken().await, true);
    assert_eq!(items(&side, "").await[0]["overtaken"], true);
    // Its own offer is what says it now.
    post(&side, "replay", &json!({ "ids": [event] })).await;
    assert_eq!(offered(&side, event).await["overtaken"], false);
}

#[tokio::test]
async fn the_newest_comes_first_and_each_stands_on_one_page() {
    let side = alone().await;
    let mut ids = vec![];
    for _ in 0..3 {
        // Those of one report were parked at the same time.
        let mut some = [Uuid::new_v4(), Uuid::new_v4()];
        some.sort();
        report(&side, &some.map(nameless)).await;
        ids.splice(0..0, some.into_iter().rev());
    }
    post(&side, "drop", &json!({ "ids": [ids[2]] })).await;
    let walk = async |query: &str| {
        let (mut next, mut seen) = (Some(format!("{PARKED}{query}")), vec![]);
        while let Some(path) = next {
            let page = side.client.get(&path).await.with(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(id));
            next = page["next"].as_str().map(ToOwned::to_owned);
            let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
            assert_eq!(page.header("link"), link.as_deref());
        }
        seen
    };
    for limit in [1, 2, 6, 500] {
        assert_eq!(walk(&format!("?state=all&limit={limit}")).await, ids);
    }
    assert_eq!(walk("?state=dropped&limit=1").await, [ids[2]]);
    let parked = [&ids[..2], &ids[3..]].concat();
    assert_eq!(walk("?limit=2").await, parked);
    assert_eq!(walk("?state=parked").await, parked);
    assert!(walk("?state=offered").await.is_empty());
}

#[tokio::test]
async fn a_cursor_is_good_for_the_state_that_it_was_made_with() {
    let side = alone().await;
    report(&side, &[nameless(Uuid::new_v4()), nameless(Uuid::new_v4())]).await;
    let page = side.client.get(&format!("{PARKED}?limit=1")).await;
    let next = page["next"].as_str().unwrap();
    side.client.get(next).await.with(200);
    side.client.get(&next.replace("state=parked", "state=all")).await.assert_problem(400);
}

#[tokio::test]
async fn what_is_not_there_or_makes_no_sense_is_told() {
    let side = alone().await;
    for path in ["?state=lost", "?state=", "?limit=0", "?limit=501", "?cursor=e30", "?id=7"] {
        side.client.get(&format!("{PARKED}{path}")).await.assert_problem(400);
    }
    side.client.get(&format!("{PARKED}/{}", Uuid::new_v4())).await.assert_problem(404);
    let nameless = side.client.get(&format!("{PARKED}/7")).await;
    nameless.assert_problem(nameless.status);
    let one = format!("{PARKED}/{}", Uuid::new_v4());
    let routes = [
        (PARKED, "GET, HEAD, POST"),
        ("/v1/parked/replay", "POST"),
        ("/v1/parked/drop", "POST"),
        (one.as_str(), "GET, HEAD"),
    ];
    side.client.assert_has_only(&routes).await;
}
