//! Removed readings: who hears of them, and how they come back.

use serde_json::{Value, json};
use service_kit::application::ServiceSettings;

use shared_models::side::Side;
use test_kit::queue::{declare_exchange_of, published};
use test_kit::{BrokerUser, TestBroker, TestService};
use warehouse_svc::{PROGRAM, records};

use super::publishing::publishing_to;
use super::{Device, LONG_AGO, READINGS, at, data, gtins, reading, sync_by_date};
use crate::samples::{purged, warehouse};

fn removed(gtin: &str, minute: u32) -> Value {
    json!({"gtin": gtin, "updated_at": at(minute), "deleted": true})
}

#[tokio::test]
async fn a_removed_reading_is_gone_for_lists_and_dates_and_told_to_cursors() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let [mut one, mut other] = [(); 2].map(|()| Device::new(client));
    one.sync(&[reading("1", 1), reading("2", 2)]).await;
    other.until("2").await;
    one.sync(&[removed("1", 3)]).await;
    one.sync(&[reading("end", 4)]).await;
    assert_eq!(other.until("end").await, [removed("1", 3), reading("end", 4)]);
    client.get(&format!("{READINGS}/1")).await.assert_problem(404);
    assert_eq!(gtins(&client.get(READINGS).await.with(200)), ["end", "2"]);
    assert_eq!(data(&client.get(&format!("{READINGS}?gtin=1")).await.with(200)), [] as [Value; 0]);
    let by_date = sync_by_date(client, LONG_AGO, &[]).await.with(200);
    assert_eq!(gtins(&by_date), ["end", "2"]);
    // Not even to a client that uploads an older one, which does not bring it back.
    let by_date = sync_by_date(client, LONG_AGO, &[reading("1", 2)]).await.with(200);
    assert_eq!(gtins(&by_date), ["end", "2"]);
    client.get(&format!("{READINGS}/1")).await.assert_problem(404);
    // A client with a cursor is told of what stands against its upload.
    assert_eq!(data(&other.sync(&[reading("1", 2)]).await), [removed("1", 3)]);
}

#[tokio::test]
async fn a_removed_reading_comes_back_with_a_newer_upload() {
    let warehouse = warehouse().await;
    let mut device = Device::new(&warehouse.client);
    let upload = async |record: Value| {
        sync_by_date(&warehouse.client, LONG_AGO, &[record]).await.with(200);
    };
    upload(reading("1", 1)).await;
    upload(removed("1", 2)).await;
    upload(removed("1", 2)).await;
    upload(reading("1", 3)).await;
    assert_eq!(device.until("1").await, [reading("1", 3)]);
    let kinds = ["reading.changed", "reading.removed"];
    for (kind, count) in kinds.into_iter().zip([2, 1]) {
        assert_eq!(
            warehouse.database.count(&format!("changes where kind = '{kind}'")).await,
            count
        );
    }
}

#[tokio::test]
async fn the_removal_of_what_was_never_there_keeps_an_older_upload_out() {
    let warehouse = warehouse().await;
    sync_by_date(&warehouse.client, LONG_AGO, &[removed("1", 2)]).await.with(200);
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    warehouse.client.get(&format!("{READINGS}/1")).await.assert_problem(404);
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 3)]).await.with(200);
    warehouse.client.get(&format!("{READINGS}/1")).await.with(200);
}

#[tokio::test]
async fn delete_removes_a_reading_once() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let path = format!("{READINGS}/1");
    client.delete(&path).await.assert_problem(404);
    sync_by_date(client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    let mut device = Device::new(client);
    device.until("1").await;
    client.delete(&path).await.with(204);
    client.delete(&path).await.assert_problem(404);
    client.get(&path).await.assert_problem(404);
    let told = device.until("1").await;
    assert_eq!((told.len(), &told[0]["deleted"]), (1, &json!(true)));
    assert!(told[0].get("expiration_date").is_none());
    // It comes back, and counts as created.
    let answer = client.put(&path, &json!({"expiration_date": "2027-04-30"})).await.with(201);
    assert_eq!((answer.tag(), answer.header("location")), ("\"3\"", Some(&*path)));
}

#[tokio::test]
async fn what_was_removed_long_ago_is_purged_with_its_last_change() {
    let broker = TestBroker::new().await;
    declare_exchange_of(&broker, Side::Warehouse).await;
    let warehouse = publishing_to(&broker).await;
    let mut device = Device::new(&warehouse.client);
    device.sync(&[reading("1", 1), reading("2", 1)]).await;
    let mut behind = Device::new(&warehouse.client);
    behind.until("2").await;
    device.sync(&[removed("1", 3)]).await;
    Device::new(&warehouse.client).sync(&[reading("4", 1)]).await;
    // A cursor can stay behind what its own client has sent: what began earlier may not be over.
    device.until("4").await;
    published(&warehouse).await;
    // As if all of it was long ago, and nobody compared.
    let age = "
        update compared set at = at - interval '100 days';
        update changes set at = at - interval '100 days';
        update readings set changed_at = changed_at - interval '100 days'";
    let database = warehouse.stop().await;
    database.run(age).await;
    let settings = broker.settings(BrokerUser::Warehouse);
    let adjust = |all: &mut ServiceSettings| all.broker = settings;
    let warehouse = TestService::start_over(PROGRAM.name, records(), database, adjust).await;
    warehouse.is_ready().await;
    behind.client = warehouse.client.clone();
    device.client = warehouse.client.clone();
    purged(&warehouse.database, &["changes where key = '1'", "readings where gtin = '1'"]).await;
    assert_eq!(warehouse.database.count("readings where gtin = '2'").await, 1);
    // Whoever has not heard of it is told to begin again.
    behind.send(&[]).await.assert_problem(410);
    let mut new = Device::new(&warehouse.client);
    assert_eq!(new.until("4").await, [reading("2", 1), reading("4", 1)]);
    device.sync(&[reading("3", 1)]).await;
    assert_eq!(new.until("3").await, [reading("3", 1)]);
}
