//! One trace from a caller's request to the peer's commit, as a collector gets it, and without one.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, web};
use e2e_tests::Stack;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Attribute};
use process_kit::lamps_and_bulbs;
use prost::Message as _;
use serde_json::{Value, json};
use test_kit::{TestBroker, TestClient, eventually};

/// A trace that a caller begins, and the caller's span in it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A span, as the collector got it.
#[derive(Clone, Debug)]
struct Span {
    service: String,
    name: String,
    trace: String,
    id: String,
    parent: String,
    attributes: Vec<KeyValue>,
}

impl Span {
    fn says(&self, key: &str) -> Option<String> {
        text(&self.attributes, key)
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == key)?;
    match &found.value {
        Some(AnyValue { value: Some(Attribute::StringValue(text)) }) => Some(text.clone()),
        value => Some(format!("{value:?}")),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

type Received = Arc<Mutex<Vec<Span>>>;

/// A collector that keeps what it gets.
struct Collector {
    url: String,
    received: Received,
}

async fn receive(received: Data<Received>, body: Bytes) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = vec![];
    for of_program in request.resource_spans {
        let resource = of_program.resource.unwrap_or_default();
        let service = text(&resource.attributes, "service.name").unwrap_or_default();
        for span in of_program.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Span {
                service: service.clone(),
                name: span.name,
                trace: hexadecimal(&span.trace_id),
                id: hexadecimal(&span.span_id),
                parent: hexadecimal(&span.parent_span_id),
                attributes: span.attributes,
            });
        }
    }
    received.lock().unwrap().extend(spans);
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

impl Collector {
    fn start() -> Self {
        let received = Received::default();
        let shared = Data::new(Arc::clone(&received));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::new(64 << 20))
                .route("/v1/traces", web::post().to(receive))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, received }
    }

    /// Waits until the spans of a trace are as wanted, and returns them.
    async fn wait_for(
        &self,
        what: &str,
        trace: &str,
        wanted: impl Fn(&[Span]) -> bool,
    ) -> Vec<Span> {
        let look = async || {
            let all = self.received.lock().unwrap().clone();
            let spans = all.into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
            wanted(&spans).then_some(spans)
        };
        eventually(what, look).await
    }
}

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
    let stack = Stack::start_traced(&broker, &collector.url).await;
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
    let stack = Stack::start_traced(&broker, &collector.url).await;
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
    };
    let spans = collector.wait_for("it is carried in its trace", TRACE, replayed).await;
    let request = of(&spans, "store-svc", "POST /v1/orders")[0].id.clone();
    let published = of(&spans, "store-svc", "publish store.events");
    assert!(published.len() >= 2, "{spans:?}");
    assert!(published.iter().all(|span| span.parent == request), "{spans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_for_its_peer_stays_in_its_trace() {
    let (broker, collector) = (TestBroker::new().await, Collector::start());
    let mut stack = Stack::start_traced(&broker, &collector.url).await;
    let [store, ..] = stack.clients();
    stack.warehouse_svc.kill().await;
    let order = place(&store, &given()).await;
    let given_back = |spans: &[Span]| {
        let tried = of(spans, "sync-worker", "carry store-to-warehouse");
        tried.iter().any(|span| span.says("lockstep.fate").as_deref() == Some("given back"))
    };
    collector.wait_for("it is given back", TRACE, given_back).await;
    stack.warehouse_svc.start().await;
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
