//! The requests to a side: to the source for an offer, to the peer with changes.
//!
//! Every request has a deadline. No URL gets into a message, for it may hold a password.

pub mod answer;
mod comparison;
mod parked;
mod refusal;
mod reply;
mod retry_after;

use std::time::Duration;

use program_kit::access::Token;
use program_kit::tls::Tls;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::{Value, json};
use shared_models::SCHEMA;
use shared_models::side::Side;
use shared_models::sync::{OrderChange, SyncRequest};
use thiserror::Error;

use crate::breaker::Failure;
use crate::settings::SidesSettings;

use answer::{Answer, Trouble, answered};
use comparison::ComparisonUrls;
use reply::{NoReply, root_cause, send};

pub use parked::{PageQuery, SidePage};
pub use refusal::Refusal;
pub use reply::Reply;

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
    token: Option<Token>,
    tls: Tls,
    probe_timeout: Duration,
    report_timeout: Duration,
    ready: Url,
    offer: Url,
    orders: Url,
    relay: [Url; 3],
    parked: Url,
    comparison: ComparisonUrls,
}

/// A command to the relay of a side.
#[derive(Clone, Copy, Debug)]
pub enum AboutRelay {
    /// Shows the state of the relay.
    Show,
    /// Pauses publishing, and shows the state.
    Pause,
    /// Resumes publishing, and shows the state.
    Resume,
}

impl SideClient {
    /// Builds a client of `side`.
    pub fn new(side: Side, settings: &SidesSettings) -> Result<Self, BuildError> {
        let failed = |problem| BuildError { side, problem };
        let carry = &settings.carry;
        let tls = settings.of(side).tls.clone().map_or_else(Tls::of_nobody, Ok).map_err(failed)?;
        #[expect(clippy::disallowed_methods, reason = "it is told of TLS here")]
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
        let url = |path| settings.of(side).url.join(path).map_err(failed);
        let token = settings.of(side).token.clone();
        let (ready, offer) = (url("health/ready")?, url("v1/sync/offer")?);
        let orders = url("v1/sync/orders")?;
        let relay = [url("v1/relay")?, url("v1/relay/pause")?, url("v1/relay/resume")?];
        let parked = url("v1/parked")?;
        let comparison = ComparisonUrls::new(url)?;
        let (probe_timeout, report_timeout) = (carry.probe_timeout, carry.report_timeout);
        Ok(Self {
            side,
            http,
            token,
            tls,
            probe_timeout,
            report_timeout,
            ready,
            offer,
            orders,
            relay,
            parked,
            comparison,
        })
    }

    /// Returns the same client for another caller, with the caller's token and permissions: the
    /// worker lends its own token to nobody.
    #[must_use]
    pub fn on_behalf_of(&self, token: Option<&Token>) -> Self {
        Self { token: token.cloned(), ..self.clone() }
    }

    fn get(&self, url: &Url) -> RequestBuilder {
        self.authorized(self.http.get(url.clone()))
    }

    fn post(&self, url: &Url) -> RequestBuilder {
        self.authorized(self.http.post(url.clone()))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, NoReply> {
        let told = |error| NoReply::of(error, |error| self.tls.reason(self.side.as_str(), error));
        send(request).await.map_err(told)
    }

    /// Asks whether the side is ready. Returns the trouble if it is not.
    pub async fn probe(&self) -> Result<(), Trouble> {
        let request = self.get(&self.ready).timeout(self.probe_timeout);
        let not_ready = |reason, retry_after| {
            Err(Trouble { reason, failure: Failure { is_not_ready: true, retry_after } })
        };
        // The body is for a person; the services' detail in it may be long.
        match self.send(request).await {
            Ok(Reply { status: 200, .. }) => Ok(()),
            Ok(Reply { status, retry_after, .. }) => {
                not_ready(format!("asked whether it is ready, it answered {status}"), retry_after)
            }
            Err(no_reply) => not_ready(no_reply.into(), None),
        }
    }

    /// Asks the side to offer all of its orders. Returns the reason if it refuses.
    pub async fn ask_for_offer(&self) -> Result<(), String> {
        let request = self.post(&self.offer).json(&json!({"all": true}));
        match self.send(request).await? {
            Reply { status: 202, .. } => Ok(()),
            Reply { status, body, .. } => Err(answered(status, &body)),
        }
    }

    /// Sends a command to the side's relay.
    pub async fn relay(&self, about: AboutRelay) -> Result<Value, Refusal> {
        let [show, pause, resume] = &self.relay;
        let request = match about {
            AboutRelay::Show => self.get(show),
            AboutRelay::Pause => self.post(pause),
            AboutRelay::Resume => self.post(resume),
        };
        self.read(self.ask(request.timeout(self.probe_timeout)).await?)
    }

    /// Sends changes of `source` to the side.
    pub async fn tell(&self, source: Side, changes: Vec<&OrderChange>) -> Answer {
        let events: Vec<_> = changes.iter().map(|change| change.event_id).collect();
        let request = SyncRequest { schema: SCHEMA, source, changes };
        match self.send(self.post(&self.orders).json(&request)).await {
            Ok(reply) => answer::read(&events, &reply),
            Err(NoReply::NoConnection(reason)) => Answer::Away(reason.into()),
            Err(NoReply::NoAnswer(reason)) => Answer::Failed(reason),
        }
    }
}
