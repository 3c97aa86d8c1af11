//! The log: to standard error, as text or as JSON. Traces are in [`trace`].

mod collector;
mod endpoint;
pub(crate) mod text;
pub mod trace;

use std::io::IsTerminal as _;

use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

/// `[log]`: the level and the format of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level, or directives.
    pub filter: LogFilter,
    /// Text, or JSON.
    pub format: LogFormat,
}

impl LogSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("log.toml");
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
    fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!(
                "log.filter: expected a level, or directives such as info,lapin=debug; \
                 found {text:?}: {error}"
            )),
        }
    }
}

/// Starts logging. Fails only if it was started already.
pub fn start(settings: &LogSettings) -> Result<(), TryInitError> {
    let registry = tracing_subscriber::registry().with(settings.filter.to_filter());
    match settings.format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            let lines = fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
            registry.with(lines).try_init()
        }
        LogFormat::Json => {
            registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    }
}
