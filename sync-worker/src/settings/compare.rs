//! `[compare]`: comparing the sides.

use std::num::NonZeroU32;
use std::time::Duration;

use program_kit::settings::some_time;
use serde::Deserialize;

/// The defaults of `[compare]`.
pub(super) const COMPARE: &str = include_str!("compare.toml");

/// `[compare]`: comparing the sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareSettings {
    /// Turns comparing on.
    pub enabled: bool,
    /// The interval at which each side is asked for its changes.
    #[serde(deserialize_with = "some_time")]
    pub interval: Duration,
    /// The longest that a difference may last before it counts as a loss.
    #[serde(deserialize_with = "some_time")]
    pub grace: Duration,
    /// The most messages that may wait in the sync queue meanwhile.
    pub max_waiting: u32,
    /// The pause after a page, as a multiple of the time that the page took.
    pub rest: NonZeroU32,
}
