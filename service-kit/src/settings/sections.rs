//! The sections that several programs have. Invalid values are refused while they are read, before
//! any socket is opened.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

use super::{BrokerUrl, DatabaseUrl};
use crate::tls::{CaFile, Tls};

/// Reads a time to wait. Zero would be for ever to PostgreSQL, too short for anything else, and a loop
/// without a pause where something is done again and again.
///
/// # Errors
///
/// Fails if it is not a time, or zero.
pub fn some_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match humantime_serde::deserialize(deserializer)? {
        Duration::ZERO => Err(D::Error::custom("is to be longer than 0s")),
        time => Ok(time),
    }
}

/// Reads a number that must not be 0, which would stop everything.
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

/// `[http]`: the HTTP server.
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
    /// The time that requests in hand have to finish after SIGTERM.
    #[serde(deserialize_with = "some_time")]
    pub shutdown_timeout: Duration,
}

/// `[database]`: the service's own PostgreSQL database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct DatabaseSettings {
    /// The URL of the server, with the user.
    pub url: DatabaseUrl,
    /// The only CA that is trusted.
    pub ca: Option<CaFile>,
    /// The TLS configuration that `url` and `ca` result in, if the URL asks for TLS.
    #[serde(skip)]
    pub tls: Option<Tls>,
    /// The most connections that are kept.
    #[serde(deserialize_with = "some")]
    pub pool_size: usize,
    /// The timeout of getting a connection.
    #[serde(deserialize_with = "some_time")]
    pub connect_timeout: Duration,
    /// The timeout of a statement's wait for a lock.
    #[serde(deserialize_with = "some_time")]
    pub lock_timeout: Duration,
    /// The timeout of a statement.
    #[serde(deserialize_with = "some_time")]
    pub statement_timeout: Duration,
    /// The timeout of a transaction as a whole, also if the server does not answer at all.
    #[serde(deserialize_with = "some_time")]
    pub deadline: Duration,
    /// The time that `migrate` waits for another process that migrates.
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
    /// The URL of the server, with the user.
    pub url: BrokerUrl,
    /// The only CA that is trusted.
    pub ca: Option<CaFile>,
    /// The TLS configuration that `url` and `ca` result in, if the URL asks for TLS.
    #[serde(skip)]
    pub tls: Option<Tls>,
    /// The timeout of connecting.
    #[serde(deserialize_with = "some_time")]
    pub connect_timeout: Duration,
    /// The timeout of an answer on a connection.
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

/// `[relay]`: publishing committed changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// The most changes in one batch.
    #[serde(deserialize_with = "some")]
    pub batch_size: u16,
    /// The timeout of the confirms of a batch.
    #[serde(deserialize_with = "some_time")]
    pub confirm_timeout: Duration,
    /// The shortest polling interval of the outbox, while it is busy.
    #[serde(deserialize_with = "some_time")]
    pub poll_min: Duration,
    /// The longest polling interval of the outbox, while it is quiet.
    #[serde(deserialize_with = "some_time")]
    pub poll_max: Duration,
    /// The most orders a second that offers publish again.
    pub offer_rate: NonZeroU32,
}

/// `[log]`: the level and the format of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level, or directives.
    pub filter: LogFilter,
    /// Text, or JSON.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text, for people.
    Text,
    /// JSON, for programs: one object per line.
    Json,
}

/// The filter that selects the lines to log.
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
