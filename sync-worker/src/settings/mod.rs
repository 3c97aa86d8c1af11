//! The worker's settings. What cannot be right is refused while it is read, before any socket is
//! opened.

mod compare;
mod site_url;

use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use service_kit::access::Token;
use service_kit::program::Program;
use service_kit::settings::{
    self, AccessSettings, BrokerSettings, HttpSettings, Layout, LimitsSettings, LogSettings,
};
use service_kit::tls::{CaFile, Tls};
use shared_models::site::Site;
use shared_models::sync::MAX_CHANGES;

use compare::COMPARE;
pub use compare::CompareSettings;
pub use site_url::SiteUrl;

/// The defaults of `[store]` and `[warehouse]`.
const SITES: &str = include_str!("sites.toml");
/// The defaults of `[carry]`.
const CARRY: &str = include_str!("carry.toml");

/// What the worker says of itself.
pub const PROGRAM: Program = Program {
    name: "sync-worker",
    about: "Carries each change to the other side's REST API",
    layout: Layout {
        prefix: "WORKER",
        port: 8003,
        sections: &[
            settings::HTTP,
            settings::LIMITS,
            settings::ACCESS,
            settings::BROKER,
            SITES,
            CARRY,
            COMPARE,
            settings::LOG,
        ],
    },
};

/// All of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Where and how to serve.
    pub http: HttpSettings,
    /// What one caller may take.
    pub limits: LimitsSettings,
    /// Who may do what here.
    pub access: AccessSettings,
    /// The RabbitMQ that carries the changes.
    pub broker: BrokerSettings,
    /// Where the store serves.
    pub store: SiteSettings,
    /// Where the warehouse serves.
    pub warehouse: SiteSettings,
    /// How changes are carried.
    pub carry: CarrySettings,
    /// How the sites are compared.
    pub compare: CompareSettings,
    /// What to log.
    pub log: LogSettings,
}

impl WorkerSettings {
    /// What asking the sites takes.
    #[must_use]
    pub fn sites(&self) -> SitesSettings {
        let Self { store, warehouse, carry, .. } = self.clone();
        SitesSettings { store, warehouse, carry }
    }
}

/// What asking the sites takes: all that the command line needs. The other sections are the
/// worker's, and nobody need give them to it.
#[derive(Clone, Debug, Deserialize)]
pub struct SitesSettings {
    /// Where the store serves.
    pub store: SiteSettings,
    /// Where the warehouse serves.
    pub warehouse: SiteSettings,
    /// How long to wait for them.
    pub carry: CarrySettings,
}

impl SitesSettings {
    /// What is set for `site`.
    #[must_use]
    pub const fn of(&self, site: Site) -> &SiteSettings {
        match site {
            Site::Store => &self.store,
            Site::Warehouse => &self.warehouse,
        }
    }
}

/// `[store]`, `[warehouse]`: one of the two sites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct SiteSettings {
    /// Where it serves.
    pub url: SiteUrl,
    /// The token that it knows us by, with the role sync.
    pub token: Option<Token>,
    /// The CA that alone is trusted.
    pub ca: Option<CaFile>,
    /// How to speak TLS, where the URL asks for that: what these two come to.
    #[serde(skip)]
    pub tls: Option<Tls>,
}

impl<'de> Deserialize<'de> for SiteSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

/// `[carry]`: how changes are carried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrySettings {
    /// Messages that RabbitMQ hands out ahead.
    pub prefetch: NonZeroU16,
    /// Changes in one request.
    pub max_changes: MaxChanges,
    /// A batch takes no further message once it holds so many bytes.
    pub max_bytes: NonZeroUsize,
    /// How long to wait for a connection to a site.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long to wait for its answer to a request.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How long to wait for its answer to whether it is ready.
    #[serde(with = "humantime_serde")]
    pub probe_timeout: Duration,
    /// How long the peer may be told nothing before it is asked whether it is ready.
    #[serde(with = "humantime_serde")]
    pub probe_interval: Duration,
    /// How long to wait for a source that is told what is parked.
    #[serde(with = "humantime_serde")]
    pub report_timeout: Duration,
    /// How long to wait before the second try.
    #[serde(with = "humantime_serde")]
    pub backoff_min: Duration,
    /// How long to wait before the next try at the most.
    #[serde(with = "humantime_serde")]
    pub backoff_max: Duration,
    /// After how many failures in a row to leave the peer alone.
    pub breaker_failures: NonZeroU32,
    /// For how long to leave a peer alone that asks for it, at the most.
    #[serde(with = "humantime_serde")]
    pub retry_after_max: Duration,
    /// How often the peer may fail over a change that is alone before it is parked.
    pub tries_alone: NonZeroU32,
    /// How often to look after the topology.
    #[serde(with = "humantime_serde")]
    pub heal_interval: Duration,
    /// After how long a queue is replaced that answers nothing.
    #[serde(with = "humantime_serde")]
    pub replace_queue_after: Duration,
}

/// How many changes one request may hold: from 1 to [`MAX_CHANGES`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "usize")]
pub struct MaxChanges(usize);

impl MaxChanges {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl TryFrom<usize> for MaxChanges {
    type Error = String;

    fn try_from(count: usize) -> Result<Self, String> {
        match count {
            1..=MAX_CHANGES => Ok(Self(count)),
            _ => Err(format!("carry.max_changes is {count}; from 1 to {MAX_CHANGES} can be")),
        }
    }
}
