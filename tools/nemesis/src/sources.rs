//! The services outside: a sample remote and a sample upstream, each behind a proxy of its own, and
//! their faults.

use std::time::Duration;

use anyhow::Result;
use sample_sources::remote::{self, Remote};
use sample_sources::steering::{Action, Rate, Rule, Steering};
use sample_sources::upstream::{self, Upstream};
use tokio::time::sleep;

use super::fault::{LinkFault, SourceFault};
use super::parts::Source;
use super::proxy::{Proxy, Reset};

pub mod callers;
pub mod others;
pub mod shifting;
pub mod written;

/// The posts that the remote has at first, with five comments each.
const POSTS: u64 = 4;
/// The users that the upstream has at first, and the warehouses of each.
const USERS: u64 = 3;
const SITES: u64 = 4;
/// The settings of the workers: short, so that a round has many runs.
const SETTINGS: [(&str, &str); 13] = [
    ("MIRROR__INTERVAL", "1s"),
    ("MIRROR__LOAD_INTERVAL", "2s"),
    ("MIRROR__READ_TIMEOUT", "1500ms"),
    ("MIRROR__CREATE_GRACE", "8s"),
    ("MIRROR__BACKOFF_MIN", "50ms"),
    ("MIRROR__BACKOFF_MAX", "1s"),
    // The others remove a few at once; what a load must not take for removed is a cut list.
    ("MIRROR__MAX_REMOVED", "100"),
    ("UPSTREAM__INTERVAL", "1s"),
    ("UPSTREAM__RETRY_TOKEN", "500ms"),
    ("UPSTREAM__READ_TIMEOUT", "1500ms"),
    // A list of all: whoever is not in it becomes inactive.
    ("UPSTREAM__USER_PATH", "iam/users"),
    ("UPSTREAM__USER", "sample"),
    ("UPSTREAM__PASSWORD", "sample"),
];
/// Where the remote keeps and heeds keys.
const KEYS: [(&str, &str); 2] =
    [("MIRROR__IDEMPOTENCY_HEADER", "Idempotency-Key"), ("MIRROR__MARKER_FIELD", "clientKey")];
/// The time after which a late create is carried out: longer than a worker waits for the answer, and
/// shorter than it waits before it sends the record again.
const LATE: Duration = Duration::from_secs(3);
/// The requests that are taken in a second where the rate is limited.
const RATE: Rate = Rate { per_second: 5.0, burst: 2 };
/// The interval at which tokens expire.
const EXPIRY: Duration = Duration::from_millis(30);
/// The time in which connections that are reset are gone.
const GONE: Duration = Duration::from_millis(50);

/// Both sources.
#[derive(Debug)]
pub struct Sources {
    /// The remote.
    pub remote: Remote,
    /// The upstream.
    pub upstream: Upstream,
    keeps_keys: bool,
    to_remote: Proxy,
    to_upstream: Proxy,
}

impl Sources {
    /// Starts both. With one seed in two the remote keeps and heeds the keys of creates.
    pub async fn start(seed: u64) -> Result<Self> {
        let keeps_keys = seed.is_multiple_of(2);
        let remote = Remote::start(remote::Options {
            seed_posts: Some(POSTS),
            idempotency: keeps_keys,
            ..remote::Options::default()
        });
        let upstream = Upstream::start(upstream::Options {
            users: USERS,
            sites_per_user: SITES,
            ..upstream::Options::default()
        });
        let (remote, upstream) = (remote.await?, upstream.await?);
        let to_remote = Proxy::start(remote.port()).await?;
        let to_upstream = Proxy::start(upstream.port()).await?;
        Ok(Self { remote, upstream, keeps_keys, to_remote, to_upstream })
    }

    /// The settings by which the workers know them.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let url = |proxy: &Proxy| format!("http://127.0.0.1:{}", proxy.port());
        let keys = if self.keeps_keys { &KEYS[..] } else { &[] };
        let fixed = SETTINGS.iter().chain(keys).map(|(name, value)| (*name, (*value).to_owned()));
        let urls =
            [("MIRROR__URL", url(&self.to_remote)), ("UPSTREAM__URL", url(&self.to_upstream))];
        fixed.chain(urls).collect()
    }

    const fn proxy(&self, source: Source) -> &Proxy {
        match source {
            Source::Remote => &self.to_remote,
            Source::Upstream => &self.to_upstream,
        }
    }

    fn steering(&self, source: Source) -> &Steering {
        match source {
            Source::Remote => self.remote.steering(),
            Source::Upstream => self.upstream.steering(),
        }
    }

    /// Carries a fault out, and heals it when its time is over.
    pub async fn inflict(
        &self,
        fault: SourceFault,
        source: Source,
        over: impl Future,
    ) -> Result<()> {
        let (proxy, steering) = (self.proxy(source), self.steering(source));
        match fault {
            SourceFault::Outage => on_the_way(proxy, LinkFault::Cut, over).await,
            SourceFault::Slow => on_the_way(proxy, LinkFault::Slow, over).await,
            SourceFault::BlackHole => {
                // An update that arrives after a newer one would undo it, which no worker can help.
                let lost = async {
                    over.await;
                    proxy.reset(Reset::AtOnce);
                    sleep(GONE).await;
                };
                on_the_way(proxy, LinkFault::BlackHole, lost).await;
            }
            SourceFault::Reset => proxy.reset(Reset::WithAnAnswer),
            SourceFault::LimitsRate => {
                steering.limit(Some(RATE))?;
                over.await;
                steering.limit(None)?;
            }
            SourceFault::ExpiresTokens => {
                tokio::select! {
                    _ = over => {}
                    () = self.expire_tokens() => {}
                }
            }
            SourceFault::Hangs
            | SourceFault::Fails
            | SourceFault::Unavailable
            | SourceFault::LosesAnswers
            | SourceFault::CutsLists
            | SourceFault::CreatesLate => {
                for rule in rules(fault, source) {
                    steering.add(rule)?;
                }
                over.await;
                steering.clear();
            }
        }
        Ok(())
    }

    /// Does not end.
    async fn expire_tokens(&self) {
        loop {
            self.upstream.expire_tokens();
            sleep(EXPIRY).await;
        }
    }
}

async fn on_the_way(proxy: &Proxy, fault: LinkFault, over: impl Future) {
    proxy.set(Some(fault));
    over.await;
    proxy.set(None);
}

/// The rules by which a source is told to have a fault; none for one that it has not by itself.
fn rules(fault: SourceFault, source: Source) -> Vec<Rule> {
    let of = |methods: &[&str], action: Action| {
        let rule = |method: &&str| Rule::new(action.clone()).method(method);
        methods.iter().map(rule).collect()
    };
    match (fault, source) {
        (SourceFault::Hangs, _) => vec![Rule::new(Action::Hang)],
        (SourceFault::Fails, _) => vec![Rule::new(Action::status(500))],
        (SourceFault::Unavailable, _) => vec![Rule::new(Action::status(503))],
        // What is looked up there is found.
        (SourceFault::LosesAnswers, Source::Remote) => {
            of(&["POST", "PUT", "DELETE"], Action::ApplyThenClose)
        }
        (SourceFault::LosesAnswers, Source::Upstream) => vec![Rule::new(Action::ApplyThenClose)],
        (SourceFault::CutsLists, _) => of(&["GET"], Action::CloseInBody),
        (SourceFault::CreatesLate, _) => {
            let ms = u64::try_from(LATE.as_millis()).unwrap_or(u64::MAX);
            of(&["POST"], Action::Delay { ms })
        }
        (
            SourceFault::Outage
            | SourceFault::BlackHole
            | SourceFault::Slow
            | SourceFault::Reset
            | SourceFault::LimitsRate
            | SourceFault::ExpiresTokens,
            _,
        ) => vec![],
    }
}
