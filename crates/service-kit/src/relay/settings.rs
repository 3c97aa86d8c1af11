//! `[relay]`: publishing committed changes.

use std::num::NonZeroU32;
use std::time::Duration;

use program_kit::settings::{non_zero, non_zero_time};
use serde::Deserialize;

/// `[relay]`: publishing committed changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// The most changes in one batch.
    #[serde(deserialize_with = "non_zero")]
    pub batch_size: u16,
    /// The timeout of the confirms of a batch.
    #[serde(deserialize_with = "non_zero_time")]
    pub confirm_timeout: Duration,
    /// The shortest polling interval of the outbox, while it is busy.
    #[serde(deserialize_with = "non_zero_time")]
    pub poll_min: Duration,
    /// The longest polling interval of the outbox, while it is quiet.
    #[serde(deserialize_with = "non_zero_time")]
    pub poll_max: Duration,
    /// The most records a second that offers publish again.
    pub offer_rate: NonZeroU32,
}

impl RelaySettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("relay.toml");
}
