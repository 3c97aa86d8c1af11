//! Records that the worker pulls from an upstream: `POST /v1/sync/pulled`, over real HTTP.

mod bad_input;
mod bulk;
mod conflicts;
mod contract;
mod inactive;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient};
use uuid::Uuid;

use crate::links::{operator, site};
use crate::owned::{OPERATORS, SITES};

const PULLED: &str = "/v1/sync/pulled";

/// A run that is under way.
struct Run {
    client: TestClient,
    source: &'static str,
    id: Uuid,
}

impl Run {
    async fn begin(client: &TestClient, source: &'static str) -> Self {
        let id = Uuid::now_v7();
        let run =
            json!({"run": id, "task": "pull", "interval": null, "principal": null, "hold": 60});
        let begun = client.post(&format!("/v1/jobs/{source}/runs"), &run).await.with(200);
        assert_eq!(begun["state"], "begun", "{}", begun.text);
        Self { client: client.clone(), source, id }
    }

    fn body(&self, operators: &Value) -> Value {
        json!({"source": self.source, "run": self.id, "operators": operators})
    }

    async fn send(&self, operators: &Value) -> Answer {
        self.client.post(PULLED, &self.body(operators)).await
    }

    /// Sends the operators as all that there are.
    async fn send_all(&self, operators: &Value) -> Answer {
        let mut body = self.body(operators);
        let ids = operators.as_array().unwrap().iter().map(|it| it["record"]["id"].clone());
        body["all_operators"] = ids.collect();
        self.client.post(PULLED, &body).await
    }
}

/// The contract's user, with these sites; with fields of the upstream that nobody keeps.
fn with_sites(id: i64, sites: &[i64]) -> Value {
    let mut record = operator(id);
    record["tenant_id"] = json!(5);
    record["profiles"] = json!([{"id": 1, "permissions": [{"id": 2, "key": "a"}]}]);
    let sites = sites.iter().map(|id| {
        let mut site = site(*id);
        site["priority"] = json!(1);
        site["active"] = json!(true);
        site["fax"] = json!(null);
        site
    });
    json!({"record": record, "sites": sites.collect::<Vec<_>>()})
}

/// Checks the counts of an answer.
#[track_caller]
fn assert_counts(answer: &Answer, upserted: u64, changed: u64, deactivated: u64) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let counts = ["upserted", "changed", "deactivated"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!(counts, [upserted, changed, deactivated], "{}", answer.text);
}

async fn field(client: &TestClient, path: &str, name: &str) -> Value {
    client.get(path).await.with(200)[name].clone()
}

/// Returns the ids of the active sites of an operator, in order.
async fn sites_of(client: &TestClient, operator: i64) -> Vec<i64> {
    let path = format!("{OPERATORS}/{operator}/sites?active=true");
    let mut ids = crate::owned::ids(&client.get(&path).await.with(200));
    ids.sort_unstable();
    ids
}

fn one_site(id: i64) -> String {
    format!("{SITES}/{id}")
}

fn one_operator(id: i64) -> String {
    format!("{OPERATORS}/{id}")
}
