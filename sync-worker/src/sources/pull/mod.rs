//! Pulling: operators and their sites are read from an upstream, and upserted at the warehouse.

mod batch;
mod shapes;

use std::fmt::Display;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use program_kit::access::Token;
use program_kit::http::metrics::Registry;
use reqwest::Url;
use serde_json::Value;
use shared_models::pull::PullReceipt;
use shared_models::runs::{RefusedRecord, RunFailure};

use super::figures::RequestFigures;
use super::outbound::{Failure, Limits, Outbound, Reason};
use super::pace::SharedPace;
use super::run::{Held, MILLISECONDS, Outcome, Work};
use super::token::{Clock, NO_TOKEN, TokenError, Tokens};
use crate::settings::upstream::{Credentials, Upstream};
use crate::side_client::SideClient;
use crate::side_client::jobs::RunError;
use batch::Batch;
use shapes::{Operator, Operators};

/// The name of the task.
pub const TASK: &str = "pull";

/// The path of the warehouse to which pulled records are posted.
const PULLED: &str = "v1/sync/pulled";
/// The operators in a row whose sites may not be readable. After so many the pull fails.
const FAILURES_IN_A_ROW: usize = 5;
/// The name of the section, for messages.
const SECTION: &str = "upstream";

/// The pull from one upstream.
pub struct Pull {
    /// The upstream.
    pub upstream: Upstream,
    client: Outbound,
    /// Shared by all requests for records.
    pace: SharedPace,
    tokens: Tokens,
    warehouse: SideClient,
}

/// The reason why records could not be read.
enum Problem {
    /// There is no token.
    Token(TokenError),
    /// A request failed.
    Request(Failure),
    /// The warehouse did not take the records.
    Warehouse(RunFailure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Request(failure)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<Problem> for RunFailure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Token(TokenError::Missing) => Self {
                reason: NO_TOKEN.to_owned(),
                detail: "neither a token nor a user with a password is set; set API_TOKEN, or \
                         API_USER and API_PASSWORD"
                    .to_owned(),
            },
            Problem::Token(TokenError::Failed(failure)) => {
                let Self { reason, detail } = failure.into();
                let detail = format!("no token could be fetched: {reason}: {detail}");
                Self { reason: NO_TOKEN.to_owned(), detail }
            }
            Problem::Request(failure) => failure.into(),
            Problem::Warehouse(failure) => failure,
        }
    }
}

impl Pull {
    /// Creates the pull from an upstream, whose requests are measured in the registry; its tokens
    /// expire by `clock`.
    pub fn new(
        upstream: Upstream,
        warehouse: SideClient,
        clock: Clock,
        registry: &Registry,
    ) -> Result<Self, String> {
        let settings = &upstream.settings;
        let limits = Limits {
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            max_answer: settings.max_answer.get(),
        };
        let figures = RequestFigures::new(registry, &upstream.name);
        let client = Outbound::new(SECTION, &upstream.tls, limits, figures)?;
        let (credentials, url) = (upstream.credentials.clone(), upstream.token_url.clone());
        if matches!(credentials, Credentials::Missing) {
            let name = &upstream.name;
            tracing::warn!(
                source = name,
                "no token and no credentials are set; every pull will fail"
            );
        }
        let tokens = Tokens::new(credentials, url, client.clone(), clock);
        Ok(Self { upstream, client, pace: SharedPace::new(), tokens, warehouse })
    }

    /// Pulls all records; what has been upserted until a failure stays.
    async fn pull(&self, run: &Held, outcome: &mut Outcome) -> Result<(), Problem> {
        let answer = self.get(&self.upstream.user_url).await?;
        let Operators { each, is_list } = shapes::operators(answer).map_err(malformed)?;
        let strict = self.upstream.settings.strict;
        let all = is_list.then(|| shapes::all_ids(&each)).flatten();
        let (mut batch, mut in_a_row) = (Batch::default(), 0);
        let reading = each.into_iter().map(async |operator| {
            let sites = self.sites_of(&operator).await;
            (operator, sites)
        });
        let mut reading = stream::iter(reading).buffered(self.upstream.settings.parallel.get());
        while let Some((operator, sites)) = reading.next().await {
            let refused = match sites {
                Ok(Some(sites)) => {
                    in_a_row = 0;
                    match batch.add(operator.record, sites) {
                        Ok(None) => continue,
                        Ok(Some(full)) => {
                            self.upsert(run, full, None, outcome).await?;
                            continue;
                        }
                        Err(problem) => refused(operator.place, problem),
                    }
                }
                Ok(None) => refused(operator.place, "id: expected an integer".to_owned()),
                // Of one of a list it may be the operator; of several in a row, it is the upstream.
                Err(Problem::Request(failure)) if is_list && in_a_row + 1 < FAILURES_IN_A_ROW => {
                    in_a_row += 1;
                    let detail = format!("its sites cannot be read: {}", failure.detail);
                    refused(operator.name(), detail)
                }
                Err(problem) => {
                    self.upsert(run, batch, None, outcome).await?;
                    return Err(problem);
                }
            };
            if strict {
                // One before it may be the first that does not fit.
                self.upsert(run, batch, None, outcome).await?;
                return Err(unfit(&refused).into());
            }
            outcome.refuse(refused);
        }
        self.upsert(run, batch, all, outcome).await
    }

    /// Reads the sites of an operator; `None` if it has no id.
    async fn sites_of(&self, operator: &Operator) -> Result<Option<Vec<Value>>, Problem> {
        let Some(id) = operator.id else { return Ok(None) };
        let url = self.upstream.sites_url(id).map_err(malformed)?;
        Ok(Some(shapes::sites(self.get(&url).await?).map_err(malformed)?))
    }

    async fn upsert(
        &self,
        run: &Held,
        batch: Batch,
        all_operators: Option<Vec<i64>>,
        outcome: &mut Outcome,
    ) -> Result<(), Problem> {
        let body = batch.into_request(run, self.upstream.settings.strict, all_operators);
        let written = self.warehouse.write_for_run::<PullReceipt>(PULLED, &body).await;
        let written = written.map_err(|error| match error {
            RunError::Invalid { place, problem } => {
                let (resource, id) = batch::name(&body.operators, &place);
                let detail = format!("{place}: {problem}");
                unfit(&RefusedRecord { resource, id, detail }).into()
            }
            RunError::Lost | RunError::Failed(_) => Problem::Warehouse(error.into()),
        })?;
        let PullReceipt { upserted, changed, deactivated, refused } = written;
        outcome.add("upserted", upserted);
        outcome.add("changed", changed);
        outcome.add("deactivated", deactivated);
        refused.into_iter().for_each(|record| outcome.refuse(record));
        Ok(())
    }

    /// Sends a request with the token. One that is refused is renewed once, and the request repeated.
    async fn get(&self, url: &Url) -> Result<Value, Problem> {
        let token = self.tokens.get(None).await?;
        let with = async |token: &Token| {
            let request = || self.client.http().get(url.clone()).bearer_auth(token.expose());
            self.pace.patiently(|| self.client.fetch_whole(request())).await
        };
        match with(&token).await {
            Err(failure @ Failure { reason: Reason::Status(401), .. })
                if self.tokens.can_renew() =>
            {
                let renewed = self.tokens.get(Some(&token)).await?;
                match renewed.expose() == token.expose() {
                    true => Err(failure.into()),
                    false => Ok(with(&renewed).await?),
                }
            }
            answer => Ok(answer?),
        }
    }
}

impl Work for Pull {
    async fn work(&self, run: &Held) -> Outcome {
        let began = Instant::now();
        let mut outcome = Outcome::default();
        if let Err(problem) = self.pull(run, &mut outcome).await {
            if matches!(problem, Problem::Token(_)) {
                outcome.again_after = Some(self.upstream.settings.retry_token);
            }
            outcome.fail(problem);
        }
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome.add(MILLISECONDS, milliseconds);
        outcome
    }
}

fn malformed(problem: impl Display) -> Failure {
    let detail = format!("its answer is not what was expected: {problem}");
    Failure { reason: Reason::Malformed, detail, retry_after: None }
}

/// Creates the failure of a strict pull over a record that does not fit.
fn unfit(RefusedRecord { resource, id, detail }: &RefusedRecord) -> Failure {
    malformed(format!("{resource} {id}: {detail}"))
}

fn refused(id: String, detail: String) -> RefusedRecord {
    RefusedRecord { resource: "operator".to_owned(), id, detail }
}
