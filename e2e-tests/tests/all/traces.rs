//! One trace from a caller's request to the peer's commit, as a collector gets it, and without one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use reqwest::Method;
use serde_json::{Value, json};
use test_kit::{TestBroker, TestClient, eventually};

use crate::collector::{Collector, Span};

/// A trace that a caller begins, and the caller's span in it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Returns the spans of a program with this name.
fn of<'a>(spans: &'a [Span], service: &str, name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.service == service && span.name == name).collect()
}

fn has(spans: &[Span], service: &str, name: &str) -> bool {
    !of(spans, service, name).is_empty()
}

async fn place(store: &TestClient, traceparent: &str) -> String {
    let request = store.request("POST".parse().unwrap(), "/v1/orders").json(&lamps_and_bulbs());
    let placed = store.send(request.header("traceparent", traceparent)).await.with(201);
    placed["id"].as_str().unwrap().to_owned()
}

fn given() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_from_the_caller_to_the_peers_commit() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let stack = Stack::start_traced(&broker, collector.url()).await;
    let [store, ..] = stack.clients();
    let order = place(&store, &given()).await;
    stack.agree_on(&order).await;
    let expected = [
        ("store-svc", "POST /v1/orders"),
        ("store-svc", "publish store.events"),
        ("sync-worker", "carry store-to-warehouse"),
        ("warehouse-svc", "merge order"),
    ];
    let complete = |spans: &[Span]| expected.iter().all(|(it, name)| has(spans, it, name));
    let spans = collector.wait_for("the order's trace is complete", TRACE, complete).await;
    let one = |(service, name)| match &of(&spans, service, name)[..] {
        [only] => (*only).clone(),
        found => panic!("one {name} of {service}: {found:?} among {spans:?}"),
    };
    let [request, published, carried, merged] = expected.map(one);
    let parents = [&request, &published, &carried, &merged].map(|span| span.parent.as_str());
    assert_eq!(parents, [CALLER, &request.id, &published.id, &carried.id], "{spans:?}");
    assert_eq!(request.says("http.route").as_deref(), Some("/v1/orders"));
    assert_eq!(carried.says("lockstep.fate").as_deref(), Some("carried"));
    assert_eq!(merged.says("lockstep.order.id"), Some(order.clone()));
    // Each side says which span its change was made in.
    let histories = [stack.store.changes(&order).await, stack.warehouse.changes(&order).await];
    let kept = histories.map(|changes| changes[0]["trace"].clone());
    let expected = [&request.id, &merged.id].map(|span| json!(format!("00-{TRACE}-{span}-01")));
    assert_eq!(kept, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_parked_and_replayed_goes_on_in_its_trace() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let stack = Stack::start_traced(&broker, collector.url()).await;
    let [store, _, worker] = stack.clients();
    stack
        .warehouse_runs(
            "create function refuse() returns trigger language plpgsql as $$
             begin raise exception 'not today'; end $$;
             create trigger refuse before insert on orders for each row execute function refuse()",
        )
        .await;
    let order = place(&store, &given()).await;
    let parked = async || {
        let page = worker.get("/v1/parked?state=parked").await.with(200).body;
        page["items"].as_array()?.iter().any(|it| it["order_id"] == json!(order)).then_some(())
    };
    eventually("the order is parked", parked).await;
    stack.warehouse_runs("drop trigger refuse on orders").await;
    let all = json!({"all": true});
    worker.post("/v1/parked/replay", &all).await.with(200);
    stack.agree_on(&order).await;
    let replayed = |spans: &[Span]| {
        let carried = of(spans, "sync-worker", "carry store-to-warehouse");
        let fates = carried.iter().filter_map(|span| span.says("lockstep.fate"));
        let fates = fates.collect::<Vec<_>>();
        ["parked", "carried"].iter().all(|fate| fates.iter().any(|it| it == fate))
            && has(spans, "warehouse-svc", "merge order")
            && has(spans, "store-svc", "POST /v1/orders")
            && of(spans, "store-svc", "publish store.events").len() >= 2
    };
    let spans = collector.wait_for("it is carried in its trace", TRACE, replayed).await;
    let request = of(&spans, "store-svc", "POST /v1/orders")[0].id.clone();
    let published = of(&spans, "store-svc", "publish store.events");
    assert!(published.iter().all(|span| span.parent == request), "{spans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_for_its_peer_stays_in_its_trace() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let mut stack = Stack::start_traced(&broker, collector.url()).await;
    let [store, ..] = stack.clients();
    stack.warehouse_svc.kill().await;
    let order = place(&store, &given()).await;
    let given_back = |spans: &[Span]| {
        let tried = of(spans, "sync-worker", "carry store-to-warehouse");
        tried.iter().any(|span| span.says("lockstep.fate").as_deref() == Some("given back"))
    };
    collector.wait_for("it is given back", TRACE, given_back).await;
    stack.warehouse_svc.start().await;
    stack.ready().await;
    stack.agree_on(&order).await;
    let merged_by_what_carried_it = |spans: &[Span]| {
        let carried = of(spans, "sync-worker", "carry store-to-warehouse");
        let merged = of(spans, "warehouse-svc", "merge order");
        merged.iter().any(|merged| carried.iter().any(|span| span.id == merged.parent))
    };
    collector.wait_for("it is merged in its trace", TRACE, merged_by_what_carried_it).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_a_callers_trace_is_kept_and_none_is_made_up() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let [store, ..] = stack.clients();
    let traced = place(&store, &given()).await;
    let odd = place(&store, "00-nonsense").await;
    let plain = stack.store.place(&lamps_and_bulbs()).await;
    for (order, expected) in [(traced, json!(given())), (odd, Value::Null), (plain, Value::Null)] {
        stack.agree_on(&order).await;
        for side in [&stack.store, &stack.warehouse] {
            assert_eq!(side.changes(&order).await[0]["trace"], expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_is_short_however_long_a_request_is() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let stack = Stack::start_traced(&broker, collector.url()).await;
    let stranger = TestClient::new(stack.store_svc.url());
    let method = Method::from_bytes("X".repeat(60_000).as_bytes()).unwrap();
    let path = format!("/{}", "p".repeat(60_000));
    let request = stranger.request(method, "/v1/orders").header("traceparent", given());
    stranger.send(request).await.with(401);
    let request = stranger.request(Method::GET, &path).header("traceparent", given());
    stranger.send(request).await.with(401);
    let both = |spans: &[Span]| spans.len() == 2;
    let spans = collector.wait_for("both requests have a span", TRACE, both).await;
    for span in &spans {
        let (name, text) = (&span.name, format!("{:?}", span.attributes));
        assert!(name.len() + text.len() < 2_048, "{} + {} bytes", name.len(), text.len());
    }
    let of_method = |method| {
        let found =
            spans.iter().find(|it| it.says("http.request.method").as_deref() == Some(method));
        found.unwrap_or_else(|| panic!("no {method} in {spans:?}"))
    };
    assert_eq!(of_method("_OTHER").name, "HTTP /v1/orders");
    assert_eq!(of_method("GET").says("url.path").as_deref(), path.get(..256));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_was_silent_gets_later_spans_and_its_password_is_in_no_log() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let mut stack = Stack::start_traced(&broker, collector.url()).await;
    let [store, ..] = stack.clients();
    stack.store_svc.stop().await;
    let endpoint = collector.url().replace("://", "://user:p{assw@") + "?key=secret-of-the-query";
    stack.store_svc.set_variable("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
    stack.store_svc.set_variable("OTEL_EXPORTER_OTLP_TIMEOUT", "200");
    collector.be_silent(true);
    stack.store_svc.start().await;
    stack.ready().await;
    store.get("/v1/orders").await.with(200);
    let login = STANDARD.encode("user:p{assw");
    let authorization = format!("Basic {login}");
    collector.wait_for_request(&authorization, "key=secret-of-the-query").await;
    collector.be_silent(false);
    place(&store, &given()).await;
    let placed = |spans: &[Span]| has(spans, "store-svc", "POST /v1/orders");
    collector.wait_for("a later span gets through", TRACE, placed).await;
    stack.assert_not_logged(&["p{assw", "p%7Bassw", &login, "secret-of-the-query"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_ends_in_time_while_its_collector_is_silent() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let mut stack = Stack::start_traced(&broker, collector.url()).await;
    let [store, ..] = stack.clients();
    collector.be_silent(true);
    let before = collector.requests();
    store.get("/v1/orders").await.with(200);
    eventually("spans are on the way", async || (collector.requests() > before).then_some(()))
        .await;
    store.get("/v1/orders").await.with(200);
    stack.store_svc.try_to_stop(Duration::from_secs(4)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_cannot_be_read_is_refused_and_not_repeated() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    stack.store_svc.stop().await;
    stack
        .store_svc
        .set_variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:p{assw@collector:none");
    let refused = stack.store_svc.run(&[]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    let expected = "store-svc: OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL such as";
    assert!(said.contains(expected) && !said.contains("assw"), "{said}");
}
