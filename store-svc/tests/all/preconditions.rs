//! `If-Match`: a caller may say which version it has seen; and concurrent writes.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::samples::{order, place, store};

#[tokio::test]
async fn a_version_that_is_no_longer_is_refused_and_told() {
    let store = store().await;
    let (path, placed) = place(&store.client).await;
    store.client.patch_if(&path, placed.tag(), &json!({"comment": "one"})).await.with(200);
    let before = store.rows().await;
    let answer = store.client.patch_if(&path, placed.tag(), &json!({"comment": "two"})).await;
    answer.assert_problem(412);
    assert_eq!(answer["version"], 2);
    let request = store.client.request(reqwest::Method::PUT, &path).header("if-match", "\"1\"");
    store.client.send(request.json(&order())).await.assert_problem(412);
    assert_eq!(store.client.get(&path).await["comment"], "one");
    assert_eq!(store.rows().await, before);
}

#[tokio::test]
async fn any_version_and_a_list_of_versions_fit() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let tags = ["*", "\"7\", \"2\"", "\"3\",\"x\"", "W/\"4\", \"4\""];
    for (number, tag) in tags.iter().enumerate() {
        let comment = json!({"comment": number.to_string()});
        store.client.patch_if(&path, tag, &comment).await.with(200);
    }
}

#[tokio::test]
async fn other_versions_and_weak_tags_do_not_fit() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for tag in ["\"2\"", "\"2\", \"3\"", "W/\"1\"", "\"01\"", "\"\""] {
        let answer = store.client.patch_if(&path, tag, &json!({"comment": tag})).await;
        answer.assert_problem(412);
    }
}

#[tokio::test]
async fn a_tag_that_is_none_cannot_be_read() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    for tag in ["1", "\"1", "1\"", "'1'", "\"1\", 2", "w/\"1\"", ""] {
        let answer = store.client.patch_if(&path, tag, &json!({"comment": "x"})).await;
        assert_eq!(answer.status, 400, "{tag}: {}", answer.text);
        answer.assert_problem(400);
    }
    assert_eq!(store.rows().await.changes, 1);
}

#[tokio::test]
async fn every_patch_that_is_acknowledged_is_a_version() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    let patches = (0..20).map(|number| json!({"comment": format!("number {number}")}));
    let patches = patches.collect::<Vec<_>>();
    let answers = join_all(patches.iter().map(|patch| store.client.patch(&path, patch))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let versions = answers.iter().map(|answer| answer["version"].as_i64().unwrap());
    assert_eq!(versions.collect::<BTreeSet<_>>(), (2..=21).collect());
    let last = answers.iter().find(|answer| answer["version"] == 21).unwrap();
    assert_eq!(store.client.get(&path).await.body, last.body);
    assert_eq!(store.rows().await.changes, 21);
}

#[tokio::test]
async fn no_update_is_lost_between_those_who_say_what_they_saw() {
    let store = store().await;
    let (path, _) = place(&store.client).await;
    store.client.patch(&path, &json!({"comment": "0"})).await.with(200);
    let count_to_five = async || {
        let mut counted = 0;
        while counted < 5 {
            let seen = store.client.get(&path).await;
            let next = seen["comment"].as_str().unwrap().parse::<u32>().unwrap() + 1;
            let patch = json!({"comment": next.to_string()});
            match store.client.patch_if(&path, seen.tag(), &patch).await.status {
                200 => counted += 1,
                status => assert_eq!(status, 412),
            }
        }
    };
    join_all((0..4).map(|_| count_to_five())).await;
    assert_eq!(store.client.get(&path).await["comment"], "20");
}
