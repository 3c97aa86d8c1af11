//! Admission to the pages: a session with the role that a page needs, and for what changes something
//! the proof that this program's own page sent it. The headers of every answer.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, HeaderValue, LOCATION,
    ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Route};
use futures_util::future::LocalBoxFuture;
use maud::html;
use program_kit::access::Rule;
use program_kit::http::body::FormBody;
use program_kit::http::endpoints::{PathEndpoints, endpoint, endpoints_of};
use program_kit::http::operation::page as describe_page;
use program_kit::http::problem::{Kind, Problem};

use super::page::notice;
use super::session::{Sessions, Visitor};

/// The name of the cookie with a session's id.
const SESSION: &str = "lockstep_session";

/// The policy of the pages: what they need is served here, and no page of another site may embed
/// them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The name of the form field with the form key.
pub(super) const FORM_KEY: &str = "form_key";

/// A page that people with this rule's role may read.
pub(super) fn page(path: &str, rule: Rule, route: impl Fn() -> Route) -> PathEndpoints {
    both(path, rule, route, None)
}

/// A page that can be read, and a form that posts to the same path.
pub(super) fn page_and_action(
    path: &str,
    rule: Rule,
    route: impl Fn() -> Route,
    action: Route,
) -> PathEndpoints {
    both(path, rule, route, Some(action))
}

/// A stream that people with this rule's role may follow. It has no end, so there is no `HEAD` of it.
pub(super) fn stream(path: &str, rule: Rule, route: Route) -> PathEndpoints {
    let follow = vec![endpoint(Method::GET, Rule::Public, guarded(rule, route), describe_page)];
    endpoints_of(path, "use GET; the overview follows it", follow)
}

/// A form's target: a path to which people with this rule's role may post.
pub(super) fn action(path: &str, rule: Rule, route: Route) -> PathEndpoints {
    endpoints_of(
        path,
        "use the form of the console",
        vec![endpoint(Method::POST, Rule::Public, guarded(rule, route), describe_page)],
    )
}

fn both(path: &str, rule: Rule, route: impl Fn() -> Route, action: Option<Route>) -> PathEndpoints {
    // The program's own rule is about bearer tokens, which browsers do not send: the session is
    // checked here.
    let read = |method| endpoint(method, Rule::Public, guarded(rule, route()), describe_page);
    let mut endpoints = vec![read(Method::GET), read(Method::HEAD)];
    endpoints.extend(
        action.map(|it| endpoint(Method::POST, Rule::Public, guarded(rule, it), describe_page)),
    );
    endpoints_of(path, "open it in a browser", endpoints)
}

/// A page for everybody, also without a session: the one that asks for a token.
pub(super) fn public(path: &str, read: impl Fn() -> Route, action: Route) -> PathEndpoints {
    both(path, Rule::Public, read, Some(action))
}

fn guarded(rule: Rule, route: Route) -> Route {
    route.wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
        admit(rule, request, next)
    }))
}

async fn admit(
    rule: Rule,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let mut answered = match refused(rule, &request) {
        None => next.call(request).await?,
        Some(answer) => request.into_response(answer),
    };
    let headers = answered.response_mut().headers_mut();
    let same = |text| HeaderValue::from_static(text);
    headers.insert(CONTENT_SECURITY_POLICY, same(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, same("nosniff"));
    headers.insert(REFERRER_POLICY, same("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), same("same-origin"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, same("no-store"));
    }
    Ok(answered)
}

/// Checks the session, its role, and where a change comes from; keeps the visitor for the handler.
/// Returns the answer to a request that is refused.
fn refused(rule: Rule, request: &ServiceRequest) -> Option<HttpResponse> {
    if request.method() == Method::POST && !is_from_here(request.request()) {
        let text = "This form was sent from another site, so nothing was done.";
        return Some(refusal(StatusCode::FORBIDDEN, "Not from here", text));
    }
    let Some(sessions) = request.app_data::<Data<Sessions>>() else {
        return Some(HttpResponse::InternalServerError().finish());
    };
    let id = session_id(request.request());
    match sessions.visitor(id.as_deref(), Instant::now()) {
        Some(visitor) if visitor.caller.may(rule) => {
            request.extensions_mut().insert(Arc::new(visitor));
            None
        }
        Some(visitor) => {
            let name = visitor.caller.name().unwrap_or("in use").to_owned();
            let role = rule.role_names();
            let text = format!("The token {name} lacks the role {role}, which this needs.");
            Some(refusal(StatusCode::FORBIDDEN, "Not permitted", &text))
        }
        None if rule == Rule::Public => None,
        None => Some(ask_for_token(request.request())),
    }
}

/// Leads to the page that asks for a token, and from there back.
fn ask_for_token(request: &HttpRequest) -> HttpResponse {
    let back = match *request.method() == Method::GET {
        true => request.uri().path_and_query().map_or("/", |it| it.as_str()),
        false => "/",
    };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/login?{query}"))).finish()
}

fn refusal(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    let page = notice(title, &html! { p { (text) } p { a href="/" { "To the overview" } } });
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page.into_string())
}

/// Returns whether a page of this program sent the request. Browsers say it themselves; older ones
/// name the page's origin, and then it must be the host that was asked.
fn is_from_here(request: &HttpRequest) -> bool {
    let header = |name: HeaderName| {
        request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
    };
    match (header(HeaderName::from_static("sec-fetch-site")), header(ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == header(HOST)
        }
        (None, None) => false,
    }
}

/// Returns the id of the session that a request names.
pub(super) fn session_id(request: &HttpRequest) -> Option<String> {
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|value| value.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(name, _)| name.trim() == SESSION).map(|(_, id)| id.trim().to_owned())
}

/// Returns the value of `Set-Cookie` that begins a session, or ends it without an id.
pub(super) fn session_cookie(request: &HttpRequest, id: Option<&str>) -> String {
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let is_encrypted = origin.is_some_and(|origin| origin.starts_with("https://"));
    let end = if id.is_none() { "; Max-Age=0" } else { "" };
    let secure = if is_encrypted { "; Secure" } else { "" };
    let id = id.unwrap_or_default();
    format!("{SESSION}={id}; Path=/; HttpOnly; SameSite=Strict{end}{secure}")
}

/// The person who sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Arc<Visitor>);

impl FromRequest for Known {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Arc<Visitor>>().cloned();
        let known = found.map(Self);
        std::future::ready(known.ok_or_else(|| Problem::unauthenticated("no session", "")))
    }
}

/// The fields of a form that this program's own page has sent in the name of its session.
#[derive(Debug, Default)]
pub(super) struct Posted(pub(super) Vec<(String, String)>);

impl Posted {
    /// Returns the first field of this name, without blanks around it; an empty one if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value.trim())
    }

    /// Returns all fields of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }
}

impl FromRequest for Posted {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // Nothing is read from whoever has no session.
        let known = match Known::extract(request).into_inner() {
            Ok(known) => known,
            Err(problem) => return Box::pin(std::future::ready(Err(problem))),
        };
        let form = FormBody::from_request(request, payload);
        Box::pin(async move {
            let posted = Self(form.await?.0);
            match known.0.is_key_of(posted.text(FORM_KEY)) {
                true => Ok(posted),
                false => {
                    let detail = "the form is of another session; open the page again";
                    Err(Problem::new(Kind::Forbidden, detail))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_page_of_this_program_may_change_something() {
        let cases: [(&[(&str, &str)], bool); 9] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://here:1")], false),
            (&[("origin", "http://here:1")], true),
            (&[("origin", "http://here:2")], false),
            (&[("origin", "null")], false),
            (&[], false),
        ];
        for (headers, expected) in cases {
            let request = TestRequest::post().insert_header(("host", "here:1"));
            let request = headers.iter().fold(request, |it, header| it.insert_header(*header));
            assert_eq!(is_from_here(&request.to_http_request()), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_cookie_is_for_this_site_alone_and_for_tls_where_there_is_tls() {
        let of = |origin: &str| {
            let request = TestRequest::post().insert_header(("origin", origin)).to_http_request();
            session_cookie(&request, Some("x"))
        };
        assert_eq!(of("http://here"), "lockstep_session=x; Path=/; HttpOnly; SameSite=Strict");
        assert!(of("https://here").ends_with("; Secure"));
        let request = TestRequest::get().insert_header(("cookie", "a=b; lockstep_session=x"));
        assert_eq!(session_id(&request.to_http_request()).as_deref(), Some("x"));
    }
}
