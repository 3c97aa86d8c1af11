//! Changes as the worker brings them from the peer.

use serde::Serialize;
use serde_json::{Value, json};
use shared_models::SCHEMA;
use shared_models::order::{Delivery, Facet, Line, Progress, Status};
use shared_models::revision::Revision;
use shared_models::site::Site;
use shared_models::sync::OrderChange;
use uuid::Uuid;

use super::{Answer, TestClient};

/// A delivery of four bolts and nine nuts, changed so often at each site.
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

/// A progress that has come so far, changed so often at each site.
#[must_use]
pub fn progress_to(status: Status, store: u32, warehouse: u32) -> Facet<Progress> {
    let value = Progress { status, ..Progress::default() };
    Facet::unmarked(Revision { store, warehouse }, value)
}

/// A change that says this of an order.
#[must_use]
pub fn change_of(
    order_id: Uuid,
    delivery: Facet<Delivery>,
    progress: Option<Facet<Progress>>,
) -> OrderChange {
    OrderChange { event_id: Uuid::now_v7(), order_id, delivery, progress }
}

impl TestClient {
    /// Posts changes that `source` has decided.
    pub async fn sync(&self, source: Site, changes: &[impl Serialize]) -> Answer {
        let request = json!({"schema": SCHEMA, "source": source, "changes": changes});
        self.post("/v1/sync/orders", &request).await
    }
}

impl Answer {
    /// The outcomes in an answer to changes, in their order.
    #[must_use]
    #[track_caller]
    pub fn outcomes(&self) -> Vec<&str> {
        assert_eq!(self.status, 200, "{}", self.text);
        let results = self["results"].as_array().expect("results");
        results.iter().map(|result: &Value| result["outcome"].as_str().unwrap()).collect()
    }
}
