//! Reading one order, and its history.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::samples::{place, store};

#[tokio::test]
async fn head_is_get_without_the_body() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for path in [path.clone(), "/v1/orders".to_owned(), format!("{path}/changes")] {
        let get = store.client.get(&path).await.with(200);
        let head = store.client.send(store.client.request(Method::HEAD, &path)).await.with(200);
        assert_eq!(head.text, "");
        assert_eq!(head.header("etag"), get.header("etag"));
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[tokio::test]
async fn a_version_that_the_caller_has_is_not_sent_again() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    let get_unless = async |tag: &str| {
        let request = store.client.request(Method::GET, &path).header("if-none-match", tag);
        store.client.send(request).await
    };
    for known in [placed.tag(), "W/\"1\"", "*", "\"7\", \"1\""] {
        let answer = get_unless(known).await.with(304);
        assert_eq!((answer.text.as_str(), answer.tag()), ("", placed.tag()), "{known}");
    }
    for other in ["\"2\"", "\"2\", \"3\"", "\"11\""] {
        assert_eq!(get_unless(other).await.with(200).body, placed.body, "{other}");
    }
    store.client.patch(&path, &json!({"comment": null})).await.with(200);
    get_unless(placed.tag()).await.with(200);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let store = store().await;
    let unknown = Uuid::new_v4();
    let paths = [
        format!("/v1/orders/{unknown}"),
        format!("/v1/orders/{unknown}/changes"),
        format!("/v1/orders/{unknown}/other"),
        "/v1/orders/7".into(),
        "/v1/orders/%00".into(),
        "/v1/orders/%FF".into(),
        "/v1/orders/7/changes".into(),
        "/v1/orders/".into(),
        "/v1".into(),
        "/".into(),
        "/v2/orders".into(),
        "/v1/orders/../orders/x".into(),
        format!("/v1/orders/{}", "x".repeat(4_000)),
    ];
    for path in paths {
        store.client.get(&path).await.assert_problem(404);
    }
}

#[tokio::test]
async fn the_history_tells_what_happened_in_order() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    store.client.patch(&path, &json!({"comment": null})).await.with(200);
    store.client.patch(&path, &json!({"currency": "USD"})).await.with(200);
    store.client.delete(&path).await.with(200);
    let history = store.client.get(&format!("{path}/changes")).await.with(200);
    let items = history["items"].as_array().unwrap();
    let told = items.iter().map(|item| (item["kind"].as_str().unwrap(), item["version"].clone()));
    let expected = ["order.created", "order.updated", "order.updated", "order.voided"];
    let expected = expected.into_iter().zip([1, 2, 3, 4].map(|version| json!(version)));
    assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    assert!(items.is_sorted_by_key(|item| item["seq"].as_i64()));
    let touched = items.iter().map(|item| item["event"]["touched"].clone()).collect::<Vec<_>>();
    let nothing = json!([]);
    assert_eq!(touched, [json!(["delivery"]), json!(["delivery"]), nothing, json!(["progress"])]);
    for item in items {
        assert_eq!((&item["origin"], &item["event"]["origin"]), (&json!("store"), &json!("store")));
        assert_eq!(item["event"]["order_id"], placed["id"]);
        assert_eq!(item["conflicts"], json!([]));
        assert_eq!(item["at"], item["event"]["at"]);
    }
    assert_eq!(history["next"], json!(null));
}

#[tokio::test]
async fn a_long_history_comes_in_pages() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for number in 0..520 {
        store.client.patch(&path, &json!({"comment": number.to_string()})).await.with(200);
    }
    let first = store.client.get(&format!("{path}/changes")).await.with(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 500);
    let rest = store.client.get(first["next"].as_str().unwrap()).await.with(200);
    let versions = rest["items"].as_array().unwrap().iter().map(|item| item["version"].clone());
    assert_eq!(versions.collect::<Vec<_>>(), (501..=521).collect::<Vec<_>>());
    assert_eq!(rest["next"], json!(null));
    for after in ["x", "1.5", "", "99999999999999999999"] {
        store.client.get(&format!("{path}/changes?after={after}")).await.assert_problem(400);
    }
    store.client.get(&format!("{path}/changes?before=1")).await.assert_problem(400);
}

#[tokio::test]
async fn a_stored_order_that_cannot_be_decoded_is_an_internal_error_to_readers_and_writers() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    store.database.run("update orders set delivery = '{}'").await;
    let answers = [
        store.client.get(&path).await,
        store.client.get(&format!("{path}/changes")).await,
        store.client.patch(&path, &json!({"comment": null})).await,
        store.client.patch_if(&path, placed.tag(), &json!({"comment": null})).await,
        store.client.delete(&path).await,
    ];
    for answer in answers {
        answer.assert_problem(500);
        assert_eq!(answer["type"], "urn:lockstep:problem:internal");
        assert_eq!(answer["detail"], "internal error; see the log of the service for the cause");
    }
    assert_eq!(store.rows().await.changes, 1);
}
