//! `[retention]`: how long what is old is kept.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use humantime_serde::re::humantime::parse_duration;
use serde::Deserialize;

/// The shortest time. A write whose outcome is unknown is looked up in the log soon after it.
const MIN: TimeDelta = TimeDelta::minutes(1);

/// The longest time; a time that far back can always be stored.
const MAX: TimeDelta = TimeDelta::days(36_500);

/// `[retention]`: how long what is old is kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// The time that all changes of a record are kept.
    pub changes: Keep,
    /// The time that parked changes are kept that wait for nobody.
    pub parked: Keep,
    /// The time that removed records are kept.
    pub tombstones: Keep,
}

impl RetentionSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("retention.toml");
}

/// The time that something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Keep {
    /// Everything is kept for ever.
    Forever,
    /// Old things are kept for this long.
    For(TimeDelta),
}

impl Keep {
    /// Returns the time before which things may be deleted, if any may.
    #[must_use]
    pub fn before(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Forever => None,
            Self::For(time) => now.checked_sub_signed(time),
        }
    }
}

impl TryFrom<String> for Keep {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time = parse_duration(&text).ok();
        match time.map(|time| (time, TimeDelta::from_std(time))) {
            Some((Duration::ZERO, _)) => Ok(Self::Forever),
            Some((_, Ok(time))) if (MIN..=MAX).contains(&time) => Ok(Self::For(time)),
            Some(_) | None => Err("expected a duration such as 30days, from 1m to 36500days, \
                 or 0s to keep everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(text: &str) -> Result<Keep, &'static str> {
        Keep::try_from(text.to_owned())
    }

    #[test]
    fn zero_keeps_everything_and_other_times_have_limits() {
        assert_eq!(keep("0s"), Ok(Keep::Forever));
        assert_eq!(keep("30days"), Ok(Keep::For(TimeDelta::days(30))));
        assert_eq!(keep("1m"), Ok(Keep::For(TimeDelta::minutes(1))));
        for wrong in ["", "soon", "30", "59s", "36501days", "-1day", "999999999999years"] {
            assert!(keep(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_time_before_which_is_deleted_lies_so_far_back() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(50);
        let before = Keep::For(TimeDelta::days(30)).before(now);
        assert_eq!(before, Some(DateTime::UNIX_EPOCH + TimeDelta::days(20)));
        assert_eq!(Keep::Forever.before(now), None);
    }
}
