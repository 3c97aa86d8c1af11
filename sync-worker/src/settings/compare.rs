//! `[compare]`: how the sites are compared.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

/// The defaults of `[compare]`.
pub(super) const COMPARE: &str = include_str!("compare.toml");

/// `[compare]`: how the sites are compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareSettings {
    /// Whether they are.
    pub enabled: bool,
    /// How often each site is asked what it has changed.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// How long a difference may last before it counts as a loss.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// How many messages may wait in the sync queue meanwhile.
    pub max_waiting: u32,
    /// How many times as long as a page took to rest after it.
    pub rest: NonZeroU32,
}
