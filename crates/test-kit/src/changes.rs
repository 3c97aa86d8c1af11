//! Changes as the worker sends them from the peer.

use serde::Serialize;
use serde_json::{Value, json};
use shared_models::SCHEMA;
use shared_models::order::{Delivery, Facet, Line, Progress, Status};
use shared_models::revision::Revision;
use shared_models::side::Side;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use super::{Answer, TestClient};

/// Returns a delivery of four bolts and nine nuts, with this revision.
#[must_use]
pub fn delivery_to(address: &str, store: u32, warehouse: u32) -> Facet<Delivery> {
    let line = |sku: &str, quantity| Line { sku: sku.to_owned(), quantity };
    let value = Delivery {
        company: "Harbour Tools".to_owned(),
        address: address.to_owned(),
        lines: vec![line("bolt", 4), line("nut", 9)],
        ..Delivery::default()
    };
    Facet::unmarked(Revision { store, warehouse }, value)
}

/// Returns a progress with this status and revision.
#[must_use]
pub fn progress_to(status: Status, store: u32, warehouse: u32) -> Facet<Progress> {
    let value = Progress { status, ..Progress::default() };
    Facet::unmarked(Revision { store, warehouse }, value)
}

/// Returns a change of an order with these facets.
#[must_use]
pub fn change_of(
    order_id: Uuid,
    delivery: Facet<Delivery>,
    progress: Option<Facet<Progress>>,
) -> OrderChange {
    OrderChange { event_id: Uuid::now_v7(), order_id, delivery, progress }
}

impl TestClient {
    /// Posts changes of `source`.
    pub async fn sync(&self, source: Side, changes: &[impl Serialize]) -> Answer {
        let request = json!({"schema": SCHEMA, "source": source, "changes": changes});
        self.post("/v1/sync/orders", &request).await
    }
}

impl Answer {
    /// Returns the outcomes in an answer to changes, in the same sequence.
    #[must_use]
    #[track_caller]
    pub fn outcomes(&self) -> Vec<&str> {
        assert_eq!(self.status, 200, "{}", self.text);
        let results = self["results"].as_array().expect("results");
        results.iter().map(|result: &Value| result["outcome"].as_str().unwrap()).collect()
    }
}
