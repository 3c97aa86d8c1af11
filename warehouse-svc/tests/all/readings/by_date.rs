//! The old protocol: a client that knows only dates.

use serde_json::{Value, json};

use super::{LONG_AGO, READINGS, SYNC, at, data, gtins, reading, sync_by_date};
use crate::samples::warehouse;

#[tokio::test]
async fn the_newer_reading_stands_and_is_returned_only_to_who_lacks_it() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    // Of the server, of the client, afterwards, and whether it is returned.
    let cases = [
        ("unknown", None, 5, 5, false),
        ("older", Some(4), 5, 5, false),
        ("equal", Some(5), 5, 5, false),
        ("newer", Some(6), 5, 6, true),
    ];
    let there = cases.iter().filter_map(|(gtin, there, ..)| Some(reading(gtin, (*there)?)));
    let there = there.collect::<Vec<_>>();
    assert_eq!(data(&sync_by_date(client, LONG_AGO, &there).await.with(200)), [] as [Value; 0]);
    let uploaded = cases.map(|(gtin, _, uploaded, ..)| reading(gtin, uploaded));
    for since in [LONG_AGO.to_owned(), at(30)] {
        let answer = sync_by_date(client, &since, &uploaded).await.with(200);
        let returned = cases.iter().filter(|case| case.4).map(|case| reading(case.0, case.3));
        assert_eq!(data(&answer), returned.collect::<Vec<_>>(), "since {since}");
    }
    for (gtin, _, _, after, _) in cases {
        let one = client.get(&format!("{READINGS}/{gtin}")).await.with(200);
        assert_eq!(one.body, reading(gtin, after));
    }
}

#[tokio::test]
async fn an_equal_date_leaves_the_first_content_and_returns_nothing() {
    let warehouse = warehouse().await;
    let other = json!({"gtin": "1", "updated_at": at(1), "expiration_date": "2030-01-01"});
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    let answer = sync_by_date(&warehouse.client, LONG_AGO, &[other]).await.with(200);
    assert_eq!(data(&answer), [] as [Value; 0]);
    let one = warehouse.client.get(&format!("{READINGS}/1")).await.with(200);
    assert_eq!(one.body, reading("1", 1));
    assert_eq!(warehouse.rows().await.changes, 1);
}

#[tokio::test]
async fn what_was_changed_after_the_date_is_returned_newest_first() {
    let warehouse = warehouse().await;
    let all = ["a", "b", "c", "d"].into_iter().zip([3, 1, 4, 2]);
    let all = all.map(|(gtin, minute)| reading(gtin, minute)).collect::<Vec<_>>();
    sync_by_date(&warehouse.client, LONG_AGO, &all).await.with(200);
    for (since, expected) in
        [(LONG_AGO.to_owned(), vec!["c", "a", "d", "b"]), (at(2), vec!["c", "a"]), (at(4), vec![])]
    {
        let answer = sync_by_date(&warehouse.client, &since, &[]).await.with(200);
        assert_eq!(gtins(&answer), expected, "since {since}");
    }
    // The client's own are left out, and what it names is a candidate whenever it was changed.
    let answer = sync_by_date(&warehouse.client, &at(2), &[reading("a", 3), reading("b", 0)]).await;
    assert_eq!(data(&answer.with(200)), [reading("c", 4), reading("b", 1)]);
}

#[tokio::test]
async fn every_path_works_with_and_without_a_trailing_slash() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for (minute, slash) in [(1, ""), (2, "/")] {
        let gtin = minute.to_string();
        let records = [reading(&gtin, minute)];
        let body = json!({"last_sync_date": LONG_AGO, "newly_created_records": records});
        client.post(&format!("/v1/sync{slash}"), &body).await.with(200);
        let list = client.get(&format!("{READINGS}{slash}")).await.with(200);
        assert_eq!(list.body, json!({"data": records, "next": null}));
        let path = format!("{READINGS}/{gtin}{slash}");
        assert_eq!(client.get(&path).await.with(200).body, records[0]);
        client.put(&path, &json!({"expiration_date": "2027-03-31"})).await.with(200);
        client.delete(&path).await.with(204);
        client.get(&path).await.assert_problem(404);
    }
    client.get(&format!("{READINGS}/changes?cursor=start")).await.with(200);
}

#[tokio::test]
async fn the_paths_of_the_worker_are_still_its_own() {
    let warehouse = warehouse().await;
    let answer = warehouse.client.get("/v1/sync/compared").await.with(200);
    assert!(answer["compared"].is_number(), "{}", answer.text);
    warehouse.client.get(SYNC).await.assert_problem(405);
}

#[tokio::test]
async fn a_time_without_a_zone_is_utc() {
    let warehouse = warehouse().await;
    let times = ["2026-11-20T10:05:00", "2026-11-20 10:05:00", "2026-11-20T12:05:00+02:00"];
    let times = times.into_iter().chain(["2026-11-20 10:05:00.000000Z", "2026-11-20t10:05:00z"]);
    for (number, time) in times.enumerate() {
        let gtin = number.to_string();
        let sent = json!({"gtin": gtin, "updated_at": time, "expiration_date": "2027-03-31"});
        sync_by_date(&warehouse.client, time, &[sent]).await.with(200);
        let one = warehouse.client.get(&format!("{READINGS}/{gtin}")).await.with(200);
        assert_eq!(one["updated_at"], at(5), "{time}");
        let answer = sync_by_date(&warehouse.client, time, &[]).await.with(200);
        assert_eq!(data(&answer), [] as [Value; 0], "{time}");
    }
}

#[tokio::test]
async fn a_time_is_kept_to_the_microsecond() {
    let warehouse = warehouse().await;
    let dated = |fraction: &str| {
        let updated_at = format!("2026-11-20T10:00:00.{fraction}Z");
        json!({"gtin": "1", "updated_at": updated_at, "expiration_date": "2027-03-31"})
    };
    for (fraction, changes) in [("123456789", 1), ("123456", 1), ("1234561", 1), ("123457", 2)] {
        sync_by_date(&warehouse.client, LONG_AGO, &[dated(fraction)]).await.with(200);
        assert_eq!(warehouse.rows().await.changes, changes, "{fraction}");
    }
}

#[tokio::test]
async fn a_date_of_expiration_is_answered_as_it_came() {
    let warehouse = warehouse().await;
    for (minute, text) in
        ["2027-03-31", "2027-03-31T08:00:00+02:00", "2027-03-31 08:00:00"].into_iter().enumerate()
    {
        let mut sent = reading("1", u32::try_from(minute).unwrap());
        sent["expiration_date"] = json!(text);
        sync_by_date(&warehouse.client, LONG_AGO, &[sent]).await.with(200);
        let answer = sync_by_date(&warehouse.client, LONG_AGO, &[]).await.with(200);
        assert_eq!(answer["data"][0]["expiration_date"], text);
    }
}

#[tokio::test]
async fn what_a_client_uploads_may_be_left_out() {
    let warehouse = warehouse().await;
    sync_by_date(&warehouse.client, LONG_AGO, &[reading("1", 1)]).await.with(200);
    let answer = warehouse.client.post(SYNC, &json!({"last_sync_date": LONG_AGO})).await.with(200);
    assert_eq!(data(&answer), [reading("1", 1)]);
}
