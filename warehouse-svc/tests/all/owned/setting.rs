//! One record: creating, reading, setting and removing it.

use reqwest::Method;
use serde_json::{Value, json};
use test_kit::{Answer, TestClient, changed, without};

use super::{KINDS, contents};
use crate::samples::warehouse;

#[tokio::test]
async fn a_record_is_created_with_the_id_of_the_caller() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        client.get(&kind.one(233)).await.assert_problem(404);
        let answer = kind.create(client, 233).await;
        assert_eq!(answer.header("location"), Some(&*kind.one(233)));
        assert_eq!((answer.tag(), &answer["version"]), ("\"1\"", &json!(1)));
        assert_eq!(contents(&answer.body), kind.shown(233));
        assert_eq!(answer["created_at"], answer["updated_at"]);
        let read = client.get(&kind.one(233)).await.with(200);
        assert_eq!((read.tag(), &read.body), ("\"1\"", &answer.body));
        // What is required is enough.
        let least = kind.record(i64::MAX);
        let least =
            kind.optional.iter().chain(&["note"]).fold(least, |it, name| without(&it, name));
        let answer = client.post(kind.path, &least).await.with(201);
        for name in kind.optional.iter().chain(&["note"]) {
            assert_eq!(answer[*name], Value::Null);
        }
        client.get(&kind.one(i64::MAX)).await.with(200);
    }
}

#[tokio::test]
async fn a_taken_id_is_refused() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        kind.create(&warehouse.client, 1).await;
        let again = warehouse.client.post(kind.path, &kind.record(1)).await;
        again.assert_refuses(409, "id");
        assert!(again.text.contains("is taken"), "{}", again.text);
    }
    assert_eq!(warehouse.rows().await.changes, 2);
}

#[tokio::test]
async fn put_sets_all_and_patch_what_it_names() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        kind.create(client, 1).await;
        let first = kind.required[0];
        let patched = client.patch(&kind.one(1), &json!({first: "new", "note": "a\nb"})).await;
        let expected = changed(&kind.shown(1), &json!({first: "new", "note": "a\nb"}));
        let patched = patched.with(200);
        assert_eq!((contents(&patched.body), patched.tag()), (expected, "\"2\""));
        assert_ne!(patched["updated_at"], patched["created_at"]);
        // A null clears what may be empty, and a blank text is the same.
        for empty in [json!(null), json!(" ")] {
            client.put(&kind.one(1), &without(&kind.record(1), "id")).await.with(200);
            let nulls = kind.optional.iter().chain(&["note"]);
            let nulls = Value::from_iter(nulls.map(|name| ((*name).to_owned(), empty.clone())));
            let cleared = client.patch(&kind.one(1), &nulls).await.with(200);
            for name in kind.optional.iter().chain(&["note"]) {
                assert_eq!(cleared[*name], Value::Null, "{name}");
            }
        }
        let full = without(&kind.record(1), "id");
        client.put(&kind.one(1), &full).await.with(200);
        let least = kind.optional.iter().chain(&["note"]).fold(full, |it, name| without(&it, name));
        let put = client.put(&kind.one(1), &least).await.with(200);
        for name in kind.optional.iter().chain(&["note"]) {
            assert_eq!(put[*name], Value::Null, "{name}");
        }
        assert_eq!(client.get(&kind.one(1)).await.with(200).body, put.body);
    }
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        let created = kind.create(client, 1).await;
        let before = warehouse.rows().await;
        let full = without(&kind.record(1), "id");
        for answer in [
            client.put(&kind.one(1), &full).await,
            client.patch(&kind.one(1), &json!({})).await,
            client.patch(&kind.one(1), &json!({"note": "note of 1"})).await,
        ] {
            assert_eq!(answer.with(200).body, created.body);
        }
        assert_eq!(warehouse.rows().await, before);
    }
}

#[tokio::test]
async fn a_removed_record_is_gone_and_its_id_can_be_created_again() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        let one = kind.one(1);
        client.delete(&one).await.assert_problem(404);
        kind.create(client, 1).await;
        client.delete(&one).await.with(204);
        client.get(&one).await.assert_problem(404);
        client.delete(&one).await.assert_problem(404);
        client.put(&one, &without(&kind.record(1), "id")).await.assert_problem(404);
        client.patch(&one, &json!({"note": "x"})).await.assert_problem(404);
        assert_eq!(client.get(kind.path).await.with(200)["items"], json!([]));
        // Nothing of what it said is kept in the table.
        let filled =
            kind.required.iter().map(|name| format!("{name} is not null")).collect::<Vec<_>>();
        let filled =
            format!("{}s where note is not null or {}", kind.resource, filled.join(" or "));
        assert_eq!(warehouse.database.count(&filled).await, 0);
        let again = kind.create(client, 1).await;
        assert_eq!((again.tag(), again.header("location")), ("\"3\"", Some(&*one)));
        assert_eq!(contents(&again.body), kind.shown(1));
        assert_eq!(again["created_at"], again["updated_at"]);
    }
}

async fn with_tag(
    client: &TestClient,
    method: Method,
    path: &str,
    tag: &str,
    body: &Value,
) -> Answer {
    client.send(client.request(method, path).header("if-match", tag).json(body)).await
}

#[tokio::test]
async fn tags_say_what_a_caller_has_seen() {
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for kind in KINDS {
        let (one, full) = (kind.one(1), without(&kind.record(1), "id"));
        let tag = kind.create(client, 1).await.tag().to_owned();
        let request = client.request(Method::GET, &one).header("if-none-match", &tag);
        assert_eq!(client.send(request).await.with(304).tag(), tag);
        with_tag(client, Method::PATCH, &one, &tag, &json!({"note": "x"})).await.with(200);
        for (method, body) in [
            (Method::PATCH, json!({"note": "y"})),
            (Method::PUT, full),
            (Method::DELETE, json!({})),
        ] {
            with_tag(client, method.clone(), &one, &tag, &body).await.assert_problem(412);
            with_tag(client, method, &one, "what", &body).await.assert_problem(400);
        }
        assert_eq!(client.get(&one).await.with(200)["note"], "x");
        with_tag(client, Method::DELETE, &one, "*", &json!({})).await.with(204);
    }
}

#[tokio::test]
async fn a_path_that_can_be_no_id_is_unknown() {
    let warehouse = warehouse().await;
    for kind in KINDS {
        for id in ["0", "-1", "+1", "01", "1.0", "x", "9223372036854775808", "%00", "é"] {
            let path = format!("{}/{id}", kind.path);
            warehouse.client.get(&path).await.assert_problem(404);
            warehouse.client.delete(&path).await.assert_problem(404);
            warehouse.client.patch(&path, &json!({"note": "x"})).await.assert_problem(404);
        }
    }
}
