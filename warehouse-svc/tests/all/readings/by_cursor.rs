//! A client with a cursor gets what reached the server since, whatever the readings' own dates are.

use serde_json::{Value, json};

use super::{Device, LONG_AGO, READINGS, SYNC, at, data, gtins, reading, sync_by_date};
use crate::samples::{arrived, warehouse};

const NOTHING: [Value; 0] = [];

#[tokio::test]
async fn a_late_upload_with_an_old_date_is_seen_by_the_others_exactly_once() {
    let warehouse = warehouse().await;
    let [mut one, mut other] = [(); 2].map(|()| Device::new(&warehouse.client));
    one.sync(&[reading("new", 30)]).await;
    other.until("new").await;
    one.sync(&[reading("late", 1)]).await;
    one.sync(&[reading("end", 31)]).await;
    assert_eq!(other.until("end").await, [reading("end", 31), reading("late", 1)]);
    assert_eq!(data(&other.sync(&[]).await), NOTHING);
    // A client that knows only dates does not see it.
    let by_date = sync_by_date(&warehouse.client, &at(30), &[]).await.with(200);
    assert_eq!(gtins(&by_date), ["end"]);
}

#[tokio::test]
async fn nobody_gets_what_it_uploaded_itself() {
    let warehouse = warehouse().await;
    let [mut one, mut other] = [(); 2].map(|()| Device::new(&warehouse.client));
    one.sync(&[reading("one", 1)]).await;
    one.sync(&[reading("one", 2)]).await;
    other.sync(&[reading("other", 3)]).await;
    assert_eq!(one.until("other").await, [reading("other", 3)]);
    // Of several changes only the newest counts: here it is the other's.
    one.sync(&[reading("both", 4)]).await;
    other.sync(&[reading("both", 5)]).await;
    other.sync(&[reading("end", 6)]).await;
    assert_eq!(one.until("end").await, [reading("both", 5), reading("end", 6)]);
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let warehouse = warehouse().await;
    let [mut one, mut other] = [(); 2].map(|()| Device::new(&warehouse.client));
    other.sync(&[reading("a", 1), reading("b", 9)]).await;
    one.until("b").await;
    other.sync(&[reading("c", 2), reading("d", 3)]).await;
    Device::new(&warehouse.client).until("d").await;
    let upload = [reading("b", 5), reading("e", 4), reading("d", 4)];
    let lost = one.send(&upload).await.with(200);
    assert_eq!(data(&lost), [reading("c", 2), reading("b", 9)]);
    let rows = warehouse.rows().await;
    for _ in 0..3 {
        assert_eq!(data(&one.send(&upload).await.with(200)), data(&lost));
    }
    assert_eq!(warehouse.rows().await, rows);
    one.sync(&upload).await;
    other.sync(&[reading("end", 7)]).await;
    assert_eq!(one.until("end").await, [reading("end", 7)]);
}

#[tokio::test]
async fn a_large_answer_comes_in_pages() {
    let warehouse = warehouse().await;
    // Changes of orders are passed over.
    arrived(&warehouse.client).await;
    let all = (0..4_500).map(|gtin| reading(&format!("{gtin:05}"), gtin % 60)).collect::<Vec<_>>();
    let mut uploader = Device::new(&warehouse.client);
    uploader.sync(&all).await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("end", 1)]).await.with(200);
    assert_eq!(uploader.until("end").await, [reading("end", 1)]);
    let (mut reader, mut got, mut pages) = (Device::new(&warehouse.client), vec![], 0);
    loop {
        let answer = reader.sync(&[]).await;
        got.extend(data(&answer));
        pages += 1;
        if answer["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(pages, 3);
    got.sort_by_key(|it| it["gtin"].as_str().unwrap().to_owned());
    assert_eq!(got.len(), 4_501);
    assert_eq!(got[..4_500], all);
}

#[tokio::test]
async fn of_an_equal_date_the_first_stands_and_the_others_are_told() {
    let warehouse = warehouse().await;
    let [mut one, mut other] = [(); 2].map(|()| Device::new(&warehouse.client));
    one.sync(&[reading("1", 1)]).await;
    let mut late = reading("1", 1);
    late["expiration_date"] = json!("2030-01-01");
    assert_eq!(data(&other.sync(&[late]).await), [reading("1", 1)]);
}

#[tokio::test]
async fn a_client_may_go_over_from_dates_to_cursors() {
    let warehouse = warehouse().await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 30)]).await.with(200);
    Device::new(&warehouse.client).until("1").await;
    let answer = sync_by_date(&warehouse.client, LONG_AGO, &[reading("2", 31)]).await.with(200);
    assert_eq!((gtins(&answer), &answer["more"]), (vec!["1".to_owned()], &json!(false)));
    let mut device = Device::new(&warehouse.client);
    answer["cursor"].as_str().unwrap().clone_into(&mut device.cursor);
    Device::new(&warehouse.client).sync(&[reading("late", 1)]).await;
    assert_eq!(device.until("late").await, [reading("late", 1)]);
}

#[tokio::test]
async fn a_cursor_stands_in_for_the_date_but_both_must_be_well_formed() {
    let warehouse = warehouse().await;
    let sync = async |body: Value| warehouse.client.post(SYNC, &body).await;
    sync(json!({"cursor": "start", "last_sync_date": LONG_AGO})).await.with(200);
    sync(json!({"cursor": "start", "last_sync_date": "soon"}))
        .await
        .assert_refuses(422, "last_sync_date");
    for wrong in [json!(""), json!("begin"), json!("A".repeat(65)), json!(7)] {
        sync(json!({"cursor": wrong, "last_sync_date": LONG_AGO}))
            .await
            .assert_refuses(422, "cursor");
    }
}

#[tokio::test]
async fn a_cursor_of_another_log_or_from_before_what_is_kept_is_gone() {
    let warehouse = warehouse().await;
    let mut device = Device::new(&warehouse.client);
    device.sync(&[reading("1", 1)]).await;
    let [mut other, early] = [(); 2]
        .map(|()| Device { cursor: device.cursor.clone(), ..Device::new(&warehouse.client) });
    other.sync(&[reading("2", 2)]).await;
    Device::new(&warehouse.client).until("2").await;
    warehouse
        .database
        .run("update log_state set trimmed_xid = (select max(xid) + 1 from changes)")
        .await;
    early.send(&[reading("3", 3)]).await.assert_problem(410);
    warehouse
        .database
        .run("update log_state set trimmed_xid = 0, incarnation = gen_random_uuid()")
        .await;
    let gone = device.send(&[reading("3", 3)]).await;
    gone.assert_problem(410);
    assert!(gone.text.contains("start"), "{}", gone.text);
    // Nothing of it was written.
    warehouse.client.get(&format!("{READINGS}/3")).await.assert_problem(404);
    assert_eq!(Device::new(&warehouse.client).until("2").await.len(), 2);
}
