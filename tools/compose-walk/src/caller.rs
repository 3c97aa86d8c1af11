//! Asks one program through its published port.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Client, Method};
use serde_json::Value;
use test_kit::http;

/// The time to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// One who asks a program, with a token or without.
#[derive(Clone, Debug)]
pub struct Caller {
    http: Client,
    url: String,
    token: Option<String>,
}

/// The answer of a program.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, where it is JSON; else null.
    pub body: Value,
    /// After how many seconds to ask again, where it says so.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// The body, if the answer has this status.
    pub fn with(self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "{}, not {status}: {}", self.status, self.body);
        Ok(self.body)
    }
}

impl Caller {
    /// For the program behind a port of this machine.
    pub fn new(port: u16, token: Option<String>) -> Result<Self> {
        let http = http().timeout(PATIENCE).build()?;
        Ok(Self { http, url: format!("http://127.0.0.1:{port}"), token })
    }

    /// Asks, and gives what came back.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let after = response.headers().get("retry-after").and_then(|after| after.to_str().ok());
        let retry_after = after.and_then(|after| after.parse().ok());
        let status = response.status().as_u16();
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Answer { status, body, retry_after })
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, None).await
    }

    /// `POST`
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `PATCH`
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// Returns whether the program says that it can work.
    pub async fn is_ready(&self) -> bool {
        matches!(self.get("/health/ready").await, Ok(Answer { status: 200, .. }))
    }
}
