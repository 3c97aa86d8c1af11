//! A client of one service: a request is one line, and the answer is kept completely.

use std::ops::Index;
use std::time::{Duration, Instant};

use program_kit::access::Token;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http;

/// The idle timeout of connections. Shorter than that of a service, even one that was frozen for a
/// while: a request on a connection that is just being closed is lost.
const IDLE: Duration = Duration::from_secs(2);

/// The time within which a request is answered whose cost does not grow with the tables, on a busy
/// machine too.
pub const AT_ONCE: Duration = Duration::from_millis(1_500);

/// A client of one service.
#[derive(Clone, Debug)]
pub struct TestClient {
    http: Client,
    base: String,
}

/// The answer of a service.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, if it is JSON; else null.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl TestClient {
    /// Creates a client of the service at this URL.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let http = http().pool_idle_timeout(IDLE).build().unwrap();
        Self { http, base: base.into() }
    }

    /// Returns the port of the service.
    #[must_use]
    pub fn port(&self) -> &str {
        self.base.rsplit(':').next().expect("a URL with a port")
    }

    /// Returns the client with a token.
    #[must_use]
    pub fn with_token(self, token: &Token) -> Self {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).unwrap();
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let http = http().pool_idle_timeout(IDLE).default_headers(headers);
        Self { http: http.build().unwrap(), ..self }
    }

    /// Builds a request.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends text as JSON, even if it is not.
    pub async fn send_text(
        &self,
        method: Method,
        path: &str,
        text: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request.body(text)).await
    }

    /// Sends raw bytes, and returns the answer until the service closes the connection.
    pub async fn send_raw(&self, request: &[u8]) -> String {
        let address = self.base.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A service that has refused the rest of a body may also reset the connection.
        let _ = connection.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a `GET` request.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a `GET` request that is answered at once, however long the tables are.
    pub async fn get_at_once(&self, path: &str) -> Answer {
        let began = Instant::now();
        let answer = self.get(path).await.with(200);
        assert!(began.elapsed() < AT_ONCE, "{path} took {:?}", began.elapsed());
        answer
    }

    /// Sends a `POST` request.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a `PUT` request.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Sends a `PATCH` request.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Sends a `PATCH` request with `tag` as `If-Match`.
    pub async fn patch_if(&self, path: &str, tag: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).header("if-match", tag).json(body)).await
    }

    /// Sends a `DELETE` request.
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

    /// Returns the answer; panics unless it has this status.
    #[track_caller]
    pub fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Returns a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the entity tag.
    #[must_use]
    #[track_caller]
    pub fn tag(&self) -> &str {
        self.header("etag").expect("an ETag")
    }

    /// Returns the fields that a problem names, in its order.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors.into_iter().flatten().map(|error| error["field"].as_str().unwrap()).collect()
    }

    /// Checks that the answer is a well-formed problem.
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

    /// Checks that the answer is a problem that names `field`, and its valid values.
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
