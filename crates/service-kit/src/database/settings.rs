//! `[database]`: the service's own database.

use std::time::Duration;

use program_kit::settings::{non_zero, non_zero_time};
use program_kit::tls::{CaFile, Tls};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::DatabaseUrl;

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
    #[serde(deserialize_with = "non_zero")]
    pub pool_size: usize,
    /// The timeout of getting a connection.
    #[serde(deserialize_with = "non_zero_time")]
    pub connect_timeout: Duration,
    /// The timeout of a statement's wait for a lock.
    #[serde(deserialize_with = "non_zero_time")]
    pub lock_timeout: Duration,
    /// The timeout of a statement.
    #[serde(deserialize_with = "non_zero_time")]
    pub statement_timeout: Duration,
    /// The timeout of a transaction as a whole, also if the server does not answer at all.
    #[serde(deserialize_with = "non_zero_time")]
    pub deadline: Duration,
    /// The time that `migrate` waits for another process that migrates.
    #[serde(deserialize_with = "non_zero_time")]
    pub migrate_timeout: Duration,
}

impl<'de> Deserialize<'de> for DatabaseSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

impl DatabaseSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("database.toml");
}
