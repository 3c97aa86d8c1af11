//! Clients that upload overlapping readings at the same time.

use futures_util::future::join_all;
use serde_json::Value;

use super::{Device, LONG_AGO, READINGS, data, reading, sync_by_date};
use crate::samples::warehouse;

#[tokio::test]
async fn whoever_comes_first_the_newest_reading_stands() {
    const CLIENTS: u32 = 12;
    let warehouse = warehouse().await;
    let gtins = (0..200).map(|gtin| format!("{gtin:03}")).collect::<Vec<_>>();
    let upload = async |client: u32| {
        let mut rng = fastrand::Rng::with_seed(u64::from(client));
        for minute in [client, client + CLIENTS, client + 2 * CLIENTS] {
            let mut records =
                gtins.iter().map(|gtin| reading(gtin, minute)).collect::<Vec<Value>>();
            rng.shuffle(&mut records);
            records.truncate(150);
            let newest = reading(&gtins[0], minute);
            records.retain(|record| record["gtin"] != newest["gtin"]);
            records.push(newest);
            sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
        }
    };
    let set = async |number: u32| {
        let path = format!("{READINGS}/{}", gtins[usize::try_from(number).unwrap()]);
        let body = serde_json::json!({"updated_at": super::at(0), "expiration_date": "2027-03-31"});
        let answer = warehouse.client.put(&path, &body).await;
        assert!([200, 201, 409].contains(&answer.status), "{}", answer.text);
    };
    let uploads = async { join_all((0..CLIENTS).map(upload)).await };
    let sets = async { join_all((0..100).map(set)).await };
    tokio::join!(uploads, sets);
    let newest = warehouse.client.get(&format!("{READINGS}/{}", gtins[0])).await.with(200);
    assert_eq!(newest.body, reading(&gtins[0], 3 * CLIENTS - 1));
    // The versions of each reading stand in the log in the order of their dates.
    let out_of_order = "(select (body::json ->> 'updated_at')::timestamptz < lag((body::json ->> 'updated_at')::timestamptz)
        over (partition by key order by xid, seq) as is_older, version <> row_number()
        over (partition by key order by xid, seq) as is_odd from changes) as each where is_older or is_odd";
    assert_eq!(warehouse.database.count(out_of_order).await, 0);
    // Who follows ends equal to the server.
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("end", 59)]).await.with(200);
    let mut got = Device::new(&warehouse.client).until("end").await;
    got.reverse();
    let mut all = std::collections::BTreeMap::new();
    for record in got {
        all.entry(record["gtin"].to_string()).or_insert(record);
    }
    let listed = data(&warehouse.client.get(&format!("{READINGS}?limit=500")).await.with(200));
    assert_eq!(all.len(), listed.len());
    for record in listed {
        assert_eq!(all[&record["gtin"].to_string()], record);
    }
}

#[tokio::test]
async fn uploads_of_the_same_new_readings_in_any_order_do_not_deadlock() {
    let warehouse = warehouse().await;
    for round in 0..10_u32 {
        let records = (0..100).map(|gtin| reading(&format!("{round}-{gtin:02}"), 1));
        let records = records.collect::<Vec<_>>();
        let upload = async |client: u64| {
            let mut mine = records.clone();
            fastrand::Rng::with_seed(client).shuffle(&mut mine);
            sync_by_date(&warehouse.client, LONG_AGO, &mine).await.with(200);
        };
        join_all((0..8).map(upload)).await;
    }
    assert_eq!(warehouse.rows().await.changes, 1_000);
    assert_eq!(warehouse.database.count("outbox").await, 1_000);
}

#[tokio::test]
async fn a_reading_is_locked_before_its_change_is_appended() {
    let warehouse = warehouse().await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    let mut holder = warehouse.database.connect().await;
    use diesel_async::SimpleAsyncConnection as _;
    holder.batch_execute("begin; select from readings where gtin = '1' for update").await.unwrap();
    let waiting = async {
        sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 2), reading("0", 2)])
            .await
            .with(200)
    };
    let releasing = async {
        warehouse.database.sessions_wait(1).await;
        // Nothing is appended yet, and nothing can be seen of it.
        assert_eq!(warehouse.rows().await.changes, 1);
        holder.batch_execute("commit").await.unwrap();
    };
    tokio::join!(waiting, releasing);
    assert_eq!(warehouse.rows().await.changes, 3);
}
