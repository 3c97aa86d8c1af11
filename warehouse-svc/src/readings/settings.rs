//! `[readings]`: stock readings.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use service_kit::sections::Section;

/// `[readings]`: stock readings.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingSettings {
    /// How far ahead of this machine's clock a reading may be dated.
    #[serde(with = "humantime_serde")]
    pub(super) clock_margin: Duration,
}

impl Section for ReadingSettings {
    const NAME: &'static str = "readings";
    const DEFAULTS: &'static str = include_str!("readings.toml");
}

impl ReadingSettings {
    /// Returns the latest time at which a reading may be dated.
    pub(super) fn latest(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let margin = TimeDelta::from_std(self.clock_margin).unwrap_or(TimeDelta::MAX);
        now.checked_add_signed(margin).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
