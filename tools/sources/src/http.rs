//! A request and its answer, apart from the server, so that what a source answers is decided
//! without one.

use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A request that was read to its end.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without a slash at its end.
    pub(crate) path: String,
    /// The query as it was sent, without `?`.
    pub(crate) query: String,
    /// The name and port by which the caller knows this server.
    pub(crate) host: String,
    pub(crate) content_type: String,
    /// The token of `Authorization: Bearer`.
    pub(crate) bearer: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: Bytes,
}

impl Request {
    /// Returns the segments of the path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// Returns the fields of the query.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// Returns the SHA-256 digest of the body, in hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        Sha256::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the object in the body: JSON, or a form, whose values are texts. A body of another
    /// type, or of none, is not looked at, as json-server does it.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, String> {
        let is = |mime: &str| self.content_type.trim_start().to_ascii_lowercase().starts_with(mime);
        if is("application/x-www-form-urlencoded") {
            let fields = form_urlencoded::parse(&self.body).into_owned();
            return Ok(fields.map(|(name, value)| (name, Value::String(value))).collect());
        }
        match is("application/json") && !self.body.is_empty() {
            true => serde_json::from_slice(&self.body)
                .map_err(|error| format!("the body is not a JSON object: {error}")),
            false => Ok(Map::new()),
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Whether the request changed the records of the source.
    pub(crate) applied: bool,
}

impl Answer {
    /// Creates an answer with a JSON body.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Only maps with keys that are no texts have no JSON, and there are none.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.into(), applied: false }
    }

    /// Creates the answer to what cannot be done, with the reason.
    pub(crate) fn refusal(status: u16, reason: impl Into<String>) -> Self {
        Self::json(status, &json!({ "error": reason.into() }))
    }

    /// Creates the answer json-server gives where there is nothing.
    pub(crate) fn not_found() -> Self {
        Self::json(404, &json!({}))
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Marks the request as one that changed records.
    pub(crate) fn applied(mut self) -> Self {
        self.applied = true;
        self
    }
}

/// A source: answers requests from what it holds. It knows nothing of faults, which come from the
/// steering.
pub(crate) trait Source: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: &Request) -> Answer;

    /// Answers a request below `/control` that is particular to this source; `None` if it has no
    /// such path. `path` has the segments after `control`.
    fn control(&self, request: &Request, path: &[&str]) -> Option<Answer>;

    /// Puts its records back to what a new source has.
    fn reset(&self) -> anyhow::Result<()>;

    /// Returns whether the body of a request contains a secret, which the ledger is not to keep.
    fn is_secret(&self, request: &Request) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, body: &'static str) -> Request {
        let (content_type, body) = (content_type.to_owned(), Bytes::from(body));
        Request { content_type, body, ..Request::default() }
    }

    #[test]
    fn json_and_forms_are_read_and_other_types_are_not_looked_at() {
        let json = request("application/json; charset=utf-8", r#"{"userId": 1}"#).object();
        assert_eq!(json.unwrap()["userId"], 1);
        let form = request("application/x-www-form-urlencoded", "userId=1&title=a+b%21").object();
        assert_eq!(Value::Object(form.unwrap()), json!({"userId": "1", "title": "a b!"}));
        assert_eq!(request("", r#"{"userId": 1}"#).object().unwrap(), Map::new());
        assert_eq!(request("text/plain", "{").object().unwrap(), Map::new());
        for malformed in ["{", "[1]", "7"] {
            let reason = request("application/json", malformed).object().unwrap_err();
            assert!(reason.contains("not a JSON object"), "{reason}");
        }
    }
}
