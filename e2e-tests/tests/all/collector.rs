//! A collector of spans, which tests may have stop answering.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Attribute};
use prost::Message as _;
use test_kit::eventually;

/// A span, as the collector got it.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) attributes: Vec<KeyValue>,
}

impl Span {
    pub(crate) fn says(&self, key: &str) -> Option<String> {
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

/// What a collector has got so far.
#[derive(Debug, Default)]
struct Received {
    spans: Vec<Span>,
    /// The authorization and the query of each request.
    requests: Vec<(String, String)>,
    is_silent: bool,
}

type Shared = Arc<Mutex<Received>>;

/// A collector that keeps what it gets.
pub(crate) struct Collector {
    url: String,
    received: Shared,
}

async fn receive(received: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let authorization = request.headers().get("authorization");
    let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
    let asked = (authorization.unwrap_or_default(), request.query_string().to_owned());
    let is_silent = {
        let mut received = received.lock().unwrap();
        received.requests.push(asked);
        if !received.is_silent {
            received.spans.extend(spans_of(body));
        }
        received.is_silent
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

fn spans_of(body: Bytes) -> Vec<Span> {
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
    spans
}

impl Collector {
    pub(crate) fn start() -> Self {
        let received = Shared::default();
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

    /// Where it takes spans.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Has it take requests without ever answering them, or answer later ones again.
    pub(crate) fn be_silent(&self, is_silent: bool) {
        self.received.lock().unwrap().is_silent = is_silent;
    }

    /// Counts the requests so far, with those that were not answered.
    pub(crate) fn requests(&self) -> usize {
        self.received.lock().unwrap().requests.len()
    }

    /// Waits for a request with this authorization and this query.
    pub(crate) async fn wait_for_request(&self, authorization: &str, query: &str) {
        let wanted = (authorization.to_owned(), query.to_owned());
        let has_come =
            async || self.received.lock().unwrap().requests.contains(&wanted).then_some(());
        eventually("the collector is asked as its endpoint says", has_come).await;
    }

    /// Waits until the spans of a trace are as wanted, and returns them.
    pub(crate) async fn wait_for(
        &self,
        what: &str,
        trace: &str,
        wanted: impl Fn(&[Span]) -> bool,
    ) -> Vec<Span> {
        let look = async || {
            let all = self.received.lock().unwrap().spans.clone();
            let spans = all.into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
            wanted(&spans).then_some(spans)
        };
        eventually(what, look).await
    }
}
