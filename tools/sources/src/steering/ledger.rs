//! The ledger: every request to a source, in the order of arrival. Pure.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// The number of entries that are kept; the oldest go first. The counts are of all.
const LIMIT: usize = 100_000;

/// A request to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number: 1 for the first request.
    pub number: u64,
    /// The time of arrival, in milliseconds since 1970.
    pub at: u64,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The SHA-256 digest of the body, in hexadecimal digits.
    pub body_sha256: String,
    /// The body, if it is text, has at most 4,096 bytes and is not secret.
    pub body: Option<String>,
    /// The status that was answered; none while there is no answer, or if there was to be none.
    pub status: Option<u16>,
    /// The fault that the request met: the name of the rule's action, or `rate`.
    pub fault: Option<String>,
    /// Whether the request changed records.
    pub applied: bool,
    /// The time in which the source was ready with its answer, or gave up, in microseconds; none until
    /// then.
    pub micros: Option<u64>,
}

/// The numbers of requests since the start, or since the ledger was emptied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All requests.
    pub requests: u64,
    /// Those that changed records.
    pub applied: u64,
    /// The requests whose answer is not ready yet, also those that hang.
    pub under_way: u64,
    /// The highest number of requests under way at the same time.
    pub most_at_once: u64,
    /// The ready ones by method and path (`POST /posts`, `PUT /posts/{id}`), then by status;
    /// `none` counts those that get no answer, also while they hang.
    pub by: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Counts {
    /// Returns the number of requests with this method and path, for example `PUT /posts/{id}`.
    #[must_use]
    pub fn of(&self, method_and_path: &str) -> u64 {
        self.by.get(method_and_path).map_or(0, |by| by.values().sum())
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: VecDeque<Entry>,
    /// The number of entries ever made: numbers are not given again when the ledger is emptied.
    made: u64,
    counts: Counts,
}

impl Ledger {
    /// Writes a request down and returns its number.
    pub(super) fn begin(&mut self, entry: Entry) -> u64 {
        self.made += 1;
        self.entries.push_back(Entry { number: self.made, ..entry });
        if self.entries.len() > LIMIT {
            self.entries.pop_front();
        }
        self.counts.requests += 1;
        self.counts.under_way += 1;
        self.counts.most_at_once = self.counts.most_at_once.max(self.counts.under_way);
        self.made
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.number == number)
    }

    /// Writes down which fault a request meets, and whether it changed records, unless the ledger was
    /// emptied since.
    pub(super) fn note(&mut self, number: u64, fault: Option<&str>, applied: bool) {
        let Some(entry) = self.entry(number) else { return };
        entry.fault = fault.map(str::to_owned);
        entry.applied = applied;
        self.counts.applied += u64::from(applied);
    }

    /// Writes the answer to a request down, or that there will be none, unless the ledger was emptied
    /// since.
    pub(super) fn answer(&mut self, number: u64, status: Option<u16>) {
        let Some(entry) = self.entry(number) else { return };
        entry.status = status;
        let what = format!("{} {}", entry.method, template(&entry.path));
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *self.counts.by.entry(what).or_default().entry(status).or_default() += 1;
    }

    /// Writes the end of a request down, unless the ledger was emptied since.
    pub(super) fn finish(&mut self, number: u64, micros: u64) {
        let Some(entry) = self.entry(number) else { return };
        entry.micros = Some(micros);
        self.counts.under_way = self.counts.under_way.saturating_sub(1);
    }

    /// Returns up to `limit` entries with a number greater than `after`.
    pub(super) fn after(&self, after: u64, limit: usize) -> Vec<Entry> {
        let from = self.entries.partition_point(|entry| entry.number <= after);
        self.entries.iter().skip(from).take(limit).cloned().collect()
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.counts = Counts::default();
    }
}

/// Returns a path with `{id}` in the place of each number.
fn template(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let parts = path.split('/').map(|part| if is_number(part) { "{id}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: &str, path: &str) -> Entry {
        Entry {
            number: 0,
            at: 0,
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            idempotency_key: None,
            body_sha256: String::new(),
            body: None,
            status: None,
            fault: None,
            applied: false,
            micros: None,
        }
    }

    #[test]
    fn requests_are_counted_by_what_they_ask_for_and_what_they_get() {
        let mut ledger = Ledger::default();
        let first = ledger.begin(entry("PUT", "/posts/7"));
        let second = ledger.begin(entry("PUT", "/posts/8"));
        assert_eq!((first, second), (1, 2));
        ledger.note(2, None, true);
        ledger.answer(2, Some(200));
        ledger.finish(2, 7);
        ledger.note(1, Some("hang"), false);
        ledger.answer(1, None);
        assert_eq!(ledger.counts().under_way, 1, "it goes on hanging");
        ledger.finish(1, 9);
        let counts = ledger.counts();
        assert_eq!((counts.requests, counts.applied, counts.under_way), (2, 1, 0));
        assert_eq!(counts.most_at_once, 2);
        assert_eq!(counts.of("PUT /posts/{id}"), 2);
        let by = serde_json::to_value(&counts.by).unwrap();
        assert_eq!(by, serde_json::json!({"PUT /posts/{id}": {"200": 1, "none": 1}}));
        assert_eq!(ledger.after(1, 10).len(), 1);
        assert_eq!(ledger.after(0, 1)[0].fault.as_deref(), Some("hang"));
    }

    #[test]
    fn the_oldest_entries_go_and_numbers_are_not_given_again() {
        let mut ledger = Ledger::default();
        for _ in 0..=LIMIT {
            ledger.begin(entry("GET", "/posts"));
        }
        assert_eq!(ledger.after(0, 1)[0].number, 2);
        ledger.forget();
        ledger.note(3, None, true);
        ledger.answer(3, None);
        ledger.finish(3, 1);
        assert_eq!(*ledger.counts(), Counts::default());
        assert_eq!(ledger.begin(entry("GET", "/posts")), LIMIT as u64 + 2);
    }
}
