//! What the mirror's paths refuse, and what they take.

use reqwest::Method;
use serde_json::{Value, json};

use super::{counts, mirror, remote_comment, remote_post};
use crate::comments::commented;
use crate::posts::posted;

#[tokio::test]
async fn a_thousand_records_are_loaded_by_one_request_and_no_more() {
    let mirror = mirror().await;
    let records = |count: i64| (1..=count).map(|id| remote_post(id, "A")).collect::<Vec<_>>();
    assert_eq!(counts(&mirror.load("posts", &records(1_000)).await), [1_000, 0, 0, 0, 0]);
    assert_eq!(counts(&mirror.load("posts", &records(1_000)).await), [0, 0, 1_000, 0, 0]);
    let refused = mirror.ask("posts/load", json!({"records": records(1_001)})).await;
    refused.assert_refuses(422, "records");
    for (path, body, field) in [
        ("posts/gone", json!({"remote_ids": vec![1; 1_001]}), "remote_ids"),
        ("posts/prepare", json!({"ids": vec![1; 501]}), "ids"),
        ("comments/settle", json!({"results": results(501)}), "results"),
        (
            "comments/settle",
            json!({"results": [result(&json!({"sent": {}}), 1), result(&json!({"sent": {}}), 1)]}),
            "results[1].id",
        ),
        (
            "comments/settle",
            json!({"results": [result(&json!({"lost": {}}), 1)]}),
            "results[0].outcome",
        ),
    ] {
        let refused = mirror.ask(path, body).await;
        refused.assert_problem(422);
        assert!(refused.fields().iter().any(|it| it.starts_with(field)), "{}", refused.text);
    }
    let mut created = result(&json!({"sent": {}}), 1);
    created["attempt"] = json!(mirror.run);
    let refused = mirror.ask("posts/settle", json!({"results": [created]})).await;
    refused.assert_refuses(422, "results[0].outcome.sent.remote_id");
    for remote_ids in [vec![-1], vec![1; 1_001]] {
        let found = result(&json!({"found": {"remote_ids": remote_ids, "is_over": true}}), 1);
        let refused = mirror.ask("posts/settle", json!({"results": [found]})).await;
        refused.assert_refuses(422, "results[0].outcome.found.remote_ids");
    }
    for query in ["limit=0", "limit=5001", "limit=x", "after=x", "more=1"] {
        let path = format!("/v1/sync/mirror/posts/listed?{query}");
        mirror.store.client.get(&path).await.assert_problem(400);
    }
}

fn result(outcome: &Value, id: i64) -> Value {
    json!({"id": id, "version": 1, "attempt": null, "outcome": outcome})
}

fn results(count: i64) -> Vec<Value> {
    (1..=count).map(|id| result(&json!({"sent": {}}), id)).collect()
}

#[tokio::test]
async fn whatever_the_worker_posts_nothing_breaks() {
    let mirror = mirror().await;
    posted(&mirror.store.client, "A").await;
    commented(&mirror.store.client, 1, "Ann").await;
    let item = mirror.prepare("posts", 1).await;
    let mut sent = result(&json!({"sent": {"remote_id": 7}}), 1);
    sent["attempt"] = item["attempt"].clone();
    let failed = json!({"failed": {"detail": "503", "parked": true, "not_created": false}});
    for (path, body) in [
        ("posts/load", json!({"records": [remote_post(1, "A"), remote_post(2, "B")]})),
        ("comments/load", json!({"records": [remote_comment(1, 1, "A")]})),
        ("posts/prepare", json!({"ids": [1, 2]})),
        ("comments/prepare", json!({"ids": [1]})),
        ("posts/settle", json!({"results": [sent]})),
        ("posts/settle", json!({"results": [result(&failed, 1)]})),
        ("posts/gone", json!({"remote_ids": [7, 1]})),
    ] {
        let mut body = body;
        body["run"] = json!(mirror.run);
        let path = format!("/v1/sync/mirror/{path}");
        mirror.store.client.assert_survives(&Method::POST, &path, &body, 100).await;
    }
}
