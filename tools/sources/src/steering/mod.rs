//! The steering of a source: rules, rate limit and ledger, for tests in the same process and, by
//! `control`, for everybody who reaches the port.

mod action;
mod control;
mod ledger;
mod rate;
mod rules;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use tokio::sync::watch;

pub use action::{Action, RetryAfter};
pub(crate) use control::{answer as control, done, read};
pub use ledger::{Counts, Entry};
pub use rate::Rate;
pub use rules::{Rule, Standing};

use crate::http::Request;
use ledger::Ledger;
use rate::{Bucket, whole_seconds};
use rules::Rules;

/// The longest body that the ledger keeps as text.
const BODY: usize = 4_096;

/// The handle by which a source is told to fail, and asked what requests it got. Clones steer the
/// same source.
#[derive(Clone, Debug)]
pub struct Steering(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Changes with each request and each outcome.
    seen: watch::Sender<u64>,
    /// Changes when the rules are cleared: requests that hang then end.
    cleared: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    rules: Rules,
    bucket: Option<Bucket>,
    ledger: Ledger,
}

/// The treatment of a request.
#[derive(Debug)]
pub(crate) enum Treatment {
    /// Answer it.
    Answer,
    /// Let it meet a fault. The receiver changes when the rules are cleared.
    Fault(Action, watch::Receiver<u64>),
    /// Refuse it: there are too many. The next one is admitted after so many seconds.
    Refuse(u64),
}

impl Default for Steering {
    fn default() -> Self {
        let (seen, cleared) = (watch::Sender::default(), watch::Sender::default());
        Self(Arc::new(Inner { state: Mutex::default(), seen, cleared }))
    }
}

impl Steering {
    /// Adds a rule and returns its number; an error if no request could be answered by it.
    pub fn add(&self, rule: Rule) -> anyhow::Result<u64> {
        if let Err(problem) = rule.check() {
            bail!(problem);
        }
        Ok(self.state().rules.add(rule))
    }

    /// Returns the rules in force, with what is left of their numbers.
    #[must_use]
    pub fn rules(&self) -> Vec<Standing> {
        self.state().rules.standing()
    }

    /// Removes one rule; returns whether it was in force. What hangs by it goes on hanging.
    pub fn remove(&self, id: u64) -> bool {
        self.state().rules.remove(id)
    }

    /// Removes all rules. Requests that hang end without an answer.
    pub fn clear(&self) {
        self.state().rules.clear();
        self.0.cleared.send_modify(|times| *times += 1);
    }

    /// Sets the rate limit, or removes it; an error if it would admit nothing.
    pub fn limit(&self, rate: Option<Rate>) -> anyhow::Result<()> {
        if let Some(Err(problem)) = rate.map(|rate| rate.check()) {
            bail!(problem);
        }
        self.state().bucket = rate.map(|rate| Bucket::new(rate, Instant::now()));
        Ok(())
    }

    /// Returns the rate limit.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.state().bucket.as_ref().map(Bucket::rate)
    }

    /// Returns all requests that are kept, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<Entry> {
        self.ledger_after(0, usize::MAX)
    }

    /// Returns up to `limit` requests with a number greater than `after`, oldest first.
    #[must_use]
    pub fn ledger_after(&self, after: u64, limit: usize) -> Vec<Entry> {
        self.state().ledger.after(after, limit)
    }

    /// Returns the numbers of requests.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().ledger.counts().clone()
    }

    /// Empties the ledger and sets the counts to zero. The next entry has the next number.
    pub fn forget(&self) {
        self.state().ledger.forget();
    }

    /// Waits until the counts fulfil a condition; they are looked at after each request and each
    /// outcome. The deadline is the caller's.
    pub async fn until(&self, mut fulfilled: impl FnMut(&Counts) -> bool) {
        let mut seen = self.0.seen.subscribe();
        while !fulfilled(&self.counts()) {
            // The sender lives as long as this handle.
            let _ = seen.changed().await;
        }
    }

    /// Removes rules and rate limit, and empties the ledger.
    pub fn reset(&self) {
        self.clear();
        let mut state = self.state();
        state.bucket = None;
        state.ledger.forget();
    }

    /// Writes a request down; returns its number and how it is to be treated.
    pub(crate) fn begin(&self, request: &Request, is_secret: bool) -> (u64, Treatment) {
        let mut state = self.state();
        let number = state.ledger.begin(entry(request, is_secret));
        let refused = state.bucket.as_mut().and_then(|bucket| bucket.take(Instant::now()).err());
        let treatment = match refused {
            Some(wait) => Treatment::Refuse(whole_seconds(wait)),
            None => match state.rules.take(&request.method, &request.path) {
                Some(action) => Treatment::Fault(action, self.0.cleared.subscribe()),
                None => Treatment::Answer,
            },
        };
        drop(state);
        self.0.seen.send_modify(|times| *times += 1);
        (number, treatment)
    }

    /// Writes down which fault a request meets, and whether it changed records.
    pub(crate) fn note(&self, number: u64, fault: Option<&'static str>, applied: bool) {
        self.state().ledger.note(number, fault, applied);
        self.0.seen.send_modify(|times| *times += 1);
    }

    /// Writes the answer to a request down, or that there will be none.
    pub(crate) fn answer(&self, number: u64, status: Option<u16>) {
        self.state().ledger.answer(number, status);
        self.0.seen.send_modify(|times| *times += 1);
    }

    /// Writes the end of a request down.
    pub(crate) fn finish(&self, number: u64, micros: u64) {
        self.state().ledger.finish(number, micros);
        self.0.seen.send_modify(|times| *times += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(request: &Request, is_secret: bool) -> Entry {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let body = std::str::from_utf8(&request.body).ok();
    Entry {
        number: 0,
        at: u64::try_from(at.as_millis()).unwrap_or_default(),
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        idempotency_key: request.idempotency_key.clone(),
        // Also not the digest: a password can be guessed from it.
        body_sha256: if is_secret { String::new() } else { request.digest() },
        body: body.filter(|body| !is_secret && body.len() <= BODY).map(str::to_owned),
        status: None,
        fault: None,
        applied: false,
        micros: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_body_is_not_written_down() {
        let request = Request { body: "a=b".into(), ..Request::default() };
        assert_eq!(entry(&request, false).body.as_deref(), Some("a=b"));
        let entry = entry(&request, true);
        assert_eq!((entry.body, entry.body_sha256), (None, String::new()));
    }

    #[test]
    fn a_refused_request_does_not_count_for_a_rule() {
        let steering = Steering::default();
        steering.add(Rule::new(Action::Close).times(1)).unwrap();
        steering.limit(Some(Rate::per_second(0.001))).unwrap();
        let request = Request::default();
        let treatment = |steering: &Steering| steering.begin(&request, false).1;
        assert!(matches!(treatment(&steering), Treatment::Fault(Action::Close, _)));
        steering.add(Rule::new(Action::Hang).times(1)).unwrap();
        assert!(matches!(treatment(&steering), Treatment::Refuse(990..=1_000)));
        steering.limit(None).unwrap();
        assert!(matches!(treatment(&steering), Treatment::Fault(Action::Hang, _)));
        assert!(matches!(treatment(&steering), Treatment::Answer));
    }
}
