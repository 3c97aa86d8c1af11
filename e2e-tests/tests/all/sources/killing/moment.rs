//! The moments at which a program is killed: what the remote is told, so that they can be awaited.

use std::time::Duration;

use e2e_tests::Stack;
use fastrand::Rng;
use sample_sources::remote::{Kind, Remote};
use sample_sources::steering::{Action, RetryAfter, Rule, Steering};
use tokio::time::{sleep, timeout};

/// The longest that a moment is awaited; less than the timeout of a request to the remote.
const PATIENCE: Duration = Duration::from_millis(900);
/// The longest that a request whose caller is gone is under way.
const UNDER_WAY: Duration = Duration::from_millis(300);
/// The interval at which the store is asked what is settled.
const POLL: Duration = Duration::from_millis(5);

/// A moment of a write-back, or of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The attempt is stored, and the remote has taken no create.
    Prepared,
    /// A create is under way, and is not carried out.
    Arrived,
    /// A create was carried out, and its answer has not come.
    Created,
    /// An update was carried out, and its answer has not come.
    Updated,
    /// A deletion was carried out, and its answer has not come.
    Deleted,
    /// The answer to a create was lost, and it is looked up.
    LookedUp,
    /// One create is settled, and another is under way.
    Settled,
    /// The remote is read.
    Loading,
    /// Every request takes a while; at any time.
    AnyTime,
}

impl Moment {
    pub(super) const ALL: [Self; 9] = [
        Self::Prepared,
        Self::Arrived,
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::LookedUp,
        Self::Settled,
        Self::Loading,
        Self::AnyTime,
    ];

    /// The task that comes to it.
    pub(super) const fn task(self) -> &'static str {
        if matches!(self, Self::Loading) { "load" } else { "flush" }
    }

    /// Tells the remote to let it come about.
    pub(super) fn arm(self, remote: &Remote, rng: &mut Rng) -> Armed {
        let steering = remote.steering();
        let list = *rng.choice(&["/posts", "/comments"]).unwrap();
        let one = format!("{list}/*");
        let later = Action::Status { status: 429, retry_after: Some(RetryAfter::Seconds(1)) };
        let rules = match self {
            Self::Prepared => vec![Rule::new(later).method("POST").path(list)],
            Self::Arrived => vec![Rule::new(Action::Hang).method("POST").path(list)],
            Self::Created => vec![Rule::new(Action::ApplyThenHang).method("POST").path(list)],
            Self::Updated => vec![Rule::new(Action::ApplyThenHang).method("PUT").path(&one)],
            Self::Deleted => vec![Rule::new(Action::ApplyThenHang).method("DELETE").path(&one)],
            Self::LookedUp => vec![
                Rule::new(Action::ApplyThenClose).method("POST").path(list),
                Rule::new(Action::Hang).method("GET").path(list),
            ],
            Self::Settled => vec![Rule::new(Action::Hang).method("POST").path("/posts").after(1)],
            Self::Loading => vec![Rule::new(Action::Hang).method("GET").path(list)],
            Self::AnyTime => vec![Rule::new(Action::Delay { ms: rng.u64(10..100) })],
        };
        let last = rules.last().map(|rule| rule.action.name());
        let ledger = steering.ledger();
        let newest = remote.records(Kind::Posts).last().and_then(|post| post["id"].as_u64());
        for rule in rules {
            steering.add(rule).unwrap();
        }
        Armed {
            moment: self,
            fault: last.unwrap_or_default(),
            after: ledger.last().map_or(0, |entry| entry.number),
            newest: newest.unwrap_or_default(),
            pause: Duration::from_millis(rng.u64(..400)),
        }
    }
}

/// A moment that the remote lets come about.
#[derive(Debug)]
pub(super) struct Armed {
    moment: Moment,
    /// The fault that a request meets then.
    fault: &'static str,
    /// The number of the last request before.
    after: u64,
    /// The id of the newest post of the remote before.
    newest: u64,
    /// The time until the kill, where it is at any time.
    pause: Duration,
}

impl Armed {
    /// Waits for the moment; returns whether it came.
    pub(super) async fn reached(&self, stack: &Stack, steering: &Steering) -> bool {
        let settled = format!("posts where remote_id > {}", self.newest);
        let is_met = || {
            let entries = steering.ledger_after(self.after, usize::MAX);
            entries.iter().any(|entry| entry.fault.as_deref() == Some(self.fault))
        };
        let waiting = async {
            if self.moment == Moment::AnyTime {
                return sleep(self.pause).await;
            }
            steering.until(|_| is_met()).await;
            while self.moment == Moment::Settled && stack.store_count(&settled).await == 0 {
                sleep(POLL).await;
            }
        };
        timeout(PATIENCE, waiting).await.is_ok()
    }

    /// Waits until the remote has carried out what was under way, or never will: a caller that is gone may
    /// have ended it. What it carries out after it was looked up is there twice.
    pub(super) async fn over(&self, steering: &Steering) {
        let is_over = || {
            let entries = steering.ledger_after(self.after, usize::MAX);
            entries.iter().all(|entry| entry.micros.is_some())
        };
        let _ = timeout(UNDER_WAY, steering.until(|_| is_over())).await;
    }
}
