//! A fake side: its answers are set by the test.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared_models::parked::{ParkedReport, ReportedChange};
use test_kit::eventually;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The answer to `POST /v1/sync/orders`.
type Take = Box<dyn FnMut(&Value) -> ResponseTemplate + Send>;

/// A fake side.
pub(crate) struct FakeSide {
    server: MockServer,
    behaviour: Arc<Mutex<Behaviour>>,
}

struct Behaviour {
    ready: u16,
    offer: u16,
    report: u16,
    report_delay: Duration,
    take: Take,
}

impl FakeSide {
    /// Starts a side that is ready, accepts offers and applies everything.
    pub(crate) async fn start() -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").unwrap()).await
    }

    pub(crate) async fn start_on(listener: TcpListener) -> Self {
        let take: Take = Box::new(applied);
        let (report, report_delay) = (200, Duration::ZERO);
        let behaviour = Behaviour { ready: 200, offer: 202, report, report_delay, take };
        let behaviour = Arc::new(Mutex::new(behaviour));
        let server = MockServer::builder().listener(listener).start().await;
        let with = |answer: fn(&mut Behaviour, &Request) -> ResponseTemplate| {
            let behaviour = Arc::clone(&behaviour);
            move |request: &Request| answer(&mut behaviour.lock().unwrap(), request)
        };
        let mocks = [
            Mock::given(method("GET"))
                .and(path("/health/ready"))
                .respond_with(with(|behaviour, _| ResponseTemplate::new(behaviour.ready))),
            Mock::given(method("POST"))
                .and(path("/v1/sync/offer"))
                .respond_with(with(|behaviour, _| ResponseTemplate::new(behaviour.offer))),
            Mock::given(method("POST")).and(path("/v1/parked")).respond_with(with(
                |behaviour, _| {
                    ResponseTemplate::new(behaviour.report).set_delay(behaviour.report_delay)
                },
            )),
            Mock::given(method("POST"))
                .and(path("/v1/sync/orders"))
                .respond_with(with(|behaviour, request| (behaviour.take)(&body(request)))),
        ];
        for mock in mocks {
            mock.mount(&server).await;
        }
        Self { server, behaviour }
    }

    /// Adds an answer.
    pub(crate) async fn mount(&self, mock: Mock) {
        mock.mount(&self.server).await;
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }

    /// Sets the status of `/health/ready`.
    pub(crate) fn set_ready(&self, status: u16) {
        self.behaviour.lock().unwrap().ready = status;
    }

    /// Sets the status of the answers to requests for an offer.
    pub(crate) fn set_offer_status(&self, status: u16) {
        self.behaviour.lock().unwrap().offer = status;
    }

    /// Sets the status of the answers to reports of parked changes.
    pub(crate) fn set_report_status(&self, status: u16) {
        self.behaviour.lock().unwrap().report = status;
    }

    /// Delays the answers to reports of parked changes.
    pub(crate) fn delay_reports(&self, delay: Duration) {
        self.behaviour.lock().unwrap().report_delay = delay;
    }

    /// Sets the answer to requests with changes.
    pub(crate) fn answer_changes(
        &self,
        take: impl FnMut(&Value) -> ResponseTemplate + Send + 'static,
    ) {
        self.behaviour.lock().unwrap().take = Box::new(take);
    }

    /// Delays the answers to requests with changes, which are applied.
    pub(crate) fn delay_changes(&self, delay: Duration) {
        self.answer_changes(move |request| applied(request).set_delay(delay));
    }

    /// Fails the next two requests with changes with this status; then changes are applied.
    pub(crate) fn fail_twice(&self, status: u16) {
        let mut failures = 2;
        self.answer_changes(move |request| match failures {
            0 => applied(request),
            _ => {
                failures -= 1;
                ResponseTemplate::new(status)
            }
        });
    }

    /// Returns the requests with changes so far.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        self.received("/v1/sync/orders").await
    }

    /// Returns the number of requests for readiness so far.
    pub(crate) async fn probes(&self) -> usize {
        self.received_of("/health/ready").await.len()
    }

    /// Returns the requests for an offer so far.
    pub(crate) async fn offers(&self) -> Vec<Value> {
        self.received("/v1/sync/offer").await
    }

    /// Returns the reports of parked changes so far, whatever they were answered.
    pub(crate) async fn reports(&self) -> Vec<ParkedReport> {
        let reports = self.received("/v1/parked").await.into_iter();
        reports.map(|report| serde_json::from_value(report).unwrap()).collect()
    }

    /// Waits until this many changes were reported, and returns them; each report is accepted.
    pub(crate) async fn wait_for_reported(&self, count: usize) -> Vec<ReportedChange> {
        let enough = async || {
            let reports = self.reports().await.into_iter();
            let kept: Vec<_> = reports.flat_map(|report| report.changes).collect();
            (kept.len() >= count).then_some(kept)
        };
        eventually("enough is reported", enough).await
    }

    /// Waits until this many requests with changes have come; returns all that came.
    pub(crate) async fn wait_for_requests(&self, count: usize) -> Vec<Value> {
        let enough = async || {
            let requests = self.requests().await;
            (requests.len() >= count).then_some(requests)
        };
        eventually("enough requests come", enough).await
    }

    /// Returns the requests for a path so far.
    pub(crate) async fn received_of(&self, path: &str) -> Vec<Request> {
        let received = self.server.received_requests().await.unwrap().into_iter();
        received.filter(|request| request.url.path() == path).collect()
    }

    async fn received(&self, path: &str) -> Vec<Value> {
        let received = self.received_of(path).await;
        received.iter().filter(|request| request.method == "POST").map(body).collect()
    }
}

/// Returns the message of a reported change.
pub(crate) fn message(change: &ReportedChange) -> Vec<u8> {
    STANDARD.decode(&change.body).unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// The answer that applies every change of a request.
pub(crate) fn applied(request: &Value) -> ResponseTemplate {
    outcomes(request, |_| json!({"outcome": "applied"}))
}

/// The answer with this outcome for each change of a request.
pub(crate) fn outcomes(request: &Value, outcome: impl Fn(&Value) -> Value) -> ResponseTemplate {
    let result = |change: &Value| {
        let mut result = outcome(change);
        result["event_id"] = change["event_id"].clone();
        result
    };
    let results: Vec<_> = request["changes"].as_array().unwrap().iter().map(result).collect();
    ResponseTemplate::new(200).set_body_json(json!({"results": results}))
}
