//! The events of records: in the log, in their feed, and to whoever has bound a queue.

use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use shared_models::side::Side;
use test_kit::queue::{bind_to, declare_exchange_of, published};
use test_kit::{BrokerUser, TestBroker, TestService, changed, eventually};
use warehouse_svc::{PROGRAM, records};

use super::{KINDS, Kind};
use crate::samples::purged;

async fn publishing_to(broker: &TestBroker) -> TestService {
    let settings = broker.settings(BrokerUser::Warehouse);
    TestService::start_with(PROGRAM.name, records(), |all| all.broker = settings).await
}

async fn take(broker: &TestBroker, queue: &str) -> Option<Value> {
    Some(serde_json::from_slice(&broker.take(queue).await?).unwrap())
}

/// What an event says of a record that is not removed.
fn said(kind: Kind) -> Value {
    match kind.resource {
        "operator" => changed(&kind.shown(1), &json!({"sites": [], "inactive_sites": []})),
        _ => kind.shown(1),
    }
}

#[tokio::test]
async fn changes_are_published_and_stand_in_the_feed() {
    for kind in KINDS {
        let broker = TestBroker::new().await;
        declare_exchange_of(&broker, Side::Warehouse).await;
        let resource = kind.resource;
        bind_to(&broker, Side::Warehouse, resource, &format!("{resource}.*")).await;
        let warehouse = publishing_to(&broker).await;
        kind.create(&warehouse.client, 1).await;
        warehouse.client.patch(&kind.one(1), &json!({"note": "x"})).await.with(200);
        published(&warehouse).await;
        let offer = json!({"resource": resource, "ids": ["1"]});
        let offered = warehouse.client.post("/v1/sync/offer", &offer).await.with(202);
        assert_eq!(offered["offered"], json!(["1"]));
        published(&warehouse).await;
        warehouse.client.delete(&kind.one(1)).await.with(204);
        published(&warehouse).await;
        let noted = changed(&said(kind), &json!({"note": "x"}));
        let gone = json!({"id": 1});
        for (happened, version, record) in [
            ("created", 1, &said(kind)),
            ("changed", 2, &noted),
            ("offered", 2, &noted),
            ("removed", 3, &gone),
        ] {
            let event = take(&broker, resource).await.unwrap();
            assert_eq!(event["kind"], format!("{resource}.{happened}"));
            assert_eq!((&event["version"], &event["record"]), (&json!(version), record));
            assert_eq!(event["deleted"], happened == "removed");
            assert_eq!((&event["schema"], &event["origin"]), (&json!(1), &json!("warehouse")));
        }
        let feed = format!("{}/changes?cursor=start", kind.path);
        let told = eventually("the feed has all changes", async || {
            let page = warehouse.client.get(&feed).await.with(200);
            let kinds = page["changes"].as_array().unwrap().iter().map(|it| it["kind"].clone());
            let kinds = kinds.collect::<Vec<_>>();
            (kinds.len() == 3).then_some(kinds)
        });
        let expected =
            ["created", "changed", "removed"].map(|it| json!(format!("{resource}.{it}")));
        assert_eq!(told.await, expected);
    }
}

#[tokio::test]
async fn what_was_removed_long_ago_is_purged_and_begins_anew() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Warehouse).await;
    let warehouse = publishing_to(&broker).await;
    for kind in KINDS {
        for id in [1, 2] {
            kind.create(&warehouse.client, id).await;
        }
        warehouse.client.delete(&kind.one(1)).await.with(204);
    }
    // The last entry of the log always stays.
    KINDS[0].create(&warehouse.client, 3).await;
    published(&warehouse).await;
    let age = "
        update compared set at = at - interval '100 days';
        update changes set at = at - interval '100 days';
        update sites set updated_at = updated_at - interval '100 days';
        update operators set updated_at = updated_at - interval '100 days'";
    let database = warehouse.stop().await;
    database.run(age).await;
    let settings = broker.settings(BrokerUser::Warehouse);
    let adjust = |all: &mut ServiceSettings| all.broker = settings;
    let warehouse = TestService::start_over(PROGRAM.name, records(), database, adjust).await;
    warehouse.is_ready().await;
    let removed = ["changes where key = '1'", "sites where deleted", "operators where deleted"];
    purged(&warehouse.database, &removed).await;
    for kind in KINDS {
        assert_eq!(kind.create(&warehouse.client, 1).await.tag(), "\"1\"");
        warehouse.client.get(&kind.one(2)).await.with(200);
    }
}
