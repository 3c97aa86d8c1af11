//! `[http]`: the HTTP server.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::settings::{non_zero, non_zero_time};

/// `[http]`: the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// An address of this machine.
    pub host: IpAddr,
    /// A port; 0 takes a free one.
    pub port: u16,
    /// The largest request body, in bytes.
    #[serde(deserialize_with = "non_zero")]
    pub body_limit: usize,
    /// The time that requests in progress have to finish after SIGTERM.
    #[serde(deserialize_with = "non_zero_time")]
    pub shutdown_timeout: Duration,
}

impl HttpSettings {
    /// The defaults; `{port}` stands for the program's own, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("http.toml");
}
