//! The sections that several programs have. What cannot be right is refused while it is read,
//! before any socket is opened.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

use super::{BrokerUrl, DatabaseUrl};
use crate::tls::{CaFile, Tls};

/// A time to wait. None at all would be for ever to PostgreSQL, and too short for anybody else.
pub(super) fn some_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match humantime_serde::deserialize(deserializer)? {
        Duration::ZERO => Err(D::Error::custom("is to be longer than 0s")),
        time => Ok(time),
    }
}

/// A number of which 0 would bring everything to a stand.
fn some<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    match N::deserialize(deserializer)? {
        number if number == N::default() => Err(D::Error::custom("is to be at least 1")),
        number => Ok(number),
    }
}

/// `[http]`: where and how to serve.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// An address of this machine.
    pub host: IpAddr,
    /// A port; 0 takes a free one.
    pub port: u16,
    /// The largest request body, in bytes.
    #[serde(deserialize_with = "some")]
    pub body_limit: usize,
    /// How long a request in hand may take to finish after SIGTERM.
    #[serde(deserialize_with = "some_time")]
    pub shutdown_timeout: Duration,
}

/// `[database]`: the service's own PostgreSQL database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct DatabaseSettings {
    /// Where it is, and as whom to connect.
    pub url: DatabaseUrl,
    /// The CA that alone is trusted.
    pub ca: Option<CaFile>,
    /// How to speak TLS, where the URL asks for that: what these two come to.
    #[serde(skip)]
    pub tls: Option<Tls>,
    /// Connections kept at the most.
    #[serde(deserialize_with = "some")]
    pub pool_size: usize,
    /// How long to wait for a connection.
    #[serde(deserialize_with = "some_time")]
    pub connect_timeout: Duration,
    /// How long a statement may wait for a lock.
    #[serde(deserialize_with = "some_time")]
    pub lock_timeout: Duration,
    /// How long a statement may take.
    #[serde(deserialize_with = "some_time")]
    pub statement_timeout: Duration,
    /// How long a transaction may take as a whole, also when the server does not answer at all.
    #[serde(deserialize_with = "some_time")]
    pub deadline: Duration,
    /// How long `migrate` waits for another one that migrates.
    #[serde(deserialize_with = "some_time")]
    pub migrate_timeout: Duration,
}

impl<'de> Deserialize<'de> for DatabaseSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

/// `[broker]`: the RabbitMQ that carries the changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct BrokerSettings {
    /// Where it is, and as whom to connect.
    pub url: BrokerUrl,
    /// The CA that alone is trusted.
    pub ca: Option<CaFile>,
    /// How to speak TLS, where the URL asks for that: what these two come to.
    #[serde(skip)]
    pub tls: Option<Tls>,
    /// How long to wait for a connection.
    #[serde(deserialize_with = "some_time")]
    pub connect_timeout: Duration,
    /// How long to wait for an answer on one.
    #[serde(deserialize_with = "some_time")]
    pub reply_timeout: Duration,
}

impl<'de> Deserialize<'de> for BrokerSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

/// `[relay]`: how committed changes are published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// Changes published in one go.
    #[serde(deserialize_with = "some")]
    pub batch_size: u16,
    /// How long to wait for their confirms.
    #[serde(deserialize_with = "some_time")]
    pub confirm_timeout: Duration,
    /// How long to wait for the next look at the outbox while it is busy.
    #[serde(deserialize_with = "some_time")]
    pub poll_min: Duration,
    /// How long to wait for the next look at the outbox while it is quiet.
    #[serde(deserialize_with = "some_time")]
    pub poll_max: Duration,
    /// Orders a second that offers publish again.
    pub offer_rate: NonZeroU32,
}

/// `[log]`: what to log, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level, or directives.
    pub filter: LogFilter,
    /// Text, or JSON.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person.
    Text,
    /// For a program: one object a line.
    Json,
}

/// Which lines are logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl LogFilter {
    pub(crate) fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!(
                "log.filter is neither a level nor directives such as info,lapin=debug: {error}"
            )),
        }
    }
}
