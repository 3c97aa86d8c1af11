//! The log: to standard error, as text or as JSON.

use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::settings::{LogFormat, LogSettings};

/// Starts logging. Fails only where somebody has started it already.
pub fn start(settings: &LogSettings) -> Result<(), TryInitError> {
    let registry = tracing_subscriber::registry().with(settings.filter.to_filter());
    match settings.format {
        LogFormat::Text => registry.with(fmt::layer().with_writer(std::io::stderr)).try_init(),
        LogFormat::Json => {
            registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    }
}
