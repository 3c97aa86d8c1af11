//! Settings: defaults in the program, then an optional TOML file, then the environment.
//!
//! The defaults are TOML texts with a comment for each setting; `--help` prints these same texts,
//! so the documentation is what is in force.

mod access;
mod broker_url;
mod database_url;
mod limits;
mod parked;
mod sections;

use std::path::Path;

use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use access::check_name;
pub use access::{AccessSettings, KnownToken, Tokens};
pub use broker_url::BrokerUrl;
pub use database_url::DatabaseUrl;
pub use limits::{LimitsSettings, Proxies};
pub use parked::{ParkedSettings, Waits};
pub use sections::{
    BrokerSettings, DatabaseSettings, HttpSettings, LogFilter, LogFormat, LogSettings,
    RelaySettings, some_time,
};

/// The defaults of `[http]`; `{port}` stands for the program's own.
pub const HTTP: &str = include_str!("http.toml");
/// The defaults of `[limits]`.
pub const LIMITS: &str = include_str!("limits.toml");
/// The defaults of `[access]`.
pub const ACCESS: &str = include_str!("access.toml");
/// The defaults of `[database]`.
pub const DATABASE: &str = include_str!("database.toml");
/// The defaults of `[broker]`.
pub const BROKER: &str = include_str!("broker.toml");
/// The defaults of `[relay]`.
pub const RELAY: &str = include_str!("relay.toml");
/// The defaults of `[parked]`.
pub const PARKED: &str = include_str!("parked.toml");
/// The defaults of `[log]`.
pub const LOG: &str = include_str!("log.toml");

/// The layout of a program's settings.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The prefix of its environment variables, as `STORE` in `STORE__HTTP__PORT`.
    pub prefix: &'static str,
    /// The default port.
    pub port: u16,
    /// The sections, as TOML with comments.
    pub sections: &'static [&'static str],
}

/// The error of a setting that is malformed, unknown or missing.
#[derive(Debug, Error)]
#[error("the settings cannot be used: {0}")]
pub struct SettingsError(#[from] config::ConfigError);

impl Layout {
    /// Returns the defaults in force, as `--help` shows them.
    #[must_use]
    pub fn defaults(&self) -> String {
        self.sections.join("\n").replace("{port}", &self.port.to_string())
    }

    /// Loads the settings: defaults, then `file`, then the environment.
    pub fn load<S: DeserializeOwned>(&self, file: Option<&Path>) -> Result<S, SettingsError> {
        self.load_with(file, Environment::with_prefix(self.prefix))
    }

    fn load_with<S: DeserializeOwned>(
        &self,
        file: Option<&Path>,
        environment: Environment,
    ) -> Result<S, SettingsError> {
        let mut sources =
            Config::builder().add_source(File::from_str(&self.defaults(), FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        // Texts stay texts: the password 0012 must not become the number 12.
        let environment = environment.prefix_separator("__").separator("__").try_parsing(false);
        Ok(sources.add_source(environment).build()?.try_deserialize()?)
    }
}

#[cfg(test)]
mod tests;
