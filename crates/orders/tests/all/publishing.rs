//! The events that are published of an order: what this side decides, both facets in an offer, and nothing that
//! came from the peer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orders::{Record, storage};
use serde_json::json;
use service_kit::change_log;
use shared_models::SCHEMA;
use shared_models::event::EventKind;
use shared_models::order::Touched;
use shared_models::side::Side;
use test_kit::queue::{QUEUE, body, published, take_all};
use test_kit::{TestService, change_of, delivery_to};
use uuid::Uuid;

use crate::plain::{bound_broker, publishing_to, write_orders};

async fn offer(side: &TestService, id: Uuid) {
    side.client.post("/v1/sync/offer", &json!({ "ids": [id] })).await.with(202);
}

#[tokio::test]
async fn an_offer_tells_both_facets_and_changes_nothing() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let id = write_orders(&side.database, 1).await[0];
    published(&side).await;
    let created = body(&take_all(&broker).await[0]);
    offer(&side, id).await;
    published(&side).await;
    let offered = body(&take_all(&broker).await[0]);
    assert_eq!(offered["touched"], json!(["delivery", "progress"]));
    for same in ["delivery", "progress", "version", "order_id", "origin", "schema"] {
        assert_eq!(offered[same], created[same], "{same}");
    }
    assert_ne!(offered["id"], created["id"]);
}

#[tokio::test]
async fn what_arrived_from_the_peer_is_not_published() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let change = change_of(Uuid::now_v7(), delivery_to("1 Quay Street", 1, 1), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
    write_orders(&side.database, 1).await;
    published(&side).await;
    assert_eq!(broker.queue_depth(QUEUE).await, Some(1));
    assert_eq!(body(&take_all(&broker).await[0])["kind"], "order.created");
}

#[tokio::test]
async fn a_parked_change_is_overtaken_by_what_this_side_has_published_since() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    let order = write_orders(&side.database, 1).await[0];
    published(&side).await;
    let event = body(&take_all(&broker).await[0])["id"].clone();
    let change = json!({
        "event_id": event, "resource": "order", "key": order, "body": STANDARD.encode("{}"),
        "reason": "the peer answers 500", "may_pass": false,
    });
    let report = json!({"schema": SCHEMA, "changes": [change]});
    assert_eq!(side.client.post("/v1/parked", &report).await.with(200)["parked"], 1);
    let path = format!("/v1/parked/{}", event.as_str().unwrap());
    let overtaken = async || side.client.get(&path).await.with(200)["overtaken"].clone();
    assert_eq!(overtaken().await, false);
    let change = change_of(order, delivery_to("2 Quay Street", 1, 1), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
    assert_eq!(overtaken().await, false, "what came from the peer is not published");
    let mut connection = side.database.connect().await;
    let now = storage::find::<()>(&connection, order).await.unwrap().unwrap();
    let record = Record::edited(Side::Store, EventKind::Updated, &now, &now, Touched::Nothing);
    let changes = storage::to_changes([&record]).unwrap();
    change_log::append(&mut connection, &changes).await.unwrap();
    assert_eq!(overtaken().await, false, "what touches nothing shared is not published");
    write_orders(&side.database, 1).await;
    assert_eq!(overtaken().await, false, "another order says nothing of this one");
    offer(&side, order).await;
    assert_eq!(overtaken().await, true);
}
