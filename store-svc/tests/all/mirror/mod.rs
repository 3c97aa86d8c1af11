//! The mirror's side of the store, over real HTTP: what the worker asks of it, and what may go wrong between
//! any two of its steps.

mod comments;
mod gone;
mod limits;
mod loading;
mod sending;
mod unknown_outcomes;

use serde_json::{Value, json};
use test_kit::{Answer, TestService};
use uuid::Uuid;

use crate::samples::store;

/// A store, and a run of the mirror that is under way.
pub(super) struct Mirror {
    pub(super) store: TestService,
    pub(super) run: Uuid,
}

pub(super) async fn mirror() -> Mirror {
    let store = store().await;
    let run = begin(&store).await;
    Mirror { store, run }
}

/// Begins a run; it is held for so short that another one may begin soon.
pub(super) async fn begin(store: &TestService) -> Uuid {
    let run = Uuid::now_v7();
    let body =
        json!({"run": run, "task": "flush", "interval": null, "principal": null, "hold": 600});
    store.client.post("/v1/jobs/mirror/runs", &body).await.with(200);
    run
}

impl Mirror {
    /// Asks something of the store as this run.
    pub(super) async fn ask(&self, path: &str, body: Value) -> Answer {
        let mut body = body;
        body["run"] = json!(self.run);
        self.store.client.post(&format!("/v1/sync/mirror/{path}"), &body).await
    }

    pub(super) async fn load(&self, of: &str, records: &[Value]) -> Answer {
        self.ask(&format!("{of}/load"), json!({"records": records})).await.with(200)
    }

    /// Prepares one record; returns its item.
    pub(super) async fn prepare(&self, of: &str, id: i64) -> Value {
        let answer = self.ask(&format!("{of}/prepare"), json!({"ids": [id]})).await.with(200);
        answer["items"][0].clone()
    }

    /// Settles what was prepared; returns what is left to do.
    pub(super) async fn settle(&self, of: &str, item: &Value, outcome: Value) -> Value {
        let result = json!({
            "id": item["id"], "version": item["version"], "attempt": item["attempt"], "outcome": outcome,
        });
        let body = json!({"results": [result]});
        let answer = self.ask(&format!("{of}/settle"), body).await.with(200);
        answer["results"][0].clone()
    }

    /// Prepares one record, and settles that it was sent.
    pub(super) async fn send(&self, of: &str, id: i64, remote_id: i64) -> Value {
        let item = self.prepare(of, id).await;
        self.settle(of, &item, json!({"sent": {"remote_id": remote_id}})).await
    }

    /// Returns the ids of the records at which the mirror has to look.
    pub(super) async fn outstanding(&self, of: &str) -> Vec<Value> {
        let answer = self.store.client.get(&format!("/v1/sync/mirror/{of}/outstanding")).await;
        let items = answer.with(200)["items"].as_array().unwrap().clone();
        items.into_iter().map(|item| item["id"].clone()).collect()
    }

    pub(super) async fn shown(&self, path: &str) -> Answer {
        self.store.client.get(path).await.with(200)
    }

    pub(super) async fn changes(&self) -> i64 {
        self.store.database.count("changes").await
    }
}

pub(super) fn remote_post(remote_id: i64, title: &str) -> Value {
    json!({"remote_id": remote_id, "user_id": 7, "title": title, "body": "Two lines\nof it."})
}

pub(super) fn remote_comment(remote_id: i64, post: i64, name: &str) -> Value {
    json!({
        "remote_id": remote_id, "post_remote_id": post, "name": name, "email": "ann@quay.example",
        "body": "So it is.",
    })
}

/// Returns what became of the records that were loaded, in the order of the counters.
pub(super) fn counts(loaded: &Answer) -> [u64; 5] {
    ["created", "updated", "unchanged", "conflicts", "adopted"]
        .map(|it| loaded[it].as_u64().unwrap())
}
