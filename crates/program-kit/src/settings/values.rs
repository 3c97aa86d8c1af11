//! Readers of values that must not be zero. Invalid values are refused while they are read, before
//! any socket is opened.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Reads a duration that must not be 0. To PostgreSQL a timeout of 0 is none at all; elsewhere it would
/// be too short for anything, and an interval of 0 a loop without a pause.
///
/// # Errors
///
/// Fails if it is not a time, or zero.
pub fn non_zero_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match humantime_serde::deserialize(deserializer)? {
        Duration::ZERO => Err(D::Error::custom("expected a duration longer than 0s; found 0s")),
        time => Ok(time),
    }
}

/// Reads a number that must not be 0, which would stop everything.
///
/// # Errors
///
/// Fails if it is not a number, or zero.
pub fn non_zero<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    match N::deserialize(deserializer)? {
        number if number == N::default() => Err(D::Error::custom("expected at least 1; found 0")),
        number => Ok(number),
    }
}
