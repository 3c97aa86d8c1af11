//! One reading: reading and setting it.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;
use test_kit::{Answer, TestClient};

use super::{LONG_AGO, READINGS, at, reading, sync_by_date};
use crate::samples::warehouse;

async fn with_tag(client: &TestClient, method: Method, path: &str, tag: &str) -> Answer {
    let request = client.request(method, path).header("if-match", tag);
    client.send(request.json(&json!({"expiration_date": "2028-01-01"}))).await
}

#[tokio::test]
async fn put_creates_a_reading_and_then_sets_it() {
    let warehouse = warehouse().await;
    let path = format!("{READINGS}/4006381333931");
    let before = Utc::now() - TimeDelta::milliseconds(1);
    let body = json!({"expiration_date": "2027-03-31"});
    let answer = warehouse.client.put(&path, &body).await.with(201);
    assert_eq!((answer.header("location"), answer.tag()), (Some(&*path), "\"1\""));
    let dated: DateTime<Utc> = answer["updated_at"].as_str().unwrap().parse().unwrap();
    assert!(before <= dated && dated <= Utc::now(), "{dated}");
    assert_eq!(warehouse.client.get(&path).await.with(200).body, answer.body);
    let answer =
        warehouse.client.put(&path, &json!({"expiration_date": "2028-01-01"})).await.with(200);
    assert_eq!((answer.tag(), &answer["expiration_date"]), ("\"2\"", &json!("2028-01-01")));
    assert_eq!(warehouse.database.count("outbox").await, 2);
}

#[tokio::test]
async fn put_does_not_set_what_is_newer_here() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    sync_by_date(client, LONG_AGO, &[reading("1", 5)]).await.with(200);
    let path = format!("{READINGS}/1");
    let put = async |minute, expires: &str| {
        client.put(&path, &json!({"updated_at": at(minute), "expiration_date": expires})).await
    };
    for (minute, expires) in [(4, "2027-03-31"), (5, "2028-01-01")] {
        let refused = put(minute, expires).await;
        refused.assert_problem(409);
        assert!(refused["detail"].as_str().unwrap().contains("10:05"), "{}", refused.text);
    }
    // The same again changes nothing.
    assert_eq!(put(5, "2027-03-31").await.with(200).tag(), "\"1\"");
    assert_eq!(warehouse.rows().await.changes, 1);
    assert_eq!(put(6, "2028-01-01").await.with(200).tag(), "\"2\"");
}

#[tokio::test]
async fn put_and_delete_without_a_time_win_over_one_that_is_dated_ahead() {
    let warehouse = warehouse().await;
    let ahead = (Utc::now() + TimeDelta::minutes(4)).to_rfc3339();
    let path = format!("{READINGS}/1");
    let body = json!({"updated_at": ahead, "expiration_date": "2027-03-31"});
    warehouse.client.put(&path, &body).await.with(201);
    warehouse.client.put(&path, &json!({"expiration_date": "2028-01-01"})).await.with(200);
    warehouse.client.delete(&path).await.with(204);
    warehouse.client.get(&path).await.assert_problem(404);
}

#[tokio::test]
async fn tags_say_what_a_caller_has_seen() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let path = format!("{READINGS}/1");
    for method in [Method::PUT, Method::DELETE] {
        let refused = with_tag(client, method.clone(), &path, "\"1\"").await;
        assert_eq!(
            refused.status,
            if method == Method::PUT { 412 } else { 404 },
            "{}",
            refused.text
        );
    }
    assert_eq!(warehouse.database.count("readings").await, 0);
    client.put(&path, &json!({"expiration_date": "2027-03-31"})).await.with(201);
    let tag = client.get(&path).await.with(200).tag().to_owned();
    let request = client.request(Method::GET, &path).header("if-none-match", &tag);
    assert_eq!(client.send(request).await.with(304).tag(), tag);
    with_tag(client, Method::PUT, &path, &tag).await.with(200);
    with_tag(client, Method::PUT, &path, &tag).await.assert_problem(412);
    with_tag(client, Method::DELETE, &path, &tag).await.assert_problem(412);
    with_tag(client, Method::DELETE, &path, "*").await.with(204);
    with_tag(client, Method::PUT, &path, "*").await.assert_problem(412);
    with_tag(client, Method::PUT, &path, "what").await.assert_problem(400);
}

#[tokio::test]
async fn a_gtin_may_have_any_letters() {
    let warehouse = warehouse().await;
    for gtin in ["4006381333931", "é🚚", "a/b?c", "50%", &"9".repeat(64)] {
        sync_by_date(&warehouse.client, LONG_AGO, &[reading(gtin, 1)]).await.with(200);
        let mut path = url::Url::parse("http://host/v1/readings").unwrap();
        path.path_segments_mut().unwrap().push(gtin);
        let one = warehouse.client.get(path.path()).await.with(200);
        assert_eq!(one.body, reading(gtin, 1));
        warehouse.client.delete(path.path()).await.with(204);
        let body = json!({"expiration_date": "2027-03-31"});
        let answer = warehouse.client.put(path.path(), &body).await.with(201);
        let location = answer.header("location").unwrap();
        assert_eq!(warehouse.client.get(location).await.with(200).body, answer.body);
    }
    let long = format!("{READINGS}/{}", "9".repeat(65));
    warehouse.client.get(&long).await.assert_problem(404);
    let body = json!({"expiration_date": "2027-03-31"});
    warehouse.client.put(&long, &body).await.assert_refuses(422, "gtin");
}
