//! Stock readings: clients of the old protocol and of the new one, over real HTTP.

mod bad_input;
mod by_cursor;
mod by_date;
mod listing;
mod model;
mod publishing;
mod racing;
mod removing;
mod setting;

use serde_json::{Value, json};
use test_kit::{Answer, TestClient, eventually};

const SYNC: &str = "/v1/sync/";
const READINGS: &str = "/v1/readings";
/// A time before every reading.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// A reading of this GTIN, dated some minutes after ten o'clock of a day.
fn reading(gtin: &str, minute: u32) -> Value {
    json!({"gtin": gtin, "updated_at": at(minute), "expiration_date": "2027-03-31"})
}

fn at(minute: u32) -> String {
    format!("2026-11-20T10:{minute:02}:00Z")
}

/// Syncs as a client of the old protocol does.
async fn sync_by_date(client: &TestClient, since: &str, records: &[Value]) -> Answer {
    let body = json!({"last_sync_date": since, "newly_created_records": records});
    client.post(SYNC, &body).await
}

/// Returns the readings of an answer.
fn data(answer: &Answer) -> Vec<Value> {
    answer["data"].as_array().unwrap().clone()
}

/// Returns the GTINs of the readings of an answer.
fn gtins(answer: &Answer) -> Vec<String> {
    data(answer).iter().map(|it| it["gtin"].as_str().unwrap().to_owned()).collect()
}

/// A client with a cursor.
struct Device {
    client: TestClient,
    cursor: String,
}

impl Device {
    fn new(client: &TestClient) -> Self {
        Self { client: client.clone(), cursor: "start".into() }
    }

    /// Syncs once, without taking over the cursor.
    async fn send(&self, records: &[Value]) -> Answer {
        let body = json!({"cursor": self.cursor, "newly_created_records": records});
        self.client.post("/v1/sync", &body).await
    }

    /// Syncs once, and goes on from there.
    async fn sync(&mut self, records: &[Value]) -> Answer {
        let answer = self.send(records).await.with(200);
        answer["cursor"].as_str().unwrap().clone_into(&mut self.cursor);
        answer
    }

    /// Syncs until it has got a reading of this GTIN; returns all that it has got, by GTIN. (A change is not seen
    /// before all that began earlier is over, in other databases of the server, too.)
    async fn until(&mut self, gtin: &str) -> Vec<Value> {
        let mut got = vec![];
        eventually("the reading is seen", async || {
            got.extend(data(&self.sync(&[]).await));
            got.iter().any(|it| it["gtin"] == gtin).then_some(())
        })
        .await;
        got.sort_by_key(|it| it["gtin"].as_str().unwrap().to_owned());
        got
    }
}
