//! `[parked]`: changes that could not be carried.

use std::time::Duration;

use humantime_serde::re::humantime::parse_duration;
use serde::Deserialize;

/// The longest delay; a time that far ahead can always be stored.
const MAX_DELAY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `[parked]`: changes that could not be carried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkedSettings {
    /// The delays before such a change is offered again.
    pub offer_after: Delays,
}

impl ParkedSettings {
    /// The defaults, as TOML with comments.
    pub const DEFAULTS: &str = include_str!("parked.toml");
}

/// The delays after the first time, the second, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Delays {
    delays: Vec<Duration>,
    last: Duration,
}

impl Delays {
    /// Returns the delay after the given number of failures; the last one if there are fewer delays.
    #[must_use]
    pub fn after(&self, times: u32) -> Duration {
        let index = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX);
        self.delays.get(index).copied().unwrap_or(self.last)
    }
}

impl TryFrom<String> for Delays {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let delays = text.split(',').map(|delay| parse_duration(delay.trim()));
        let delays = delays.collect::<Result<Vec<_>, _>>().unwrap_or_default();
        let fit = delays.iter().all(|delay| !delay.is_zero() && *delay <= MAX_DELAY);
        match delays.last().copied() {
            Some(last) if fit => Ok(Self { delays, last }),
            Some(_) | None => Err("parked.offer_after: expected a list of durations such as \
                 5s, 30s, 5m, each longer than 0s and at most 30days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(text: &str) -> Result<Delays, &'static str> {
        Delays::try_from(text.to_owned())
    }

    #[test]
    fn each_wait_has_its_turn_and_the_last_one_stays() {
        let delays = delays("5s, 1m 30s,5m").unwrap();
        let seconds = [1, 2, 3, 4, u32::MAX].map(|times| delays.after(times).as_secs());
        assert_eq!(seconds, [5, 90, 300, 300, 300]);
        assert_eq!(delays.after(0), Duration::from_secs(5));
    }

    #[test]
    fn what_is_no_list_of_times_is_refused() {
        for wrong in ["", "soon", "5", "0s", "5s,", "5s, 0s", "5s 30", "31days", "[5s]"] {
            assert!(delays(wrong).is_err(), "{wrong}");
        }
    }
}
