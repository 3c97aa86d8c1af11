//! Requests to the services outside: to the configured addresses alone, each with a deadline and a limit
//! on its answer. No URL, token or body gets into a message.

use std::error::Error;
use std::io;
use std::time::Duration;

use chrono::Utc;
use program_kit::tls::Tls;
use reqwest::header::{HeaderMap, HeaderValue, LINK, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use super::figures::RequestFigures;
use crate::side_client::answer::{parse_retry_after, root_cause};

/// The idle timeout of connections: a request on one that the other end is just closing is lost.
const IDLE: Duration = Duration::from_secs(4);

/// The settings of a client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The timeout of connecting.
    pub connect_timeout: Duration,
    /// The timeout of an answer as a whole.
    pub read_timeout: Duration,
    /// The largest answer, in bytes.
    pub max_answer: usize,
}

/// A client of one service outside.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// The section of its settings, for a message.
    section: &'static str,
    http: Client,
    tls: Tls,
    limits: Limits,
    figures: RequestFigures,
}

/// The reason why a service outside did not carry out a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub reason: Reason,
    /// The same for a person, with what to do.
    pub detail: String,
    /// The time after which to try again, if the service gave one.
    pub retry_after: Option<Duration>,
}

/// The reason of a failure. The names are those of the service that Lockstep replaces, where it had one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No connection in time.
    ConnectTimeout,
    /// The connection was refused.
    Refused,
    /// The name is not known.
    UnknownHost,
    /// The TLS handshake failed.
    Tls,
    /// No connection, for another reason.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The connection was closed before the answer was complete.
    Closed,
    /// The answer has this status.
    Status(u16),
    /// The answer is not what was expected.
    Malformed,
    /// The answer is too large.
    TooLarge,
    /// The run may not send anything any more.
    Abandoned,
}

impl Reason {
    /// Returns the reason in a word.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::ConnectTimeout => "connect_timeout",
            Self::Refused => "econnrefused",
            Self::UnknownHost => "nxdomain",
            Self::Tls => "tls_alert",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Status(401) => "unauthorized",
            Self::Status(403) => "forbidden",
            Self::Status(429) => "too_many_requests",
            Self::Status(status @ 300..=399) => return format!("redirect_{status}"),
            Self::Status(status) => return format!("status_{status}"),
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Abandoned => "abandoned",
        }
        .to_owned()
    }

    /// Returns whether the service may have carried the request out all the same.
    #[must_use]
    pub const fn is_outcome_unknown(self) -> bool {
        match self {
            Self::ConnectTimeout | Self::Refused | Self::UnknownHost | Self::Tls => false,
            Self::Unreachable | Self::Abandoned => false,
            Self::Timeout | Self::Closed | Self::Malformed | Self::TooLarge => true,
            // A gateway may say so after the service has got the request, and a service that failed
            // may have failed after it. One that leads elsewhere may say so of what it has done.
            Self::Status(status) => matches!(status, 301..=303 | 500..),
        }
    }

    /// Returns whether the service as a whole is not available, so that other requests are in vain.
    #[must_use]
    pub const fn is_of_service(self) -> bool {
        match self {
            Self::ConnectTimeout | Self::Refused | Self::UnknownHost | Self::Tls => true,
            Self::Unreachable | Self::Abandoned => true,
            Self::Status(status) => matches!(status, 300..=399 | 401 | 403 | 429 | 503),
            Self::Timeout | Self::Closed | Self::Malformed | Self::TooLarge => false,
        }
    }
}

impl Outbound {
    /// Builds a client. Its messages name the section of its settings.
    pub fn new(
        section: &'static str,
        tls: &Tls,
        limits: Limits,
        figures: RequestFigures,
    ) -> Result<Self, String> {
        #[expect(clippy::disallowed_methods, reason = "the TLS configuration is set here")]
        let http = Client::builder()
            .user_agent(concat!("sync-worker/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect_timeout)
            .pool_idle_timeout(IDLE)
            // A service is where the settings point, not where an answer or the environment does.
            .redirect(Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(tls.config())
            .build()
            .map_err(|error| root_cause(&error.without_url()))?;
        Ok(Self { section, http, tls: tls.clone(), limits, figures })
    }

    /// Returns the client with which requests are built.
    #[must_use]
    pub const fn http(&self) -> &Client {
        &self.http
    }

    /// Sends a request that has to succeed with a JSON answer.
    pub async fn fetch<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        parse(&self.send(request).await?)
    }

    /// Sends a request as [`Self::fetch`] does. Fails if the answer is one page of several: what is missing on it may
    /// stand on the next one.
    pub async fn fetch_whole<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let until = Instant::now() + self.limit();
        let response = self.open(request).await?;
        if is_a_page(response.headers()) {
            return Err(Failure {
                reason: Reason::Malformed,
                detail: "its answer is one page of several, and pages are not followed".to_owned(),
                retry_after: None,
            });
        }
        parse(&self.read(response, until).await?)
    }

    /// Sends a request that has to succeed: its answer has a status from 200 to 299. Returns its body.
    pub async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>, Failure> {
        let until = Instant::now() + self.limit();
        let response = self.open(request).await?;
        self.read(response, until).await
    }

    /// Sends a request, and returns its answer with a body that is not read yet. What it takes to read it
    /// is limited by [`Self::next`].
    pub async fn open(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let began = Instant::now();
        let opening = async { request.send().await.map_err(|error| self.no_answer(error)) };
        let sent = timeout(self.limit(), opening).await.unwrap_or_else(|_| Err(self.timed_out()));
        let answer = sent.and_then(|response| self.succeeded(response));
        self.figures.record(&answer, began.elapsed());
        answer
    }

    /// Reads the next part of an answer; `None` at its end.
    pub async fn next(&self, response: &mut Response) -> Result<Option<Vec<u8>>, Failure> {
        let part = timeout(self.limits.read_timeout, response.chunk()).await;
        let part = part.map_err(|_| self.timed_out())?.map_err(|error| self.no_answer(error))?;
        Ok(part.map(Vec::from))
    }

    /// Returns the time that an answer may take as a whole.
    fn limit(&self) -> Duration {
        self.limits.read_timeout + self.limits.connect_timeout
    }

    async fn read(&self, mut response: Response, until: Instant) -> Result<Vec<u8>, Failure> {
        let reading = async {
            let mut body = vec![];
            while let Some(part) = self.next(&mut response).await? {
                body.extend_from_slice(&part);
                if body.len() > self.limits.max_answer {
                    return Err(too_large(self.limits.max_answer));
                }
            }
            Ok(body)
        };
        timeout_at(until, reading).await.unwrap_or_else(|_| Err(self.timed_out()))
    }

    fn succeeded(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(response);
        }
        let advice = match status {
            300..=399 => format!(
                ", a redirect, which is not followed; set {}.url to where it leads",
                self.section
            ),
            401 => format!("; check the token or the credentials in [{}]", self.section),
            _ => String::new(),
        };
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|value| parse_retry_after(value, Utc::now()));
        let detail = format!("it answered {status}{advice}");
        Err(Failure { reason: Reason::Status(status), detail, retry_after })
    }

    fn timed_out(&self) -> Failure {
        let detail = format!("no answer within {}.read_timeout", self.section);
        Failure { reason: Reason::Timeout, detail, retry_after: None }
    }

    fn no_answer(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let tls = self.tls.reason(self.section, &error);
        let reason = match (error.is_connect(), error.is_timeout()) {
            (true, _) if tls.is_some() => Reason::Tls,
            (true, true) => Reason::ConnectTimeout,
            (false, true) => Reason::Timeout,
            (true, false) => why_unreachable(&error),
            (false, false) => Reason::Closed,
        };
        let why = tls.unwrap_or_else(|| root_cause(&error));
        let what = if error.is_connect() { "no connection" } else { "no answer" };
        Failure { reason, detail: format!("{what}: {why}"), retry_after: None }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        // The place, but not what stands there.
        let place = format!("line {}, column {}", error.line(), error.column());
        let detail = format!("its answer is not the JSON that was expected ({place})");
        Failure { reason: Reason::Malformed, detail, retry_after: None }
    })
}

/// Returns whether a `Link` (RFC 8288) of an answer names a next page.
pub(super) fn is_a_page(head: &HeaderMap) -> bool {
    let names_next = |link: &HeaderValue| {
        link.to_str().is_ok_and(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))
    };
    head.get_all(LINK).iter().any(names_next)
}

/// Creates the failure of an answer, or of a part of it, that is larger than permitted.
pub(super) fn too_large(bytes: usize) -> Failure {
    let detail = format!("its answer has more than {bytes} bytes");
    Failure { reason: Reason::TooLarge, detail, retry_after: None }
}

/// Returns why there is no connection. A name that cannot be resolved has no type of its own.
fn why_unreachable(error: &reqwest::Error) -> Reason {
    let mut next = Some(error as &(dyn Error + 'static));
    while let Some(cause) = next {
        next = cause.source();
        if cause.to_string().starts_with("dns error") {
            return Reason::UnknownHost;
        }
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::ConnectionRefused) => return Reason::Refused,
            Some(io::ErrorKind::TimedOut) => return Reason::ConnectTimeout,
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                return Reason::Closed;
            }
            Some(_) | None => {}
        }
    }
    Reason::Unreachable
}
