//! Changes of readings go to whoever has bound a queue; with nobody there that is no error.

use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::queue::{bind_to, declare_exchange_of, published, told_state};
use test_kit::{BrokerUser, TestBroker, TestService};
use warehouse_svc::{PROGRAM, records};

use super::{Device, LONG_AGO, READINGS, reading, sync_by_date};

const QUEUE: &str = "expiring";

pub(super) async fn publishing_to(broker: &TestBroker) -> TestService {
    let settings = broker.settings(BrokerUser::Warehouse);
    TestService::start_with(PROGRAM.name, records(), |all| all.broker = settings).await
}

async fn take(broker: &TestBroker) -> Option<Value> {
    Some(serde_json::from_slice(&broker.take(QUEUE).await?).unwrap())
}

#[tokio::test]
async fn changes_are_published_to_whoever_has_bound_a_queue() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Warehouse).await;
    bind_to(&broker, Side::Warehouse, QUEUE, "reading.*").await;
    let warehouse = publishing_to(&broker).await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    warehouse.client.delete(&format!("{READINGS}/1")).await.with(204);
    published(&warehouse).await;
    for (kind, version) in [("reading.changed", 1), ("reading.removed", 2)] {
        let event = take(&broker).await.unwrap();
        assert_eq!((&event["kind"], &event["version"]), (&json!(kind), &json!(version)));
        assert_eq!((&event["gtin"], &event["origin"]), (&json!("1"), &json!("warehouse")));
    }
    let offer = json!({"resource": "reading", "ids": ["1"]});
    warehouse.client.post("/v1/sync/offer", &offer).await.with(202);
    published(&warehouse).await;
    let event = take(&broker).await.unwrap();
    assert_eq!((&event["kind"], &event["deleted"]), (&json!("reading.offered"), &json!(true)));
    assert_eq!(take(&broker).await, None);
}

#[tokio::test]
async fn with_nobody_bound_that_is_no_error() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Warehouse).await;
    let warehouse = publishing_to(&broker).await;
    told_state(&warehouse, "publishing").await;
    let records = (0..100).map(|gtin| reading(&gtin.to_string(), 1)).collect::<Vec<_>>();
    sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
    published(&warehouse).await;
    told_state(&warehouse, "publishing").await;
}

#[tokio::test]
async fn an_offer_is_no_news_for_a_client_with_a_cursor() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Warehouse).await;
    let warehouse = publishing_to(&broker).await;
    let mut device = Device::new(&warehouse.client);
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    device.until("1").await;
    let offer = json!({"resource": "reading", "all": true});
    warehouse.client.post("/v1/sync/offer", &offer).await.with(202);
    published(&warehouse).await;
    assert_eq!(warehouse.database.count("changes where kind = 'reading.offered'").await, 1);
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("2", 2)]).await.with(200);
    assert_eq!(device.until("2").await, [reading("2", 2)]);
    // Who begins at the start gets each reading once, too.
    let all = Device::new(&warehouse.client).until("2").await;
    assert_eq!(all, [reading("1", 1), reading("2", 2)]);
}
