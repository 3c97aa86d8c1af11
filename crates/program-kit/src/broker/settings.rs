//! `[broker]`: the connection to RabbitMQ.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::BrokerUrl;
use crate::settings::non_zero_time;
use crate::tls::{CaFile, Tls};

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
    #[serde(deserialize_with = "non_zero_time")]
    pub connect_timeout: Duration,
    /// The timeout of an answer on a connection.
    #[serde(deserialize_with = "non_zero_time")]
    pub reply_timeout: Duration,
}

impl<'de> Deserialize<'de> for BrokerSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        let tls = settings.url.tls(settings.ca.as_ref()).map_err(D::Error::custom)?;
        Ok(Self { tls, ..settings })
    }
}

impl BrokerSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("broker.toml");
}
