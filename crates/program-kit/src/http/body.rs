//! A JSON body, parsed such that an error names its field; and the body of a form.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest, dev};
use humantime_serde::re::humantime::format_duration;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::connection::Connection;
use super::field::Expectation;
use super::problem::{FieldError, Kind, Problem};
use super::strict_json::StrictJson;

/// The limits of reading a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub bytes: usize,
    /// The time within which it must arrive completely.
    pub time: Duration,
}

/// The expectations of the fields of one path's bodies.
#[derive(Clone, Copy)]
pub(super) struct Expected(pub(super) Expectation);

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let unparsed = UnparsedBody::from_request(request, payload);
        Box::pin(async move { unparsed.await?.parse().map(Body) })
    }
}

/// A JSON body that is not parsed yet.
pub struct UnparsedBody {
    bytes: Bytes,
    expectation: Expectation,
}

impl UnparsedBody {
    /// Parses a valid body; faster than [`Self::parse`], which builds a tree of values to describe
    /// errors. All objects must be read by [`super::object::Object`] as types that name their
    /// fields and refuse any other: then no duplicate name goes unnoticed.
    #[must_use]
    pub fn parse_fast<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(std::str::from_utf8(&self.bytes).ok()?).ok()
    }

    /// Parses the body, or returns the problem with it.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse(&self.bytes, self.expectation)
    }
}

impl FromRequest for UnparsedBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let payload = Payload::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            check_headers(&request)?;
            let payload = payload.await.map_err(unreadable)?;
            let bytes = read(&request, payload, usize::MAX).await?;
            let expected = request.app_data::<Expected>().copied();
            Ok(Self { bytes, expectation: expected.map_or(|_| None, |found| found.0) })
        })
    }
}

/// The most bytes of a form: a page's form has some thousands, and whoever has no session sends one, too.
const MAX_FORM: usize = 256 * 1024;
/// The most fields of a form; each takes many times the memory of the bytes that name it.
const MAX_FIELDS: usize = 2_000;

/// The fields of a form, in their order: the body of a page's `POST`.
#[derive(Debug, Default)]
pub struct FormBody(pub Vec<(String, String)>);

impl FromRequest for FormBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let payload = Payload::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            check_type(&request, &["application/x-www-form-urlencoded"], "the fields of a form")?;
            let bytes = read(&request, payload.await.map_err(unreadable)?, MAX_FORM).await?;
            let fields = form_urlencoded::parse(&bytes).into_owned();
            let fields = fields.take(MAX_FIELDS + 1).collect::<Vec<_>>();
            if fields.len() > MAX_FIELDS {
                let detail = format!("the form has more than {MAX_FIELDS} fields");
                return Err(Problem::new(Kind::TooLarge, detail));
            }
            Ok(Self(fields))
        })
    }
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::Unreadable, format!("the body cannot be read: {error}"))
}

fn check_headers(request: &HttpRequest) -> Result<(), Problem> {
    let types = ["application/json", "application/merge-patch+json"];
    check_type(request, &types, "a JSON body, with Content-Type: application/json")
}

/// Refuses a body that is encoded, or of another type than these.
fn check_type(request: &HttpRequest, types: &[&str], expected: &str) -> Result<(), Problem> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let refuse = |detail| Err(Problem::new(Kind::UnsupportedMedia, detail));
    if !matches!(header(CONTENT_ENCODING), None | Some("identity")) {
        let detail = "expected a body without Content-Encoding; send it uncompressed";
        return refuse(detail.to_owned());
    }
    let media_type = header(CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or(value));
    let media_type = media_type.map(|value| value.trim().to_ascii_lowercase());
    match media_type.is_some_and(|media_type| types.contains(&media_type.as_str())) {
        true => Ok(()),
        false => refuse(format!("expected {expected}")),
    }
}

/// Reads a body of at most `most` bytes, and no more than the program takes.
async fn read(request: &HttpRequest, payload: Payload, most: usize) -> Result<Bytes, Problem> {
    let Some(BodyLimits { bytes, time }) = request.app_data::<BodyLimits>().copied() else {
        return Err(Problem::new(Kind::Internal, "no body limits are configured"));
    };
    let bytes = bytes.min(most);
    match tokio::time::timeout(time, payload.to_bytes_limited(bytes)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => Err(unreadable(error)),
        Ok(Err(_)) => {
            let detail = format!("the body is larger than the limit of {bytes} bytes");
            Err(Problem::new(Kind::TooLarge, detail))
        }
        Err(_) => {
            Connection::of(request).into_iter().for_each(|connection| connection.end());
            let detail = format!("the body did not arrive within {}", format_duration(time));
            Err(Problem::new(Kind::TooSlow, detail))
        }
    }
}

/// Parses a JSON object: 400 if it is not JSON, 422 with the field if a field is invalid. It is
/// read completely first, so that an error of syntax is reported as one wherever it is.
///
/// Tracking the path to the field costs as much as parsing. So only an invalid body is parsed again
/// for that.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], expectation: Expectation) -> Result<T, Problem> {
    let read = serde_json::from_slice::<StrictJson>(bytes).ok();
    let object = read.map(|StrictJson(value)| value).filter(Value::is_object);
    match object.and_then(|value| T::deserialize(value).ok()) {
        Some(fits) => Ok(fits),
        None => parse_with_path(bytes, expectation),
    }
}

fn parse_with_path<T: DeserializeOwned>(
    bytes: &[u8],
    expectation: Expectation,
) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let StrictJson(value) = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| refuse(&error.path().to_string(), error.inner(), expectation))?;
    reader.end().map_err(|error| refuse("", &error, expectation))?;
    object(value)
        .and_then(|value| from_value(value, expectation))
        .map_err(|error| Problem::of_fields(Kind::Invalid, vec![error]))
}

/// Parses a JSON value that is already read; any problem is one of a field.
pub fn parse_value<T: DeserializeOwned>(
    value: Value,
    expectation: Expectation,
) -> Result<T, FieldError> {
    from_value(object(value)?, expectation)
}

/// Refuses anything but an object: serde would also read a list as an object without names.
fn object(value: Value) -> Result<Value, FieldError> {
    match value.is_object() {
        true => Ok(value),
        false => Err(FieldError::new("body", "is not an object", |_| Some("a JSON object"))),
    }
}

fn from_value<T: DeserializeOwned>(
    value: Value,
    expectation: Expectation,
) -> Result<T, FieldError> {
    T::deserialize(&value).or_else(|_| {
        serde_path_to_error::deserialize(value)
            .map_err(|error| field_error(&error.path().to_string(), error.inner(), expectation))
    })
}

fn refuse(path: &str, error: &serde_json::Error, expectation: Expectation) -> Problem {
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::new(Kind::Unreadable, format!("the body is not valid JSON: {error}"))
        }
        Category::Data => {
            Problem::of_fields(Kind::Invalid, vec![field_error(path, error, expectation)])
        }
    }
}

fn field_error(path: &str, error: &serde_json::Error, expectation: Expectation) -> FieldError {
    let (field, problem) = name_the_field(path, error);
    FieldError::new(field, problem, expectation)
}

/// Finds the field: serde names a missing, duplicate or unknown one only in its message; the path
/// ends before it.
fn name_the_field(path: &str, error: &serde_json::Error) -> (String, String) {
    let message = error.to_string();
    // " at line 1 column 9" refers to text that a merge patch no longer has.
    let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
    let named = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let field = match (path, named) {
        (".", None) => "body".to_owned(),
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        (path, _) => path.to_owned(),
    };
    (field, message)
}
