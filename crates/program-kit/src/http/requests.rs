//! The metrics of requests, by the route that answered them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use actix_web::Error;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};
use tokio::time::Instant;

use super::metrics::Registry;

const DURATION: &str = "http_server_request_duration_seconds";
const ACTIVE: &str = "http_server_active_requests";

/// The route of a request that reached none: no path is like its own, or it was refused before.
const NO_ROUTE: &str = "none";

/// The route of a resource, with the names of its variables in place of their values. Each resource has one,
/// so two are the same if they are at one place: every request is looked up by it.
#[derive(Clone, Debug)]
pub(super) struct RoutePattern(pub(super) Rc<str>);

impl PartialEq for RoutePattern {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for RoutePattern {}

impl Hash for RoutePattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Rc::as_ptr(&self.0).hash(state);
    }
}

/// The metrics of the requests that one thread handles.
pub(super) struct Requests {
    registry: Registry,
    active: Gauge,
    durations: RefCell<HashMap<Labels, Histogram>>,
}

/// The values of a request's labels: of each there are only so many.
#[derive(PartialEq, Eq, Hash)]
struct Labels {
    method: &'static str,
    route: Option<RoutePattern>,
    status: u16,
}

/// A request that is being handled, until this is dropped: its client may leave before the answer.
struct Active<'a>(&'a Gauge);

impl<'a> Active<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Requests {
    /// Creates the metrics of one thread.
    pub(super) fn new(registry: &Registry) -> Self {
        let active = registry.register(|| {
            describe_gauge!(ACTIVE, "Requests that are being handled");
            describe_histogram!(
                DURATION,
                Unit::Seconds,
                "The time until the head of the answer, by method, route and status"
            );
            gauge!(ACTIVE)
        });
        Self { registry: registry.clone(), active, durations: RefCell::default() }
    }

    /// Has a request handled, and records how long that took.
    pub(super) async fn measure<B>(
        &self,
        request: ServiceRequest,
        handle: impl AsyncFnOnce(ServiceRequest) -> Result<ServiceResponse<B>, Error>,
    ) -> Result<ServiceResponse<B>, Error> {
        let _active = Active::new(&self.active);
        let (began, method) = (Instant::now(), method_name(request.method()));
        let answered = handle(request).await;
        let (route, status) = match &answered {
            Ok(response) => (response.request().app_data().cloned(), response.status()),
            Err(error) => (None, error.as_response_error().status_code()),
        };
        self.record(Labels { method, route, status: status.as_u16() }, began);
        answered
    }

    fn record(&self, labels: Labels, began: Instant) {
        let mut durations = self.durations.borrow_mut();
        let took = began.elapsed();
        match durations.get(&labels) {
            Some(duration) => duration.record(took),
            None => {
                let duration = self.registry.register(|| labels.histogram());
                duration.record(took);
                durations.insert(labels, duration);
            }
        }
    }
}

impl Labels {
    fn histogram(&self) -> Histogram {
        let route = self.route.as_ref().map_or(NO_ROUTE, |RoutePattern(route)| route);
        let (route, status) = (route.to_owned(), self.status.to_string());
        histogram!(DURATION, "method" => self.method, "route" => route, "status" => status)
    }
}

/// The name of all methods that HTTP does not have, as OpenTelemetry writes it.
pub(super) const OTHER_METHOD: &str = "_OTHER";

/// Returns the name of a method. A client may invent others, of which there is no end.
pub(super) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}
