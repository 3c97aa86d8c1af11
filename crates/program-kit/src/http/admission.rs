//! Authentication of every request, then authorization by the rule of its route.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};

use super::address::{SHARED_KEY, sender};
use super::local::is_local;
use super::problem::{Kind, Problem};
use super::rate::RateLimits;
use super::span;
use super::{LimitsSettings, Proxies};
use crate::access::{Access, Caller, Denied, Rule, UnknownToken};
use crate::telemetry::trace;

/// The admission of requests: tokens, rate limits and proxies.
#[derive(Clone)]
pub(super) struct Admission {
    /// The configured tokens.
    access: Access,
    /// The rate limits of callers.
    rates: Arc<RateLimits>,
    /// The proxies whose `X-Forwarded-For` is trusted.
    proxies: Arc<Proxies>,
}

impl Admission {
    pub(super) fn new(access: Access, limits: &LimitsSettings) -> Self {
        let proxies = Arc::new(limits.trusted_proxies.clone());
        Self { access, rates: Arc::new(RateLimits::new(limits)), proxies }
    }

    fn caller(&self, request: &ServiceRequest) -> Result<Caller, Problem> {
        let headers = request.headers();
        let address = address(request, &self.proxies);
        span::record_address(address);
        if self.access.is_open() && !is_local(text(headers, HOST), text(headers, ORIGIN)) {
            return Err(from_elsewhere());
        }
        let caller = self.access.caller(bearer(headers)).or_else(|UnknownToken| {
            // A request with an unknown token counts as one without.
            self.rates.check_address(address).and_then(|()| Err(unknown_token()))
        })?;
        span::record_principal(&caller);
        self.rates.check(&caller, address)?;
        Ok(caller)
    }
}

/// Identifies the caller and checks the rate limit, before any of the body is read. An unknown
/// token is refused even if none is needed, so that its owner notices.
pub(super) async fn identify(
    admission: Admission,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    match admission.caller(&request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let trace = span::trace_of(&request);
            trace::within(trace, next.call(request)).await
        }
        Err(refused) => Ok(request.error_response(refused)),
    }
}

/// Admits only callers that the method's rule permits; a missing method is shown to known callers.
pub(super) async fn admit(
    rules: Rc<[(Method, Rule)]>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let caller = Caller::of(request.request());
    let asked = rules.iter().find(|(method, _)| method == request.method());
    let public = || rules.iter().all(|(_, rule)| *rule == Rule::Public);
    let admitted = match asked {
        Some((_, rule)) => caller.check(*rule).map_err(denied),
        None if public() => Ok(()),
        None => known(&caller),
    };
    match admitted {
        Ok(()) => next.call(request).await,
        Err(refused) => Ok(request.error_response(refused)),
    }
}

/// Fails for unknown callers: only known ones learn that a resource does not exist.
pub(super) fn known(caller: &Caller) -> Result<(), Problem> {
    match caller {
        Caller::Nobody => Err(denied(Denied::Unknown)),
        Caller::Anybody | Caller::Known(_) => Ok(()),
    }
}

impl Caller {
    /// Returns the caller of a request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        request.extensions().get().cloned().unwrap_or(Self::Nobody)
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

fn address(request: &ServiceRequest, proxies: &Proxies) -> IpAddr {
    // A socket that was closed at once may have no address.
    let peer = request.peer_addr().map_or(SHARED_KEY, |peer| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").collect::<Vec<_>>();
    let forwarded = forwarded.iter().map(|value| value.to_str().unwrap_or_default());
    sender(peer, forwarded, proxies)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // A value that is not text is not an address of this machine either.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Returns the bearer token of a request (RFC 6750). Other schemes count as none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn from_elsewhere() -> Problem {
    let detail = "no token is configured, so only callers on this machine are served; this request \
                  names another host in Host or Origin";
    Problem::new(Kind::Forbidden, detail)
}

fn unknown_token() -> Problem {
    let detail = "the token is unknown here; it may have been replaced";
    tracing::warn!("request refused: {detail}");
    Problem::unauthenticated(detail, ", error=\"invalid_token\"")
}

fn denied(denied: Denied) -> Problem {
    match denied {
        Denied::Unknown => {
            let detail = "a token is required: send Authorization: Bearer TOKEN";
            Problem::unauthenticated(detail, "")
        }
        Denied::Lacks(rule) => {
            let detail = format!("the token lacks the required role: {}", rule.role_names());
            tracing::warn!("request refused: {detail}");
            Problem::new(Kind::Forbidden, detail)
        }
    }
}
