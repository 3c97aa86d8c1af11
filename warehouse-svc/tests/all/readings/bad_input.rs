//! What is refused, and that nothing of it is written.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use program_kit::access::Role;
use reqwest::Method;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use test_kit::{TestService, TestTokens, changed, without};
use warehouse_svc::{PROGRAM, records};

use super::{LONG_AGO, READINGS, SYNC, data, reading, sync_by_date};
use crate::samples::warehouse;

fn ahead(time: Duration) -> String {
    (Utc::now() + TimeDelta::from_std(time).unwrap()).to_rfc3339()
}

#[tokio::test]
async fn a_date_that_is_missing_or_malformed_is_refused() {
    let warehouse = warehouse().await;
    let none = json!({"newly_created_records": [reading("1", 1)]});
    warehouse.client.post(SYNC, &none).await.assert_refuses(422, "last_sync_date");
    let values = [json!(""), json!("soon"), json!("2026-13-01T00:00:00Z"), json!("2026-11-20")];
    let values = values.into_iter().chain([json!(1), json!({}), json!("10000-01-01T00:00:00Z")]);
    for wrong in values.chain([json!("0000-01-01T00:00:00Z"), json!("2026-11-20T10:00:00\0")]) {
        let body = changed(&none, &json!({"last_sync_date": wrong}));
        warehouse.client.post(SYNC, &body).await.assert_refuses(422, "last_sync_date");
    }
    warehouse
        .client
        .post(SYNC, &changed(&none, &json!({"last_sync_date": null})))
        .await
        .assert_problem(422);
    assert_eq!(warehouse.rows().await.changes, 0);
    assert_eq!(warehouse.database.count("readings").await, 0);
}

#[tokio::test]
async fn a_reading_that_does_not_fit_is_named_and_nothing_is_written() {
    let warehouse = warehouse().await;
    let good = reading("2", 2);
    let with = |field: &str, value: Value| changed(&good, &json!({ field: value }));
    let mut cases =
        vec![(json!(1), ""), (json!(["2"]), ""), (with("colour", json!("red")), ".colour")];
    for gtin in ["", " ", "a b", "a\0b", "a\nb", ".", "..", "changes", &"é".repeat(65)] {
        cases.push((with("gtin", json!(gtin)), ".gtin"));
    }
    for path in [".gtin", ".updated_at", ".expiration_date"] {
        let field = path.trim_start_matches('.');
        let wrong = [json!(null), json!(1), json!({}), json!("")];
        let wrong = wrong.map(|value| with(field, value)).into_iter();
        cases.extend(wrong.chain([without(&good, field)]).map(|case| (case, path)));
    }
    for date in ["2027-02-30", "2027-3-1", "31.3.2027", "+10000-01-01", "0000-12-31"] {
        cases.push((with("expiration_date", json!(date)), ".expiration_date"));
    }
    for deleted in [json!(null), json!("true"), json!(1)] {
        cases.push((with("deleted", deleted), ".deleted"));
    }
    for (case, field) in cases {
        let records = [reading("1", 1), case.clone(), reading("3", 3)];
        let answer = sync_by_date(&warehouse.client, LONG_AGO, &records).await;
        let field = format!("newly_created_records[1]{field}");
        assert_eq!(
            (answer.status, answer.fields()),
            (422, vec![&*field]),
            "{case}: {}",
            answer.text
        );
    }
    assert_eq!(warehouse.rows().await.changes, 0);
    assert_eq!(warehouse.database.count("readings").await, 0);
}

#[tokio::test]
async fn all_that_is_wrong_is_named_at_once() {
    let warehouse = warehouse().await;
    let wrong = json!({"gtin": "", "updated_at": "soon", "expiration_date": "never"});
    let answer = sync_by_date(&warehouse.client, "soon", &[reading("1", 1), wrong]).await;
    let fields = ["gtin", "updated_at", "expiration_date"];
    let fields = fields.map(|field| format!("newly_created_records[1].{field}"));
    let expected = [&["last_sync_date".to_owned()], fields.as_slice()].concat();
    assert_eq!(answer.fields(), expected, "{}", answer.text);
}

#[tokio::test]
async fn the_same_gtin_twice_counts_as_the_newer_and_the_answer_says_so() {
    let warehouse = warehouse().await;
    for (gtin, minutes) in [("a", [1, 2]), ("b", [2, 1]), ("c", [2, 2])] {
        let mut records = minutes.map(|minute| reading(gtin, minute));
        records[1]["expiration_date"] = json!("2030-01-01");
        let answer = sync_by_date(&warehouse.client, LONG_AGO, &records).await.with(200);
        assert_eq!(answer["duplicates"], json!([gtin]));
        let stands = if gtin == "b" { &records[0] } else { &records[1] };
        let one = warehouse.client.get(&format!("{READINGS}/{gtin}")).await.with(200);
        assert_eq!(one.body, *stands);
    }
    let answer = sync_by_date(&warehouse.client, LONG_AGO, &[reading("d", 1)]).await.with(200);
    assert_eq!(answer["duplicates"], json!([]));
    assert_eq!(warehouse.rows().await.changes, 4);
}

#[tokio::test]
async fn an_upload_has_a_limit() {
    let warehouse = warehouse().await;
    let records = |count| (0..count).map(|gtin| reading(&format!("{gtin}"), 1)).collect::<Vec<_>>();
    let refused = sync_by_date(&warehouse.client, LONG_AGO, &records(5_001)).await;
    refused.assert_refuses(422, "newly_created_records");
    assert_eq!(warehouse.rows().await.changes, 0);
    let answer = sync_by_date(&warehouse.client, LONG_AGO, &records(5_000)).await.with(200);
    assert_eq!(data(&answer), [] as [Value; 0]);
    assert_eq!(warehouse.rows().await.changes, 5_000);
}

#[tokio::test]
async fn a_reading_that_is_dated_too_far_ahead_is_refused_with_the_reason() {
    let minute = Duration::from_mins(1);
    let dated = |ahead_by| changed(&reading("1", 1), &json!({"updated_at": ahead(ahead_by)}));
    for (margin, accepted, refused) in [(None, 4, 6), (Some("1h"), 59, 61), (Some("0s"), 0, 1)] {
        let adjust = |settings: &mut ServiceSettings| {
            if let Some(margin) = margin {
                settings.resources.set("readings", [("clock_margin", margin)]);
            }
        };
        let warehouse = TestService::start_with(PROGRAM.name, records(), adjust).await;
        let client = &warehouse.client;
        let answer = sync_by_date(client, LONG_AGO, &[dated(minute * refused)]).await;
        answer.assert_refuses(422, "newly_created_records[0].updated_at");
        assert!(answer.text.contains("clock_margin"), "{}", answer.text);
        let body = without(&dated(minute * refused), "gtin");
        let path = format!("{READINGS}/1");
        client.put(&path, &body).await.assert_refuses(422, "updated_at");
        assert_eq!(warehouse.rows().await.changes, 0);
        sync_by_date(client, LONG_AGO, &[dated(minute * accepted)]).await.with(200);
        assert_eq!(warehouse.rows().await.changes, 1);
    }
}

#[tokio::test]
async fn every_body_is_read_with_care_and_whatever_is_sent_nothing_breaks() {
    let warehouse = warehouse().await;
    let one = format!("{READINGS}/1");
    warehouse.client.assert_reads_with_care(&Method::POST, SYNC).await;
    warehouse.client.assert_reads_with_care(&Method::PUT, &one).await;
    let mut removed = reading("2", 2);
    removed["deleted"] = json!(true);
    let records = [reading("1", 1), removed, reading("3", 3)];
    let body = json!({"last_sync_date": LONG_AGO, "newly_created_records": records});
    warehouse.client.assert_survives(&Method::POST, SYNC, &body, 300).await;
    let body = changed(&body, &json!({"cursor": "start"}));
    warehouse.client.assert_survives(&Method::POST, SYNC, &body, 300).await;
    let body = without(&reading("1", 1), "gtin");
    warehouse.client.assert_survives(&Method::PUT, &one, &body, 300).await;
    let routes = [
        (SYNC, "POST"),
        ("/v1/sync", "POST"),
        (READINGS, "GET, HEAD"),
        ("/v1/readings/", "GET, HEAD"),
        (&*one, "GET, HEAD, PUT, DELETE"),
        ("/v1/readings/1/", "GET, HEAD, PUT, DELETE"),
    ];
    warehouse.client.assert_has_only(&routes).await;
}

#[tokio::test]
async fn the_principal_stands_with_each_change() {
    let tokens = TestTokens::random();
    let access = tokens.settings();
    let adjust = |settings: &mut ServiceSettings| settings.access = access;
    let warehouse = TestService::start_with(PROGRAM.name, records(), adjust).await;
    let writer = warehouse.client.clone().with_token(tokens.of(Role::Write));
    sync_by_date(&writer, LONG_AGO, &[reading("1", 1)]).await.with(200);
    let admin = warehouse.client.clone().with_token(tokens.of(Role::Admin));
    let path = format!("{READINGS}/1");
    admin.put(&path, &json!({"expiration_date": "2027-04-30"})).await.with(200);
    writer.delete(&path).await.with(204);
    let by = |name: &str| format!("changes where resource = 'reading' and principal = '{name}'");
    assert_eq!(warehouse.database.count(&by("write")).await, 2);
    assert_eq!(warehouse.database.count(&by("admin")).await, 1);
}
