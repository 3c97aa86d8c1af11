//! One client: asks, waits for the answer, and writes down what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use process_kit::secured::headers;
use program_kit::access::Role;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::http;
use tokio::time::sleep;
use uuid::Uuid;

use super::answer::{Answer, outcome};
use super::choosing::{self, Kind, Operation};
use super::pool::Pool;
use super::{SharedLedger, with};
use crate::actor::Actor;
use crate::ledger::{Begun, Outcome};
use crate::wanted::Wanted;

/// The time that a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// The rest between two requests, in milliseconds.
const REST: std::ops::Range<u64> = 20..180;
/// The number of times that a client asks again for an order when it got no answer.
const ATTEMPTS: u32 = 3;

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    operations: u64,
    rng: Rng,
    http: reqwest::Client,
    urls: BTreeMap<Side, String>,
    pool: Arc<Pool>,
    ledger: SharedLedger,
}

impl Client {
    pub(super) fn new(
        number: u64,
        seed: u64,
        urls: &BTreeMap<Side, String>,
        pool: Arc<Pool>,
        ledger: SharedLedger,
    ) -> Self {
        let rng = Rng::with_seed(seed.wrapping_add(number + 1));
        let http = http().timeout(PATIENCE).default_headers(headers(Role::Write)).build().unwrap();
        Self { number, operations: 0, rng, http, urls: urls.clone(), pool, ledger }
    }

    async fn act(&mut self, operation: Operation, order: Uuid) {
        match operation {
            Operation::Read(side) => _ = self.read(side, order).await,
            Operation::Void => {
                let begun = self.begin(Side::Store, order, Wanted::Void);
                let answer = self.send(self.order(Method::DELETE, Side::Store, order)).await;
                self.write_down(begun, answer);
            }
            Operation::Patch(side, kind) => self.patch(side, kind, order).await,
            Operation::PatchSeveral(side, count) => self.patch_several(side, count, order).await,
            Operation::Price => self.price(order).await,
            Operation::Place | Operation::PlaceSeveral(_) => {}
        }
    }

    async fn read(&self, side: Side, order: Uuid) -> Answer {
        let begun = with(&self.ledger, |ledger| ledger.read(side, order));
        let answer = self.send(self.order(Method::GET, side, order)).await;
        self.write_down(begun, answer.clone());
        answer
    }

    async fn patch(&mut self, side: Side, kind: Kind, order: Uuid) {
        let number = self.next_number();
        let (body, wanted) = choosing::patch(side, kind, number, &mut self.rng);
        self.patch_with(side, order, body, wanted).await;
    }

    async fn patch_several(&mut self, side: Side, count: usize, order: Uuid) {
        let patch = |_| {
            let number = self.next_number();
            choosing::patch(side, Kind::Comment, number, &mut self.rng)
        };
        let patches = (0..count).map(patch).collect::<Vec<_>>();
        let patching =
            patches.into_iter().map(|(body, wanted)| self.patch_with(side, order, body, wanted));
        join_all(patching).await;
    }

    async fn patch_with(&self, side: Side, order: Uuid, body: Value, wanted: Wanted) {
        let begun = self.begin(side, order, wanted);
        let answer = self.send(self.order(Method::PATCH, side, order).json(&body)).await;
        self.write_down(begun, answer);
    }

    async fn price(&mut self, order: Uuid) {
        let Some((StatusCode::OK, shown)) = self.read(Side::Store, order).await else { return };
        let (body, wanted) = choosing::price(&shown, self.next_number());
        let begun = self.begin(Side::Store, order, wanted);
        let request = self.order(Method::PATCH, Side::Store, order).json(&body);
        let tag = format!("\"{}\"", shown["version"]);
        let answer = self.send(request.header("if-match", tag)).await;
        self.write_down(begun, answer);
    }

    /// Places an order, and again under the same id while it may be asked for again.
    async fn place(&mut self) {
        let (id, body, wanted) = self.new_order();
        for _ in 0..ATTEMPTS {
            let begun = self.begin(Side::Store, id, wanted.clone());
            let answer = self.send(self.at(Method::POST, Side::Store, "").json(&body)).await;
            if !self.write_down(begun, answer) {
                break;
            }
        }
        self.pool.add(id, &mut self.rng);
    }

    async fn place_several(&mut self, count: usize) {
        let orders: Vec<_> = (0..count).map(|_| self.new_order()).collect();
        let begun: Vec<_> = orders
            .iter()
            .map(|(id, _, wanted)| self.begin(Side::Store, *id, wanted.clone()))
            .collect();
        let bodies: Vec<_> = orders.iter().map(|(_, body, _)| body).collect();
        let request = self.at(Method::POST, Side::Store, "/batch");
        let answer = self.send(request.json(&json!({"orders": bodies}))).await;
        for (index, begun) in begun.into_iter().enumerate() {
            let of_one = |(status, body): &(StatusCode, Value)| match status.is_success() {
                true => (*status, body["results"][index].clone()),
                false => (*status, body.clone()),
            };
            self.write_down(begun, answer.as_ref().map(of_one));
        }
        for (id, _, _) in orders {
            self.pool.add(id, &mut self.rng);
        }
    }

    fn new_order(&mut self) -> (Uuid, Value, Wanted) {
        let (id, token) = (Uuid::new_v4(), format!("t{}", self.next_number()));
        let (body, wanted) = choosing::order(&id.to_string(), &token, &mut self.rng);
        (id, body, wanted)
    }

    /// Ten digits that no other write has.
    const fn next_number(&mut self) -> u64 {
        self.operations += 1;
        (self.number + 1) * 1_000_000_000 + self.operations
    }

    fn begin(&self, side: Side, order: Uuid, wanted: Wanted) -> Begun {
        with(&self.ledger, |ledger| ledger.write(side, order, wanted))
    }

    fn at(&self, method: Method, side: Side, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/v1/orders{path}", self.urls[&side]))
    }

    fn order(&self, method: Method, side: Side, order: Uuid) -> RequestBuilder {
        self.at(method, side, &format!("/{order}"))
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.ok()?;
        let status = response.status();
        // An answer that breaks off is none.
        Some((status, response.json().await.ok()?))
    }

    /// Returns whether the order may be asked for again.
    fn write_down(&self, begun: Begun, answer: Answer) -> bool {
        let outcome = outcome(answer);
        let may_be_tried_again = match outcome {
            Outcome::Unknown => true,
            Outcome::Refused(status) => status == StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            Outcome::Acknowledged(_) => false,
        };
        with(&self.ledger, |ledger| match outcome {
            Outcome::Acknowledged(seen) => ledger.shown(begun, seen),
            Outcome::Refused(status) => ledger.refused(begun, status),
            Outcome::Unknown => {}
        });
        may_be_tried_again
    }
}

impl Actor for Client {
    /// Does one thing, and rests.
    async fn step(&mut self) {
        match choosing::operation(&mut self.rng) {
            Operation::Place => self.place().await,
            Operation::PlaceSeveral(count) => self.place_several(count).await,
            operation @ (Operation::Read(_)
            | Operation::Void
            | Operation::Patch(..)
            | Operation::PatchSeveral(..)
            | Operation::Price) => {
                if let Some(order) = self.pool.pick(&mut self.rng) {
                    self.act(operation, order).await;
                }
            }
        }
        sleep(Duration::from_millis(self.rng.u64(REST))).await;
    }
}
