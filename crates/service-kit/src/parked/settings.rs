//! `[parked]`: changes that could not be carried.

use std::time::Duration;

use humantime_serde::re::humantime::parse_duration;
use serde::Deserialize;

/// The longest wait; a time that far ahead can always be stored.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `[parked]`: changes that could not be carried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkedSettings {
    /// The waits before such a change is offered again.
    pub offer_after: Waits,
}

impl ParkedSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("parked.toml");
}

/// The waits after the first time, the second, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Waits {
    waits: Vec<Duration>,
    last: Duration,
}

impl Waits {
    /// Returns the wait after the given number of times; the last one if there are fewer waits.
    #[must_use]
    pub fn after(&self, times: u32) -> Duration {
        let index = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX);
        self.waits.get(index).copied().unwrap_or(self.last)
    }
}

impl TryFrom<String> for Waits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let waits = text.split(',').map(|wait| parse_duration(wait.trim()));
        let waits = waits.collect::<Result<Vec<_>, _>>().unwrap_or_default();
        let fit = waits.iter().all(|wait| !wait.is_zero() && *wait <= LONGEST);
        match waits.last().copied() {
            Some(last) if fit => Ok(Self { waits, last }),
            Some(_) | None => Err("parked.offer_after is no list of times such as \
                 5s, 30s, 5m, each longer than 0s and at most 30days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(text: &str) -> Result<Waits, &'static str> {
        Waits::try_from(text.to_owned())
    }

    #[test]
    fn each_wait_has_its_turn_and_the_last_one_stays() {
        let waits = waits("5s, 1m 30s,5m").unwrap();
        let seconds = [1, 2, 3, 4, u32::MAX].map(|times| waits.after(times).as_secs());
        assert_eq!(seconds, [5, 90, 300, 300, 300]);
        assert_eq!(waits.after(0), Duration::from_secs(5));
    }

    #[test]
    fn what_is_no_list_of_times_is_refused() {
        for wrong in ["", "soon", "5", "0s", "5s,", "5s, 0s", "5s 30", "31days", "[5s]"] {
            assert!(waits(wrong).is_err(), "{wrong}");
        }
    }
}
