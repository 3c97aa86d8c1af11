//! The worker's settings. Invalid values are refused while they are read, before any socket is
//! opened.

mod base_url;
pub mod mirror;
pub mod upstream;

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::time::Duration;

use program_kit::access::{AccessSettings, Token};
use program_kit::broker::BrokerSettings;
use program_kit::http::{HttpSettings, LimitsSettings};
use program_kit::program::Program;
use program_kit::settings::{Alias, Layout, non_zero_time};
use program_kit::telemetry::LogSettings;
use program_kit::tls::{CaFile, Tls};
use serde::de::value::StrDeserializer;
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer};
use shared_models::side::Side;
use shared_models::sync::MAX_CHANGES;

pub use base_url::BaseUrl;
pub(crate) use base_url::{append, without_credentials};
use mirror::{MIRROR_DEFAULTS, MirrorSettings, Remote};
use upstream::{UPSTREAM, Upstream, UpstreamSettings, named};

/// The time before the end of a run's hold from which it sends nothing any more, as another one may begin
/// before that is answered. No request of the mirror takes longer.
pub(crate) const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// The defaults of `[store]` and `[warehouse]`.
const SIDES: &str = include_str!("sides.toml");
/// The defaults of `[carry]`.
const CARRY: &str = include_str!("carry.toml");
/// The defaults of `[compare]`.
const COMPARE: &str = include_str!("compare.toml");

/// The worker's name, description and layout of settings.
pub const PROGRAM: Program = Program {
    name: "sync-worker",
    about: "Carries each change to the other side's REST API",
    layout: Layout {
        prefix: "WORKER",
        port: 8003,
        sections: &[
            HttpSettings::DEFAULTS,
            LimitsSettings::DEFAULTS,
            AccessSettings::DEFAULTS,
            BrokerSettings::DEFAULTS,
            SIDES,
            CARRY,
            COMPARE,
            UPSTREAM,
            MIRROR_DEFAULTS,
            LogSettings::DEFAULTS,
        ],
        aliases: &[
            Alias { variable: "API_TOKEN", setting: "upstream.token", unit: "" },
            Alias { variable: "API_USER", setting: "upstream.user", unit: "" },
            Alias { variable: "API_PASSWORD", setting: "upstream.password", unit: "" },
            Alias {
                variable: "INTERVAL_SCHEDULER_SECONDS",
                setting: "upstream.interval",
                unit: "s",
            },
            Alias {
                variable: "INTERVAL_RETRY_TOKEN_SECONDS",
                setting: "upstream.retry_token",
                unit: "s",
            },
        ],
    },
};

/// All settings of the worker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// The address, and the options of the HTTP server.
    pub http: HttpSettings,
    /// The limits for one caller.
    pub limits: LimitsSettings,
    /// The tokens, and the roles that they give here.
    pub access: AccessSettings,
    /// The connection to RabbitMQ.
    pub broker: BrokerSettings,
    /// The client settings for the store.
    pub store: SideSettings,
    /// The client settings for the warehouse.
    pub warehouse: SideSettings,
    /// The settings of carrying.
    pub carry: CarrySettings,
    /// The settings of comparing.
    pub compare: CompareSettings,
    /// The service from which records are pulled.
    pub upstream: UpstreamSettings,
    /// Further ones, by their names.
    #[serde(default, deserialize_with = "named")]
    pub upstreams: BTreeMap<String, UpstreamSettings>,
    /// The remote service that is mirrored.
    pub mirror: MirrorSettings,
    /// The settings of the log.
    pub log: LogSettings,
}

impl WorkerSettings {
    /// Returns the settings that the clients of the sides need.
    #[must_use]
    pub fn sides(&self) -> SidesSettings {
        let Self { store, warehouse, carry, .. } = self.clone();
        SidesSettings { store, warehouse, carry }
    }

    /// Returns the settings of audits, and of the sides.
    #[must_use]
    pub fn audits(&self) -> AuditSettings {
        let Self { store, warehouse, carry, compare, .. } = self.clone();
        AuditSettings { store, warehouse, carry, compare }
    }

    /// Returns the settings of the sources, and of the sides that keep what they have.
    #[must_use]
    pub fn sources(&self) -> SourcesSettings {
        let Self { store, warehouse, carry, upstream, upstreams, mirror, .. } = self.clone();
        SourcesSettings { store, warehouse, carry, upstream, upstreams, mirror }
    }
}

/// The settings that the clients of the sides need: all that the command line needs. The other
/// sections are the worker's, and need not be given to it.
#[derive(Clone, Debug, Deserialize)]
pub struct SidesSettings {
    /// The client settings for the store.
    pub store: SideSettings,
    /// The client settings for the warehouse.
    pub warehouse: SideSettings,
    /// The settings of carrying, for their timeouts.
    pub carry: CarrySettings,
}

/// The settings of the sources, and of the sides that keep what they have: all that a run on the command
/// line needs.
#[derive(Clone, Debug, Deserialize)]
pub struct SourcesSettings {
    /// The client settings for the store.
    pub store: SideSettings,
    /// The client settings for the warehouse.
    pub warehouse: SideSettings,
    /// The settings of carrying, for their timeouts.
    pub carry: CarrySettings,
    /// The service from which records are pulled.
    pub upstream: UpstreamSettings,
    /// Further ones, by their names.
    #[serde(default, deserialize_with = "named")]
    pub upstreams: BTreeMap<String, UpstreamSettings>,
    /// The remote service that is mirrored.
    pub mirror: MirrorSettings,
}

/// The settings of audits, and of the sides: all that an audit on the command line needs.
#[derive(Clone, Debug, Deserialize)]
pub struct AuditSettings {
    /// The client settings for the store.
    pub store: SideSettings,
    /// The client settings for the warehouse.
    pub warehouse: SideSettings,
    /// The settings of carrying, for their timeouts.
    pub carry: CarrySettings,
    /// The settings of comparing.
    pub compare: CompareSettings,
}

impl AuditSettings {
    /// Returns the settings that the clients of the sides need.
    #[must_use]
    pub fn sides(&self) -> SidesSettings {
        let Self { store, warehouse, carry, .. } = self.clone();
        SidesSettings { store, warehouse, carry }
    }
}

impl SourcesSettings {
    /// Returns the settings that the clients of the sides need.
    #[must_use]
    pub fn sides(&self) -> SidesSettings {
        let Self { store, warehouse, carry, .. } = self.clone();
        SidesSettings { store, warehouse, carry }
    }

    /// Returns the services from which records are pulled: those that have a URL.
    pub fn upstreams(&self) -> Result<Vec<Upstream>, String> {
        upstream::upstreams(&self.upstream, &self.upstreams)
    }

    /// Returns the remote service that is mirrored, if it has a URL.
    pub fn remote(&self) -> Result<Option<Remote>, String> {
        Remote::of(&self.mirror)
    }
}

impl SidesSettings {
    /// Returns the client settings for `side`.
    #[must_use]
    pub const fn of(&self, side: Side) -> &SideSettings {
        match side {
            Side::Store => &self.store,
            Side::Warehouse => &self.warehouse,
        }
    }
}

/// `[store]`, `[warehouse]`: one of the two sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct SideSettings {
    /// The base URL of the side.
    pub url: BaseUrl,
    /// The token that identifies the worker there, with the role sync.
    pub token: Option<Token>,
    /// The only CA that is trusted.
    pub ca: Option<CaFile>,
    /// The TLS configuration that `url` and `ca` result in, if the URL asks for TLS.
    #[serde(skip)]
    pub tls: Option<Tls>,
}

impl<'de> Deserialize<'de> for SideSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

/// `[carry]`: carrying changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrySettings {
    /// The most unsettled messages that RabbitMQ delivers.
    pub prefetch: NonZeroU16,
    /// The most changes in one request.
    pub max_changes: MaxChanges,
    /// The size in bytes from which a batch takes no further message.
    pub max_bytes: NonZeroUsize,
    /// The timeout of connecting to a side.
    #[serde(deserialize_with = "non_zero_time")]
    pub connect_timeout: Duration,
    /// The timeout of a request.
    #[serde(deserialize_with = "non_zero_time")]
    pub request_timeout: Duration,
    /// The timeout of a readiness probe.
    #[serde(deserialize_with = "non_zero_time")]
    pub probe_timeout: Duration,
    /// The time without a request to the peer after which its readiness is probed.
    #[serde(deserialize_with = "non_zero_time")]
    pub probe_interval: Duration,
    /// The timeout of a report of parked changes to their source.
    #[serde(deserialize_with = "non_zero_time")]
    pub report_timeout: Duration,
    /// The back-off after the first failure.
    #[serde(deserialize_with = "non_zero_time")]
    pub backoff_min: Duration,
    /// The longest back-off.
    #[serde(deserialize_with = "non_zero_time")]
    pub backoff_max: Duration,
    /// The number of consecutive failures that opens the circuit breaker.
    pub breaker_failures: NonZeroU32,
    /// The longest `Retry-After` of a peer that is honoured.
    #[serde(with = "humantime_serde")]
    pub retry_after_max: Duration,
    /// The number of times that the peer may fail over a single change before it is parked.
    pub tries_alone: NonZeroU32,
    /// The interval at which the topology is healed.
    #[serde(deserialize_with = "non_zero_time")]
    pub heal_interval: Duration,
    /// The time after which a queue that does not answer is replaced.
    #[serde(deserialize_with = "a_second_or_more")]
    pub replace_queue_after: Duration,
}

/// `[compare]`: comparing the sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareSettings {
    /// Turns comparing on.
    pub enabled: bool,
    /// The interval at which each side is asked for its changes.
    #[serde(deserialize_with = "non_zero_time")]
    pub interval: Duration,
    /// The longest that a difference may last before it counts as a loss.
    #[serde(deserialize_with = "non_zero_time")]
    pub grace: Duration,
    /// The most messages that may wait in the sync queue meanwhile.
    pub max_waiting: u32,
    /// The pause after a page, as a multiple of the time that the page took.
    pub rest: NonZeroU32,
    /// The time from one audit to the next.
    pub audit_interval: AuditInterval,
}

/// The time from one audit to the next; `None` where an audit is made only when somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditInterval(pub Option<Duration>);

impl<'de> Deserialize<'de> for AuditInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NEVER: &str = "never";
        let text = String::deserialize(deserializer)?;
        if text == NEVER {
            return Ok(Self(None));
        }
        let time =
            non_zero_time::<StrDeserializer<'_, D::Error>>(text.as_str().into_deserializer());
        time.map(|time| Self(Some(time)))
    }
}

/// Reads the time after which a queue is replaced. A healthy one that is asked is given a part of it.
fn a_second_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let time = non_zero_time(deserializer)?;
    if time < Duration::from_secs(1) {
        return Err(D::Error::custom("must be at least 1s: healthy queues would be deleted"));
    }
    Ok(time)
}

/// The most changes in one request: from 1 to [`MAX_CHANGES`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "usize")]
pub struct MaxChanges(usize);

impl MaxChanges {
    /// Returns the number.
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
            _ => Err(format!("carry.max_changes is {count}; it must be from 1 to {MAX_CHANGES}")),
        }
    }
}
