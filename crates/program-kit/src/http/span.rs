//! The span around all log lines of a request, and its span in the trace. Neither holds a query or a
//! header, which could contain a secret, nor a text as long as a caller likes.

use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _};
use shared_models::trace::{TRACEPARENT, TraceContext};
use tracing::field::display;
use tracing::{Span, field};
use tracing_actix_web::RootSpanBuilder;
use uuid::Uuid;

use super::requests::{OTHER_METHOD, method_name};
use crate::access::Caller;
use crate::telemetry::text::cut;
use crate::telemetry::trace;

/// Creates the spans of a request.
pub(super) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let span = tracing::info_span!(
            "request",
            method = %method_name(request.method()),
            path = cut(request.path()),
            address = field::Empty,
            principal = field::Empty,
            record = field::Empty,
            trace_id = field::Empty,
        );
        if let Some((traced, context)) = begin(request) {
            span.record("trace_id", context.trace_id_text());
            request.extensions_mut().insert(traced);
        }
        span
    }

    fn on_request_end<B: MessageBody>(_: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        if let Ok(response) = outcome {
            end(response);
        }
    }
}

/// Begins the span in the trace, if there is one: the caller sent it, or it begins here because a
/// collector wants it. Probes and metrics are asked for all the time, and begin none.
fn begin(request: &ServiceRequest) -> Option<(trace::Span, TraceContext)> {
    let sent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|text| text.trim().parse::<TraceContext>().ok());
    let path = request.path();
    let is_probe = path.starts_with("/health") || path == "/metrics";
    let begun = (sent.is_some() || !is_probe).then(|| trace::Span::server("request", sent))?;
    let context = begun.context()?;
    Some((begun, context))
}

/// Describes and ends the span in the trace, with the names that OpenTelemetry has for it.
fn end<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let Some(mut traced) = request.extensions_mut().remove::<trace::Span>() else { return };
    if !traced.is_recorded() {
        return;
    }
    let method = method_name(request.method());
    let (route, status) = (request.match_pattern(), response.status());
    traced.rename(|| name(method, route.as_deref()));
    traced.set("http.request.method", method);
    traced.set("url.path", cut(request.path()).to_owned());
    traced.set("http.response.status_code", i64::from(status.as_u16()));
    if let Some(route) = route {
        traced.set("http.route", route);
    }
    if status.is_server_error() {
        traced.failed(status.as_str().to_owned());
    }
}

fn name(method: &'static str, route: Option<&str>) -> String {
    let method = if method == OTHER_METHOD { "HTTP" } else { method };
    match route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    }
}

/// Returns the place of a request in its trace, if it has one.
pub(super) fn trace_of(request: &ServiceRequest) -> Option<TraceContext> {
    request.extensions().get::<trace::Span>().and_then(trace::Span::context)
}

/// Records the address of the client.
pub(super) fn record_address(address: IpAddr) {
    Span::current().record("address", display(address));
}

/// Records the key of the record that the request in hand is about, where its path does not say it.
pub fn record_key(key: Uuid) {
    Span::current().record("record", display(key));
}

/// Records the principal.
pub(super) fn record_principal(caller: &Caller) {
    if let Some(name) = caller.name() {
        Span::current().record("principal", name);
    }
}
