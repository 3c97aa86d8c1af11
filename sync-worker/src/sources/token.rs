//! The token of an upstream: a static one, or one that is fetched, kept and renewed. At most one fetch
//! is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use program_kit::access::Token;
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::outbound::{Failure, Outbound, Reason};
use crate::settings::upstream::{Credentials, grant};

/// The reason of a run for which there is no token.
pub const NO_TOKEN: &str = "no_token";

/// The longest time before its expiry at which a token is renewed.
const MARGIN: Duration = Duration::from_secs(30);
/// A tenth of its life is the margin of a token that lives for a short time.
const PART: u32 = 10;

/// The time in which a token is not fetched again that was refused, and then fetched anew, and is still the same.
const SAME: Duration = Duration::from_secs(10);

/// The clock by which tokens expire.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The answer of an upstream to credentials.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<f64>,
}

/// A token that was fetched.
#[derive(Clone, Debug)]
struct Kept {
    token: Token,
    /// When it is to be renewed; `None` if the upstream did not say how long it lives.
    renew_at: Option<Instant>,
    /// Until when another fetch is in vain, as the last one gave the token that had been refused.
    same_until: Option<Instant>,
}

impl Kept {
    fn new(token: Token, lifetime: Option<Duration>, now: Instant) -> Self {
        let renew_after = lifetime.map(|lifetime| lifetime - MARGIN.min(lifetime / PART));
        // A time that the clock cannot have is never.
        let renew_at = renew_after.and_then(|after| now.checked_add(after));
        Self { token, renew_at, same_until: None }
    }

    /// Returns whether it is handed out instead of being fetched anew.
    fn is_usable(&self, refused: Option<&Token>, now: Instant) -> bool {
        let is_fresh = self.renew_at.is_none_or(|at| now < at);
        let is_same = self.same_until.is_some_and(|until| now < until);
        is_fresh && (is_same || !self.is(refused))
    }

    fn is(&self, refused: Option<&Token>) -> bool {
        refused.is_some_and(|refused| refused.expose() == self.token.expose())
    }
}

/// The result of the last fetch.
type Fetched = Option<Result<Kept, Failure>>;

/// The tokens of one upstream.
pub struct Tokens {
    credentials: Credentials,
    url: Url,
    client: Outbound,
    clock: Clock,
    /// The number of fetches that have ended.
    fetches: AtomicU64,
    last: Mutex<Fetched>,
}

impl Tokens {
    /// Creates it without a token.
    #[must_use]
    pub fn new(credentials: Credentials, url: Url, client: Outbound, clock: Clock) -> Self {
        Self { credentials, url, client, clock, fetches: AtomicU64::new(0), last: Mutex::default() }
    }

    /// Returns a token: a kept one, unless it is about to expire, or is the one that was `refused`. That one is
    /// returned all the same if the upstream has just given it once more.
    pub async fn get(&self, refused: Option<&Token>) -> Result<Token, TokenError> {
        let (user, password) = match &self.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::Password { user, password } => (user, password),
            Credentials::Missing => return Err(TokenError::Missing),
        };
        let fetches = self.fetches.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        match &*last {
            Some(Ok(kept)) if kept.is_usable(refused, (self.clock)()) => {
                return Ok(kept.token.clone());
            }
            // A fetch ended while this call waited: its failure is this one's, too.
            Some(Err(failure)) if self.fetches.load(Ordering::Acquire) != fetches => {
                return Err(TokenError::Failed(failure.clone()));
            }
            _ => {}
        }
        let body = grant(user, password);
        let fetched = self.fetch(&body).await.map(|kept| {
            let same_until = kept.is(refused).then(|| (self.clock)() + SAME);
            Kept { same_until, ..kept }
        });
        self.fetches.fetch_add(1, Ordering::Release);
        let token = fetched.clone().map(|kept| kept.token);
        *last = Some(fetched);
        token.map_err(TokenError::Failed)
    }

    /// Returns whether another token can be had instead of one that was refused.
    #[must_use]
    pub const fn can_renew(&self) -> bool {
        matches!(self.credentials, Credentials::Password { .. })
    }

    async fn fetch(&self, body: &serde_json::Value) -> Result<Kept, Failure> {
        let request = self.client.http().post(self.url.clone()).json(body);
        let asked_at = (self.clock)();
        let Granted { access_token, expires_in } = self.client.fetch::<Granted>(request).await?;
        let token = Token::try_from(access_token).map_err(|problem| Failure {
            reason: Reason::Malformed,
            detail: format!("its answer has no usable access_token: {problem}"),
            retry_after: None,
        })?;
        let lifetime = expires_in.filter(|seconds| *seconds > 0.0);
        let lifetime = lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Kept::new(token, lifetime, asked_at))
    }
}

/// The reason why there is no token.
#[derive(Clone, Debug)]
pub enum TokenError {
    /// Neither a token nor credentials are set.
    Missing,
    /// A token could not be fetched.
    Failed(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lifetime: Option<u64>, now: Instant) -> Kept {
        let token = Token::try_from("abc".to_owned()).unwrap();
        Kept::new(token, lifetime.map(Duration::from_secs), now)
    }

    #[test]
    fn a_token_is_renewed_shortly_before_it_expires_and_not_before() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs_f64(seconds);
        let usable = |kept: &Kept, seconds| kept.is_usable(None, at(seconds));
        let hour = kept(Some(3_600), now);
        assert!(usable(&hour, 0.0) && usable(&hour, 3_569.0));
        assert!(!usable(&hour, 3_570.0) && !usable(&hour, 9_999.0));
        let ten_seconds = kept(Some(10), now);
        assert!(usable(&ten_seconds, 8.9) && !usable(&ten_seconds, 9.0));
    }

    #[test]
    fn a_token_of_unknown_or_endless_life_is_kept_until_it_is_refused() {
        let now = Instant::now();
        for lifetime in [None, Some(u64::MAX)] {
            assert!(kept(lifetime, now).is_usable(None, now + Duration::from_secs(1 << 30)));
        }
    }

    #[test]
    fn a_token_that_was_refused_is_fetched_anew_but_not_again_at_once_if_it_is_the_same() {
        let now = Instant::now();
        let first = kept(None, now);
        assert!(!first.is_usable(Some(&first.token), now));
        let same = Kept { same_until: Some(now + SAME), ..first };
        assert!(same.is_usable(Some(&same.token), now));
        assert!(!same.is_usable(Some(&same.token), now + SAME));
    }

    #[test]
    fn a_token_does_not_show_itself() {
        assert!(!format!("{:?}", kept(None, Instant::now())).contains("abc"));
    }
}
