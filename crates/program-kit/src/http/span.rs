//! The span around all log lines of a request. It holds no query and no header, which could contain
//! a secret.

use std::net::IpAddr;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use tracing::field::display;
use tracing::{Span, field};
use tracing_actix_web::RootSpanBuilder;

use crate::access::Caller;

/// Creates the span of a request.
pub(super) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = request.path(),
            address = field::Empty,
            principal = field::Empty,
            status = field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
    }
}

/// Records the address of the client.
pub(super) fn record_address(address: IpAddr) {
    Span::current().record("address", display(address));
}

/// Records the principal.
pub(super) fn record_principal(caller: &Caller) {
    if let Some(name) = caller.name() {
        Span::current().record("principal", name);
    }
}
