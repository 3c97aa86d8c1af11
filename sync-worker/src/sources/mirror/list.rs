//! A list of all records of the remote, read while it arrives.

use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::array::{ArrayError, Elements};
use crate::settings::mirror::MirrorSettings;
use crate::sources::outbound::{Failure, Outbound, Reason, is_a_page, too_large};

/// The header in which a remote says how many records it has, where it lists a part of them.
const TOTAL: &str = "x-total-count";
/// So many records of a list, or its end, have to arrive within `mirror.list_timeout`.
const RECORDS: u64 = 1_000;

/// A list of records, while it arrives.
pub(super) struct List {
    http: Outbound,
    response: Response,
    elements: Elements,
    patience: Patience,
    /// The number of records that the remote says it has, if it does.
    pub(super) total: Option<u64>,
    /// Set if the remote says that there is a next page.
    pub(super) is_a_page: bool,
    /// The most records.
    max: u64,
    count: u64,
}

/// The time that is left for the next records of a list. Each part of an answer has a deadline of its own; a list
/// that arrives byte by byte would last for ever all the same.
struct Patience {
    limit: Duration,
    left: Duration,
    /// The number of records after which the limit begins anew.
    until: u64,
}

impl Patience {
    const fn new(limit: Duration) -> Self {
        Self { limit, left: limit, until: RECORDS }
    }

    /// Takes into account that so many records have arrived, and how long the last part took.
    fn arrived(&mut self, count: u64, took: Duration) {
        self.left = self.left.saturating_sub(took);
        if count >= self.until {
            (self.left, self.until) = (self.limit, count + RECORDS);
        }
    }
}

/// A record of a list, and the bytes that it took there.
pub(super) struct Element {
    pub(super) record: Value,
    pub(super) bytes: usize,
}

impl List {
    /// Begins to read a list, of which the head has arrived.
    pub(super) fn new(http: Outbound, response: Response, settings: &MirrorSettings) -> Self {
        let head = response.headers();
        let is_a_page = is_a_page(head);
        let total = head.get(TOTAL).and_then(|value| value.to_str().ok()?.parse().ok());
        let elements = Elements::of(settings.max_record.get());
        let (max, patience) = (settings.max_records.get(), Patience::new(settings.list_timeout));
        Self { http, response, elements, patience, total, is_a_page, max, count: 0 }
    }

    /// Returns the next records; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Element>>, Failure> {
        loop {
            // What the store takes is no time of the remote.
            let asked = Instant::now();
            let part = timeout(self.patience.left, self.http.next(&mut self.response)).await;
            let Some(part) = part.map_err(|_| self.too_slow())?? else {
                self.elements.end().map_err(|error| self.failure(error))?;
                return Ok(None);
            };
            let found = self.elements.take(&part).map_err(|error| self.failure(error))?;
            self.count += found.len() as u64;
            self.patience.arrived(self.count, asked.elapsed());
            if self.count > self.max {
                return Err(self.too_many());
            }
            if found.is_empty() {
                continue;
            }
            let parse = |element: &Vec<u8>| {
                let record = serde_json::from_slice(element)?;
                Ok::<_, serde_json::Error>(Element { record, bytes: element.len() })
            };
            let records = found.iter().map(parse).collect::<Result<Vec<_>, _>>();
            return records.map(Some).map_err(|_| self.failure(ArrayError::Malformed));
        }
    }

    /// The number of records so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Returns whether the remote has more records than it has listed.
    pub(super) fn is_a_part(&self) -> bool {
        self.is_a_page || self.total.is_some_and(|total| total > self.count)
    }

    fn too_slow(&self) -> Failure {
        let detail = format!(
            "after record {} of its list neither {RECORDS} more nor its end came within mirror.list_timeout",
            self.count
        );
        Failure { reason: Reason::Timeout, detail, retry_after: None }
    }

    fn too_many(&self) -> Failure {
        let detail = format!("its list has more than {} records (mirror.max_records)", self.max);
        Failure { reason: Reason::TooLarge, detail, retry_after: None }
    }

    fn failure(&self, error: ArrayError) -> Failure {
        let place = format!("after record {}", self.count);
        let malformed = |detail| Failure { reason: Reason::Malformed, detail, retry_after: None };
        match error {
            ArrayError::TooLarge => too_large(self.elements.most()),
            ArrayError::Incomplete => malformed(format!("its list ends early, {place}")),
            ArrayError::Malformed => malformed(format!("its list is not a JSON array, {place}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_take_its_time_as_long_as_records_come() {
        let minute = Duration::from_secs(60);
        let mut patience = Patience::new(5 * minute);
        for thousands in 1..100 {
            patience.arrived(thousands * RECORDS - 1, 2 * minute);
            patience.arrived(thousands * RECORDS, 2 * minute);
            assert_eq!(patience.left, 5 * minute);
        }
    }

    #[test]
    fn a_list_that_arrives_byte_by_byte_is_given_up() {
        let mut patience = Patience::new(Duration::from_secs(300));
        for second in 0..300 {
            assert!(patience.left > Duration::ZERO);
            patience.arrived(second, Duration::from_secs(1));
        }
        assert_eq!(patience.left, Duration::ZERO);
    }
}
