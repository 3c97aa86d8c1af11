//! `/openapi.json` and `/docs`: the API document of a program, and the same as a page.
//!
//! The page is one file without scripts: what it needs is in it, and its policy allows nothing else.

use std::cell::OnceCell;
use std::rc::Rc;

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CacheControl, CacheDirective, ContentType, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::docs_page;
use super::endpoints::{PathEndpoints, endpoints_of, read_endpoints};
use super::operation::Operation;
use super::static_text::StaticText;
use crate::access::Rule;

/// The document, made when it is first asked for, and once for each thread.
#[derive(Clone)]
pub(super) struct Document(Rc<Parts>);

struct Parts {
    make: Box<dyn Fn() -> Value>,
    text: OnceCell<StaticText>,
    page: OnceCell<StaticText>,
}

impl Document {
    pub(super) fn new(make: impl Fn() -> Value + 'static) -> Self {
        let (text, page) = (OnceCell::new(), OnceCell::new());
        Self(Rc::new(Parts { make: Box::new(make), text, page }))
    }

    fn text(&self) -> &StaticText {
        self.0.text.get_or_init(|| StaticText::new(text(&(self.0.make)())))
    }

    fn page(&self) -> &StaticText {
        self.0.page.get_or_init(|| StaticText::new(docs_page::render(&(self.0.make)())))
    }
}

/// Returns the document as it is sent, printed and kept.
#[must_use]
pub fn text(document: &Value) -> String {
    // A value can always be written.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// Returns the paths. All callers may read them: they say nothing that the sources do not.
pub(super) fn paths(document: &Document) -> [PathEndpoints; 2] {
    let of_json = {
        let document = document.clone();
        move || {
            let document = document.clone();
            web::to(move |request| std::future::ready(json(&document, &request)))
        }
    };
    let of_page = {
        let document = document.clone();
        move || {
            let document = document.clone();
            web::to(move |request| std::future::ready(page(&document, &request)))
        }
    };
    [
        endpoints_of(
            "/openapi.json",
            "use GET",
            read_endpoints(Rule::Public, of_json, describe_json),
        ),
        endpoints_of("/docs", "use GET", read_endpoints(Rule::Public, of_page, describe_page)),
    ]
}

fn describe_json() -> Operation {
    let operation = Operation::new("getApiDocument", "Read this document");
    unless_known(operation.answer::<Value>(
        200,
        "The document, in OpenAPI 3.1.",
        serde_json::json!({"openapi": "3.1.0"}),
    ))
}

fn describe_page() -> Operation {
    let operation = Operation::new("getDocs", "Read this document as a page");
    unless_known(operation.text(
        200,
        "text/html",
        "The page. It needs no script and loads nothing.",
    ))
}

/// Says that nothing is answered to a reader who has the text already.
fn unless_known(operation: Operation) -> Operation {
    let about = "The tag of the text, for `If-None-Match`; another one for each encoding.";
    operation
        .with_header("ETag", about)
        .header("If-None-Match", "The tags of the texts that the caller has.")
        .empty(304, "The caller has this text.")
        .with_header("ETag", about)
}

fn json(document: &Document, request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::json()).insert_header(asked_again());
    document.text().answer(request, response)
}

/// The next version of the program has another text, so browsers ask for it each time.
fn asked_again() -> CacheControl {
    CacheControl(vec![CacheDirective::NoCache])
}

fn page(document: &Document, request: &HttpRequest) -> HttpResponse {
    let style = STANDARD.encode(Sha256::digest(docs_page::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = HttpResponse::Ok();
    response
        .content_type(ContentType::html())
        .insert_header(asked_again())
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    document.page().answer(request, response)
}
