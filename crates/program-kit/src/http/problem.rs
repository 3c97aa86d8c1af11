//! An error as a client sees it: `application/problem+json` (RFC 9457).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

pub use super::field::{Expectation, FieldError};

/// The problem with a request, and how to correct it.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    more: Map<String, Value>,
    header: Option<(HeaderName, String)>,
}

/// The kinds of problem, each with its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be parsed.
    Unreadable,
    /// The caller is not known.
    Unauthenticated,
    /// The caller is not permitted to do that.
    Forbidden,
    /// The resource does not exist.
    NotFound,
    /// What was requested is not kept any more.
    Gone,
    /// The resource does not have this method.
    MethodNotAllowed,
    /// The request conflicts with the current state.
    Conflict,
    /// The order has changed since the caller saw it.
    Stale,
    /// The request is too large.
    TooLarge,
    /// The request took too long to arrive.
    TooSlow,
    /// The rate limit is exceeded.
    TooMany,
    /// The content type is not JSON.
    UnsupportedMedia,
    /// The request can be parsed, but its fields are invalid.
    Invalid,
    /// The service has failed.
    Internal,
    /// A part that the request needs is not available now.
    Unavailable,
    /// The outcome of a write is unknown.
    OutcomeUnknown,
}

impl Kind {
    const fn status_and_name(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::Gone => (StatusCode::GONE, "gone"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict"),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many"),
            Self::UnsupportedMedia => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome-unknown"),
        }
    }

    /// Returns the status with which it is answered.
    pub(super) const fn status(self) -> StatusCode {
        self.status_and_name().0
    }

    /// Returns the name, the last part of the problem's type.
    pub(super) const fn name(self) -> &'static str {
        self.status_and_name().1
    }

    /// Returns the usual cause, for the API document.
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::Unreadable => "The request cannot be parsed.",
            Self::Unauthenticated => {
                "A token is required, or the one that is sent is unknown here."
            }
            Self::Forbidden => {
                "The token lacks the role; or no token is configured, and the request names another \
                 host than this machine."
            }
            Self::NotFound => "There is no such resource.",
            Self::Gone => "What was requested is not kept any more.",
            Self::MethodNotAllowed => "The resource does not have this method.",
            Self::Conflict => "The request conflicts with the current state.",
            Self::Stale => "The record has changed since the caller saw it.",
            Self::TooLarge => "The body is larger than `http.body_limit`.",
            Self::TooSlow => "The body did not arrive within `limits.body_timeout`.",
            Self::TooMany => "The rate limit is exceeded; retry after the time in `Retry-After`.",
            Self::UnsupportedMedia => "The body is not declared to be JSON, or is compressed.",
            Self::Invalid => "Fields are invalid; `errors` names each, and what is expected.",
            Self::Internal => "The program has failed; its log has the cause.",
            Self::Unavailable => {
                "A part that the request needs is not available; retry after the time in `Retry-After`."
            }
            Self::OutcomeUnknown => {
                "Whether the request was carried out is not known: read the record before it is sent \
                 again."
            }
        }
    }

    /// Returns the header that such an answer has, and its meaning.
    pub(super) const fn header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Unauthenticated => Some(("WWW-Authenticate", "The scheme of tokens.")),
            Self::TooMany => Some(("Retry-After", "The seconds to wait.")),
            Self::Unavailable => Some(("Retry-After", "The seconds to wait, if that helps.")),
            Self::Unreadable
            | Self::Forbidden
            | Self::NotFound
            | Self::Gone
            | Self::MethodNotAllowed
            | Self::Conflict
            | Self::Stale
            | Self::TooLarge
            | Self::TooSlow
            | Self::UnsupportedMedia
            | Self::Invalid
            | Self::Internal
            | Self::OutcomeUnknown => None,
        }
    }
}

impl Problem {
    /// Creates a problem of this kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (errors, more, header) = (vec![], Map::new(), None);
        Self(Box::new(Parts { kind, detail: detail.into(), errors, more, header }))
    }

    /// Creates a problem with these invalid fields.
    #[must_use]
    pub fn of_fields(kind: Kind, errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.to_string(),
            several => format!("{} fields are invalid", several.len()),
        };
        let mut problem = Self::new(kind, detail);
        problem.0.errors = errors;
        problem
    }

    /// Creates the problem of a wrong method; `allow` lists the permitted ones.
    pub fn method_not_allowed(allow: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(Kind::MethodNotAllowed, reason).header(ALLOW, allow.into())
    }

    /// Creates the problem of an unknown caller; `more` is appended to the challenge (RFC 6750).
    pub fn unauthenticated(detail: impl Into<String>, more: &str) -> Self {
        let challenge = format!("Bearer realm=\"lockstep\"{more}");
        Self::new(Kind::Unauthenticated, detail).header(WWW_AUTHENTICATE, challenge)
    }

    /// Creates the problem of an unavailable part, with a retry after a second.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, detail).header(RETRY_AFTER, "1".to_owned())
    }

    /// Creates the problem of an exceeded rate limit, with a retry after some seconds.
    pub fn too_many(detail: impl Into<String>, seconds: u64) -> Self {
        Self::new(Kind::TooMany, detail).header(RETRY_AFTER, seconds.to_string())
    }

    /// Answers 400 where it would be 422: for paths whose contract knows only the one.
    #[must_use]
    pub fn as_bad_request(mut self) -> Self {
        if self.0.kind == Kind::Invalid {
            self.0.kind = Kind::Unreadable;
        }
        self
    }

    /// Adds a member to the problem.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    fn header(mut self, name: HeaderName, value: String) -> Self {
        self.0.header = Some((name, value));
        self
    }

    fn body(&self) -> Body<'_> {
        let Parts { kind, detail, errors, more, .. } = &*self.0;
        let (status, name) = kind.status_and_name();
        Body {
            kind: format!("urn:lockstep:problem:{name}"),
            title: status.canonical_reason().unwrap_or(name),
            status: status.as_u16(),
            detail,
            errors,
            more,
        }
    }
}

/// A problem as it is sent, in the order of RFC 9457.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status_and_name().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(header) = self.0.header.clone() {
            response.insert_header(header);
        }
        if self.0.kind == Kind::TooSlow {
            response.force_close();
        }
        response.json(self.body())
    }
}
