//! Who sent a request, and whether they may: first who it is, for every request, then whether the
//! route is for them.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};

use super::local::is_local;
use super::problem::{Kind, Problem};
use super::span;
use crate::access::{Access, Caller, Denied, Rule, UnknownToken};

/// Finds out who sent the request. A token that nobody was given is refused also where none is
/// needed: its owner is to know.
pub(super) async fn identify(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let headers = request.headers();
    if access.is_open() && !is_local(text(headers, HOST), text(headers, ORIGIN)) {
        return Err(from_elsewhere().into());
    }
    let caller = access.caller(bearer(headers)).map_err(|UnknownToken| unknown_token())?;
    span::tell_principal(&caller);
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// Lets only those through for whom the method is; other methods only those who are known.
pub(super) async fn admit(
    rules: Rc<[(Method, Rule)]>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let caller = Caller::of(request.request());
    let asked = rules.iter().find(|(method, _)| method == request.method());
    let public = || rules.iter().all(|(_, rule)| *rule == Rule::Public);
    match asked {
        Some((_, rule)) => caller.check(*rule).map_err(denied)?,
        None if public() => {}
        None => known(&caller)?,
    }
    next.call(request).await
}

/// Where there is nothing, only those are told so who are known.
pub(super) fn known(caller: &Caller) -> Result<(), Problem> {
    match caller {
        Caller::Nobody => Err(denied(Denied::Unknown)),
        Caller::Anybody | Caller::Known(_) => Ok(()),
    }
}

impl Caller {
    /// Who sent it.
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

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // What is no text is no address of this machine either.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// The token that a request shows (RFC 6750). Other schemes show none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn from_elsewhere() -> Problem {
    let detail = "without tokens, only callers on this machine are served: the request names \
                  another host, or comes from a page of one";
    Problem::new(Kind::Forbidden, detail)
}

fn unknown_token() -> Problem {
    let detail = "the token is not known here; it may have been replaced";
    Problem::unauthenticated(detail, ", error=\"invalid_token\"")
}

fn denied(denied: Denied) -> Problem {
    match denied {
        Denied::Unknown => {
            let detail = "a token is needed here: send Authorization: Bearer TOKEN";
            Problem::unauthenticated(detail, "")
        }
        Denied::Lacks(rule) => {
            let detail = format!("the token has not the role that is needed here: {}", rule.told());
            Problem::new(Kind::Forbidden, detail)
        }
    }
}
