//! The remote: what is stored, by which form of request, and for how long.

use reqwest::StatusCode;
use sample_sources::remote::{Kind, Options, Record, Remote};
use serde_json::{Value, json};
use test_kit::http;

fn record(value: Value) -> Record {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn json_and_forms_are_stored_with_all_their_fields() {
    let remote = Remote::start(Options::default()).await.unwrap();
    let (client, posts) = (http().build().unwrap(), format!("{}/posts", remote.url()));
    let json = json!({"title": "a", "body": "b", "userId": 1, "marker": "m"});
    let created = client.post(&posts).json(&json).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    assert_eq!(created.headers()["location"], format!("{posts}/1"));
    let form = client.post(format!("{posts}/")).body("title=a+b&userId=1");
    let form = form.header("content-type", "application/x-www-form-urlencoded").send().await;
    let form: Value = form.unwrap().json().await.unwrap();
    assert_eq!(form, json!({"id": 2, "title": "a b", "userId": "1"}));
    let found: Value =
        client.get(format!("{posts}?marker=m")).send().await.unwrap().json().await.unwrap();
    assert_eq!(found, json!([{"id": 1, "title": "a", "body": "b", "userId": 1, "marker": "m"}]));
    let page = client.get(format!("{posts}?_page=2&_limit=1")).send().await.unwrap();
    assert_eq!(page.headers()["x-total-count"], "2");
    assert_eq!(remote.records(Kind::Posts).len(), 2);
}

#[tokio::test]
async fn records_survive_a_restart_at_the_same_port() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("remote.jsonl"));
    let options = Options { file, seed_posts: Some(2), ..Options::default() };
    let remote = Remote::start(options.clone()).await.unwrap();
    let (port, url) = (remote.port(), remote.url());
    let client = http().build().unwrap();
    let post = client.post(format!("{url}/posts")).json(&json!({"title": "new"}));
    assert_eq!(post.send().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(client.delete(format!("{url}/posts/1")).send().await.unwrap().status(), 200);
    remote.stop().await;
    assert!(client.get(format!("{url}/posts")).send().await.is_err(), "a connection that was kept");
    assert!(test_kit::get(&format!("{url}/posts")).await.unwrap_err().is_connect());

    let remote = Remote::start(Options { port, ..options }).await.unwrap();
    let posts: Value =
        client.get(format!("{url}/posts")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&posts[0]["id"], &posts[1]["title"]), (&json!(2), &json!("new")));
    assert_eq!(remote.records(Kind::Comments).len(), 5);
    remote.reset().unwrap();
    assert_eq!(remote.records(Kind::Posts).len(), 2);
}

#[tokio::test]
async fn another_client_of_the_remote_can_be_played() {
    let remote = Remote::start(Options::default()).await.unwrap();
    let id = remote.create(Kind::Posts, record(json!({"title": "a"}))).unwrap();
    remote.store(Kind::Posts, id, record(json!({"title": "b"}))).unwrap();
    assert_eq!(remote.record(Kind::Posts, id).unwrap()["title"], "b");
    assert!(remote.remove(Kind::Posts, id).unwrap() && !remote.remove(Kind::Posts, id).unwrap());
    assert_eq!(remote.steering().counts().requests, 0, "these are no requests");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let remote = Remote::start(Options::default()).await.unwrap();
    let options = Options { port: remote.port(), ..Options::default() };
    let error = format!("{:#}", Remote::start(options).await.unwrap_err());
    assert!(
        error.contains(&format!("cannot listen on 127.0.0.1 port {}", remote.port())),
        "{error}"
    );
}
