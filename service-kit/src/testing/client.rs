//! A client for one service: what it asks is a line, and what it got is kept whole.

use std::ops::Index;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http;
use crate::access::Token;

/// Shorter than a service keeps a quiet connection, also one that was frozen for a while: a request
/// on one that is just being closed is lost.
const IDLE: Duration = Duration::from_secs(2);

/// Asks one service.
#[derive(Clone, Debug)]
pub struct TestClient {
    http: Client,
    base: String,
}

/// What a service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, where it is JSON; else null.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl TestClient {
    /// A client for the service at this URL.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let http = http().pool_idle_timeout(IDLE).build().unwrap();
        Self { http, base: base.into() }
    }

    /// The port that it asks.
    #[must_use]
    pub fn port(&self) -> &str {
        self.base.rsplit(':').next().expect("a URL with a port")
    }

    /// The same, for somebody with a token.
    #[must_use]
    pub fn with_token(self, token: &Token) -> Self {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).unwrap();
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let http = http().pool_idle_timeout(IDLE).default_headers(headers);
        Self { http: http.build().unwrap(), ..self }
    }

    /// A request that is yet to be sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends text as JSON, whether it is or not.
    pub async fn send_text(
        &self,
        method: Method,
        path: &str,
        text: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request.body(text)).await
    }

    /// Sends bytes as they are, and gives what comes back until the service closes the connection.
    pub async fn send_raw(&self, request: &[u8]) -> String {
        let address = self.base.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A service that has refused the rest of a body may also reset the connection.
        let _ = connection.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST`
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT`
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH`
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// `PATCH` of what the caller saw as `tag`.
    pub async fn patch_if(&self, path: &str, tag: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).header("if-match", tag).json(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, body, text }
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The entity tag.
    #[must_use]
    #[track_caller]
    pub fn tag(&self) -> &str {
        self.header("etag").expect("an ETag")
    }

    /// The fields that a problem names, in its order.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors.into_iter().flatten().map(|error| error["field"].as_str().unwrap()).collect()
    }

    /// Checks that this is a problem as every problem is told.
    #[track_caller]
    pub fn assert_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        for member in ["type", "title", "detail"] {
            let told = self.body[member].as_str();
            assert!(told.is_some_and(|text| !text.is_empty()), "{member}: {}", self.text);
        }
    }

    /// Checks that this is a problem which names `field`, and says what would be right.
    #[track_caller]
    pub fn assert_refuses(&self, status: u16, field: &str) {
        self.assert_problem(status);
        let errors = self.body["errors"].as_array();
        let named = errors.into_iter().flatten().find(|error| error["field"] == field);
        let named = named.unwrap_or_else(|| panic!("{field} is not named: {}", self.text));
        let problem = named["problem"].as_str().unwrap();
        let helps = named["expected"].is_string() || problem.contains("expected");
        assert!(!problem.is_empty() && helps, "what is right is not said: {}", self.text);
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}
