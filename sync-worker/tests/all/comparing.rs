//! Comparison: the changes of a source are compared with the state of its peer, and what was lost
//! is offered again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use shared_models::comparison::{FacetState, OrderState};
use shared_models::revision::Revision;
use test_kit::eventually;
use uuid::Uuid;
use wiremock::matchers::{method, path};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::events::edited;
use crate::sides::FakeSide;
use crate::world::{TO_WAREHOUSE, TestWorker, World};

/// Settings for quick comparison; a test may change them.
const QUICK: &str = "compare.interval = '20ms'\ncompare.rest = 1";

/// A fake side's orders and change log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    compared: i64,
    orders: Vec<OrderState>,
    /// The number of these orders that stand in the log, each at its place.
    changed: usize,
    unpublished: Option<i64>,
    xmin: Option<i64>,
    /// The number of requests for revisions.
    asked: usize,
    /// The number of polls of the end of the log.
    polls: usize,
}

impl Log {
    async fn of(side: &FakeSide) -> Self {
        let log = Self::default();
        let answer = |answer: fn(&mut FakeState, &Request) -> Value| {
            let state = Arc::clone(&log.0);
            move |request: &Request| {
                let body = answer(&mut state.lock().unwrap(), request);
                ResponseTemplate::new(200).set_body_json(body)
            }
        };
        let of = |verb, resource: &str| Mock::given(method(verb)).and(path(resource));
        for mock in [
            of("GET", "/v1/sync/compared").respond_with(answer(|state, _| state.state())),
            of("POST", "/v1/sync/compared").respond_with(answer(FakeState::advance)),
            of("GET", "/v1/sync/changed").respond_with(answer(FakeState::changed)),
            of("POST", "/v1/sync/revisions").respond_with(answer(FakeState::revisions)),
        ] {
            side.mount(mock).await;
        }
        log
    }

    fn with<T>(&self, change: impl FnOnce(&mut FakeState) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// Gives the side these orders, as changed by itself.
    fn changed(&self, orders: &[OrderState]) {
        self.with(|state| (state.orders, state.changed) = (orders.to_vec(), orders.len()));
    }

    /// Gives the side these orders.
    fn has(&self, orders: &[OrderState]) {
        self.with(|state| state.orders = orders.to_vec());
    }
}

impl FakeState {
    fn newest(&self) -> i64 {
        i64::try_from(self.changed).unwrap()
    }

    fn state(&mut self) -> Value {
        self.polls += 1;
        let (newest, unpublished) = (self.newest(), self.unpublished);
        json!({
            "compared": self.compared, "newest": newest, "xmin": self.xmin.unwrap_or(9),
            "xmax": 9, "unpublished": unpublished, "paused": false,
        })
    }

    fn advance(&mut self, request: &Request) -> Value {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let is_next = body["from"] == self.compared;
        if is_next {
            self.compared = body["to"].as_i64().unwrap();
        }
        json!({ "noted": is_next })
    }

    fn changed(&mut self, request: &Request) -> Value {
        let place = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).unwrap().1.parse::<usize>().unwrap()
        };
        let orders = &self.orders[place("after")..place("upto")];
        json!({"orders": orders, "upto": place("upto"), "newest": self.newest()})
    }

    fn revisions(&mut self, request: &Request) -> Value {
        self.asked += 1;
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let ids: Vec<Uuid> = serde_json::from_value(body["ids"].clone()).unwrap();
        let orders = self.orders.iter().filter(|order| ids.contains(&order.id));
        json!({"orders": orders.collect::<Vec<_>>(), "newest": self.newest()})
    }
}

fn order(id: u128, store: u32, warehouse: u32) -> OrderState {
    let revision = Revision { store, warehouse };
    let delivery = FacetState { revision, digest: format!("{store}/{warehouse}") };
    let progress = FacetState { revision: Revision::ZERO, digest: String::new() };
    OrderState { id: Uuid::from_u128(id), delivery, progress, parked: false, dropped: false }
}

struct Compared {
    world: World,
    store: Log,
    warehouse: Log,
}

impl Compared {
    async fn new() -> Self {
        let world = World::new().await;
        let (store, warehouse) = (Log::of(&world.store).await, Log::of(&world.warehouse).await);
        Self { world, store, warehouse }
    }

    /// Returns the orders that a side was asked to offer, for each request.
    async fn offers(&self, side: &FakeSide) -> Vec<Value> {
        let offers = side.offers().await.into_iter();
        offers.filter(|offer| offer.get("ids").is_some()).map(|it| it["ids"].clone()).collect()
    }

    async fn start(&self, more: &str) -> TestWorker {
        let grace = if more.contains("grace") { "" } else { "compare.grace = '60ms'" };
        let worker = self.world.start_worker(&format!("{QUICK}\n{grace}\n{more}")).await;
        worker.wait_until_ready().await;
        worker
    }
}

async fn figures(worker: &TestWorker) -> Value {
    worker.direction(TO_WAREHOUSE).await["comparison"].clone()
}

async fn comes_to(worker: &TestWorker, place: i64) -> Value {
    let there = async || {
        let figures = figures(worker).await;
        (figures["compared_to"] == place && figures["newest"] == place).then_some(figures)
    };
    eventually("it is compared", there).await
}

async fn waits_for(worker: &TestWorker, reason: &str) {
    let waits = async || {
        let waits_for = figures(worker).await["waits_for"].clone();
        waits_for.as_str().is_some_and(|it| it.contains(reason)).then_some(())
    };
    eventually(reason, waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_peer_lacks_is_offered_again_once_and_counted() {
    let it = Compared::new().await;
    it.store.changed(&[order(1, 1, 0), order(2, 3, 0), order(3, 1, 0), order(4, 2, 0)]);
    let delivery = FacetState { digest: "other".into(), ..order(4, 2, 0).delivery };
    let different = OrderState { delivery, ..order(4, 2, 0) };
    it.warehouse.has(&[order(2, 2, 0), order(3, 1, 1), different]);
    // Were the warehouse's answer late by more than the grace, its part would be offered without
    // counting as a loss.
    let worker = it.start("compare.grace = '2s'").await;
    let figures = comes_to(&worker, 4).await;
    let expected = [1, 2, 4].map(Uuid::from_u128);
    assert_eq!(it.offers(&it.world.store).await, [json!(expected)]);
    // The warehouse's part of the third had time to arrive at the store, too.
    assert_eq!(it.offers(&it.world.warehouse).await, [json!([Uuid::from_u128(3)])]);
    let found = ["compared", "missing", "behind", "different", "source_behind", "offered", "left"];
    assert_eq!(found.map(|name| figures[name].as_u64().unwrap()), [4, 1, 1, 1, 1, 4, 0]);
    let metrics = worker.request("GET", "/metrics").await.text().await.unwrap();
    let line = format!("lockstep_losses_total{{direction=\"{TO_WAREHOUSE}\",loss=\"missing\"}} 1");
    assert!(metrics.lines().any(|it| it == line), "{line} is not in\n{metrics}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_that_cannot_publish_knows_more_is_offered_and_counts_as_no_loss() {
    let it = Compared::new().await;
    it.store.changed(&[order(1, 1, 0), order(2, 1, 0)]);
    it.warehouse.has(&[order(1, 1, 0), order(2, 3, 0)]);
    it.warehouse.with(|state| state.unpublished = Some(0));
    let worker = it.start("").await;
    let figures = comes_to(&worker, 2).await;
    assert_eq!(it.offers(&it.world.warehouse).await, [json!([Uuid::from_u128(2)])]);
    let found = ["missing", "behind", "different", "source_behind", "offered", "left"];
    assert_eq!(found.map(|name| figures[name].as_u64().unwrap()), [0, 0, 0, 0, 1, 0]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_by_the_second_check_is_not_offered() {
    let it = Compared::new().await;
    it.store.changed(&[order(1, 1, 0)]);
    let worker = it.start("compare.grace = '500ms'").await;
    let asked = async || it.warehouse.with(|state| (state.asked == 1).then_some(()));
    eventually("the warehouse is asked", asked).await;
    it.warehouse.has(&[order(1, 1, 0)]);
    let figures = comes_to(&worker, 1).await;
    assert_eq!(it.warehouse.with(|state| state.asked), 2);
    assert_eq!((&figures["missing"], &figures["offered"]), (&json!(0), &json!(0)));
    assert!(it.offers(&it.world.store).await.is_empty());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_published_or_not_visible_yet_is_not_compared() {
    let it = Compared::new().await;
    it.store.changed(&[order(1, 1, 0), order(2, 1, 0)]);
    it.warehouse.has(&[order(1, 1, 0), order(2, 1, 0)]);
    it.store.with(|state| state.unpublished = Some(2));
    let worker = it.start("").await;
    waits_for(&worker, "RabbitMQ has not confirmed").await;
    assert_eq!(it.store.with(|state| state.compared), 1, "as far as all is published");
    it.store.with(|state| (state.unpublished, state.xmin) = (None, Some(5)));
    let asked = it.warehouse.with(|state| state.asked);
    it.store.changed(&[order(1, 1, 0), order(2, 1, 0), order(3, 1, 0)]);
    comes_to_place(&worker, 2).await;
    // Two polls make a place a boundary where no transaction is open.
    let polls = it.store.with(|state| state.polls);
    let polled = async || it.store.with(|state| (state.polls >= polls + 20).then_some(()));
    eventually("the end of the log is polled many times", polled).await;
    assert_eq!(it.store.with(|state| state.compared), 2, "the third is not visible to all");
    assert_eq!(it.warehouse.with(|state| state.asked), asked + 1, "of the third nothing is asked");
    it.store.with(|state| state.xmin = None);
    it.warehouse.with(|state| state.orders.push(order(3, 1, 0)));
    comes_to(&worker, 3).await;
    worker.stop().await;
}

async fn comes_to_place(worker: &TestWorker, place: i64) {
    let there = async || (figures(worker).await["compared_to"] == place).then_some(());
    eventually("it is compared so far", there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_peer_is_unavailable_nothing_is_compared_and_then_all_is() {
    let it = Compared::new().await;
    let worker = it.start("carry.probe_interval = '20ms'").await;
    it.world.warehouse.set_ready(503);
    worker.wait_for_state("waiting for the peer").await;
    it.store.changed(&[order(1, 1, 0)]);
    waits_for(&worker, "waiting for the peer").await;
    assert_eq!(it.warehouse.with(|state| state.asked), 0);
    it.world.warehouse.set_ready(200);
    comes_to(&worker, 1).await;
    assert_eq!(it.offers(&it.world.store).await, [json!([Uuid::from_u128(1)])]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_at_a_peer_that_is_slow_is_not_taken_for_a_loss() {
    let it = Compared::new().await;
    let worker = it.start("compare.grace = '1s'").await;
    it.world.warehouse.delay_changes(Duration::from_secs(4));
    it.world.publish_all(&[edited(Uuid::from_u128(1), 1)]).await;
    it.store.changed(&[order(1, 1, 0)]);
    waits_for(&worker, "in hand").await;
    assert_eq!(it.world.waiting().await, Some(0), "RabbitMQ counts no message that waits");
    it.warehouse.has(&[order(1, 1, 0)]);
    let figures = comes_to(&worker, 1).await;
    assert_eq!((&figures["missing"], &figures["offered"]), (&json!(0), &json!(0)));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_while_an_order_differs() {
    let it = Compared::new().await;
    it.store.changed(&[order(1, 1, 0)]);
    let worker = it.start("compare.grace = '5s'").await;
    let asked = async || it.warehouse.with(|state| (state.asked == 1).then_some(()));
    eventually("the warehouse is asked", asked).await;
    it.warehouse.has(&[order(1, 1, 0), order(2, 1, 0)]);
    it.store.changed(&[order(1, 1, 0), order(2, 1, 0)]);
    let both = async || (figures(&worker).await["compared"] == 2).then_some(());
    eventually("the second order is compared", both).await;
    assert_eq!(it.store.with(|state| state.compared), 0, "the first one is not judged yet");
    comes_to(&worker, 2).await;
    assert_eq!(figures(&worker).await["offered"], 0);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_log_is_polled_while_a_page_takes_long() {
    let it = Compared::new().await;
    let late = ResponseTemplate::new(200).set_body_json(json!({"orders": [], "newest": 0}));
    let revisions = Mock::given(method("POST")).and(path("/v1/sync/revisions"));
    let late = revisions.respond_with(late.set_delay(Duration::from_secs(10)));
    it.world.warehouse.mount(late.with_priority(1)).await;
    it.store.changed(&[order(1, 1, 0)]);
    let worker = it.start("").await;
    let asked = async || {
        let asked = it.world.warehouse.received_of("/v1/sync/revisions").await;
        (!asked.is_empty()).then_some(())
    };
    eventually("the warehouse is asked", asked).await;
    it.store.changed(&[order(1, 1, 0), order(2, 1, 0)]);
    let newest = async || Some(figures(&worker).await).filter(|state| state["newest"] == 2);
    let state = eventually("the second order is seen", newest).await;
    assert_eq!(state["compared"], 0, "the warehouse has not answered yet");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_does_not_agree_to_the_offer_is_asked_again() {
    let it = Compared::new().await;
    let worker = it.start("").await;
    it.world.store.set_offer_status(503);
    it.store.changed(&[order(1, 1, 0)]);
    let twice = async || (it.offers(&it.world.store).await.len() >= 2).then_some(());
    eventually("it is asked again", twice).await;
    assert_eq!(it.store.with(|state| state.compared), 0, "it is not saved before that");
    it.world.store.set_offer_status(202);
    comes_to(&worker, 1).await;
    assert_eq!(figures(&worker).await["offered"], 1);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_of_an_older_version_is_reported_and_nothing_else_suffers() {
    let world = World::new().await;
    let worker = world.start_worker(QUICK).await;
    worker.wait_until_ready().await;
    waits_for(&worker, "404").await;
    worker.stop().await;
}
