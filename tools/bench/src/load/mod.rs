//! Load on a service, from a thread of its own.
//!
//! The load shares the cores with what it measures, so it costs as little as can be: keep-alive
//! connections, requests as ready-made bytes, of an answer only the status and how long it is.
//! No request is sent again, and none is given up: a connection that breaks ends the measurement.

mod answer;
mod connection;
mod pace;
pub mod streams;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;

pub use tally::latencies;

/// The service under load, and what is kept of its answers.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The service; only ever on this machine.
    pub address: SocketAddr,
    /// Whether the bodies of all answers are kept.
    pub keep_bodies: bool,
}

/// The outcome.
#[derive(Debug)]
pub struct Loaded {
    /// Answers that count, 2xx only: [`flat_out`] those that came after the warm-up and before the
    /// end, [`at_rate`] all.
    pub answered: u64,
    /// The time that those answers took.
    pub took: Duration,
    /// The latencies of those answers, in µs.
    pub latencies: Histogram<u64>,
    /// The number of those answers in each second.
    pub each_second: Vec<u64>,
    /// The number of all answers by status, warm-up included; what was stored agrees with it.
    pub statuses: BTreeMap<u16, u64>,
    /// The first answer that was not 2xx, to show why.
    pub refusal: Option<String>,
    /// The bodies of all answers, in the order in which they came, where they were asked for.
    pub bodies: Vec<Bytes>,
}

impl Endpoint {
    /// Keeps no bodies.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, keep_bodies: false }
    }

    /// Keeps all bodies.
    #[must_use]
    pub const fn keeping_bodies(self) -> Self {
        Self { keep_bodies: true, ..self }
    }
}

impl Loaded {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let answered = self.answered as f64;
        answered / self.took.as_secs_f64()
    }

    /// Answers that had this status, warm-up and all.
    #[must_use]
    pub fn with_status(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Itself, where every answer was 2xx.
    ///
    /// # Errors
    ///
    /// With how many were not, and the first of those.
    pub fn accepted(self) -> anyhow::Result<Self> {
        match &self.refusal {
            Some(refusal) => {
                anyhow::bail!("answers {:?}, the first refusal: {refusal}", self.statuses)
            }
            None => Ok(self),
        }
    }
}

/// Every connection sends its next request as soon as the last was answered: throughput.
///
/// `request` makes the bytes of one from the connection and the number of the request, which counts
/// over all connections from 0, warm-up and all.
///
/// # Errors
///
/// Where a connection cannot be made, breaks, or answers what is not HTTP/1.1.
pub async fn flat_out(
    endpoint: &Endpoint,
    connections: usize,
    warm_up: Duration,
    lasts: Duration,
    request: impl Fn(usize, u64) -> Bytes + Send + 'static,
) -> anyhow::Result<Loaded> {
    let plan = pace::Plan::FlatOut { warm_up, lasts };
    connection::apart(*endpoint, connections, plan, request).await
}

/// Requests are due by the clock, `rate` a second, and a latency counts from when its request was
/// **due**: where all connections are busy, those that wait for one wait in the figures too.
///
/// All that fall due within `lasts` are sent and awaited.
///
/// # Errors
///
/// As [`flat_out`], and where the answers do not come within a while after the last was due.
pub async fn at_rate(
    endpoint: &Endpoint,
    connections: usize,
    rate: f64,
    lasts: Duration,
    request: impl Fn(usize, u64) -> Bytes + Send + 'static,
) -> anyhow::Result<Loaded> {
    let plan = pace::Plan::at_rate(rate, lasts)?;
    connection::apart(*endpoint, connections, plan, request).await
}
