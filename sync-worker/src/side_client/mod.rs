//! The client of one side's REST API.
//!
//! Every request has a deadline. No URL gets into a message, for it may hold a password.

pub mod answer;
pub mod jobs;
mod person;
mod requests;

use std::time::Duration;

use program_kit::access::Token;
use program_kit::tls::Tls;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde::Serialize;
use shared_models::side::Side;
use thiserror::Error;

use crate::breaker::Failure;
use crate::settings::{SidesSettings, append};

use answer::{Unavailable, root_cause, send};

pub use answer::{NoReply, Reply, RequestError};
pub use person::PersonRequest;
pub use requests::{PageQuery, RelayCommand, SidePage};

/// The idle timeout of connections. Shorter than the five seconds after which the services close
/// one: a request on a connection that is just being closed is lost.
const IDLE: Duration = Duration::from_secs(4);
/// The TCP keepalive time of a quiet connection.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The error of a client that cannot be built.
#[derive(Debug, Error)]
#[error("a client of the {side} cannot be built: {problem}")]
pub struct BuildError {
    side: Side,
    problem: String,
}

/// A client of one side.
#[derive(Clone)]
pub struct SideClient {
    side: Side,
    http: Client,
    /// The URL to which the paths of the API are appended; its path ends with a slash.
    base: Url,
    token: Option<Token>,
    tls: Tls,
    probe_timeout: Duration,
    report_timeout: Duration,
}

impl SideClient {
    /// Builds a client of `side`.
    pub fn new(side: Side, settings: &SidesSettings) -> Result<Self, BuildError> {
        let failed = |problem| BuildError { side, problem };
        let carry = &settings.carry;
        let tls =
            settings.of(side).tls.clone().map_or_else(Tls::trusting_nobody, Ok).map_err(failed)?;
        #[expect(clippy::disallowed_methods, reason = "the TLS configuration is set here")]
        let http = Client::builder()
            .user_agent(concat!("sync-worker/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(carry.connect_timeout)
            .timeout(carry.request_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(KEEPALIVE)
            // The sides are where the settings point, not where an answer or the environment does.
            .redirect(Policy::none())
            .no_proxy()
            .tls_backend_preconfigured(tls.config())
            .build()
            .map_err(|error| failed(root_cause(&error.without_url())))?;
        let base = settings.of(side).url.base().map_err(failed)?;
        let token = settings.of(side).token.clone();
        let (probe_timeout, report_timeout) = (carry.probe_timeout, carry.report_timeout);
        Ok(Self { side, http, base, token, tls, probe_timeout, report_timeout })
    }

    /// Returns the side.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns the same client for another caller, with the caller's token and permissions: the
    /// worker lends its own token to nobody.
    #[must_use]
    pub fn on_behalf_of(&self, token: Option<&Token>) -> Self {
        Self { token: token.cloned(), ..self.clone() }
    }

    /// Checks whether the side is ready.
    pub async fn probe(&self) -> Result<(), Unavailable> {
        let request = self.get("health/ready").timeout(self.probe_timeout);
        let not_ready = |reason, retry_after| {
            Err(Unavailable { reason, failure: Failure { is_not_ready: true, retry_after } })
        };
        // The body is for a person; the services' detail in it may be long.
        match self.send(request).await {
            Ok(Reply { status: 200, .. }) => Ok(()),
            Ok(Reply { status, retry_after, .. }) => {
                not_ready(format!("/health/ready answered {status}, expected 200"), retry_after)
            }
            Err(no_reply) => not_ready(no_reply.into(), None),
        }
    }

    /// Sends changes to the side: posts `body` to `path`, for example `v1/sync/orders`.
    pub async fn post_changes(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Reply, NoReply> {
        self.send(self.post(path).json(body)).await
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.authorized(self.http.get(append(&self.base, path)))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.authorized(self.http.post(append(&self.base, path)))
    }

    fn put(&self, path: &str) -> RequestBuilder {
        self.authorized(self.http.put(append(&self.base, path)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, NoReply> {
        let tls_reason = |error: &_| self.tls.reason(self.side.as_str(), error);
        send(request).await.map_err(|error| NoReply::of(error, tls_reason))
    }
}
