//! The metrics of requests, by the route that answered them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use metrics::{Gauge, Histogram, Unit, describe_gauge, describe_histogram, gauge, histogram};
use tokio::time::Instant;

use super::metrics::Registry;

const DURATION: &str = "http_server_request_duration_seconds";
const ACTIVE: &str = "http_server_active_requests";

/// The route of a request that reached none: no path is like its own, or it was refused before.
const NO_ROUTE: &str = "none";

/// The route of a resource, with the names of its variables in place of their values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RoutePattern(pub(super) Rc<str>);

/// The metrics of the requests that one thread handles.
#[derive(Clone)]
pub(super) struct Requests {
    registry: Registry,
    active: Gauge,
    durations: Rc<RefCell<HashMap<Labels, Histogram>>>,
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
        Self { registry: registry.clone(), active, durations: Rc::default() }
    }

    /// Handles a request, and records how long that took.
    pub(super) async fn measure<B: MessageBody>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let _active = Active::new(&self.active);
        let (began, method) = (Instant::now(), method_name(request.method()));
        let answered = next.call(request).await;
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
