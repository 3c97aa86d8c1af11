//! The scan start: the sequence number from which the outbox is read. Pure.
//!
//! After many changes were published and deleted, PostgreSQL skips their dead rows at the beginning
//! of the index one by one, until it has vacuumed. So a scan starts after them; but sequence
//! numbers become visible out of order, so it starts well behind the newest, and once a second at
//! the beginning.

/// The scan start of the outbox.
#[derive(Debug, Default)]
pub(super) struct ScanStart {
    now: i64,
    next: i64,
    last: i64,
}

impl ScanStart {
    /// Returns the sequence number to start at.
    pub(super) const fn now(&self) -> i64 {
        self.now
    }

    /// Records the sequence numbers that a scan found.
    pub(super) fn saw(&mut self, seqs: impl Iterator<Item = i64>) {
        self.last = seqs.fold(self.last, i64::max);
    }

    /// Records the first sequence number of a full scan, or of the in-flight changes. The next scan
    /// starts at the first one of the full scan before, which is far enough behind.
    pub(super) fn scanned_all(&mut self, first: Option<i64>) {
        let first = first.unwrap_or(self.last);
        self.now = self.next.min(first);
        self.next = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_one_scan_behind() {
        let mut start = ScanStart::default();
        start.scanned_all(Some(10));
        assert_eq!(start.now(), 0);
        start.scanned_all(Some(500));
        assert_eq!(start.now(), 10);
        start.saw([700, 900, 800].into_iter());
        start.scanned_all(None);
        assert_eq!(start.now(), 500);
        start.scanned_all(None);
        assert_eq!(start.now(), 900);
    }

    #[test]
    fn what_comes_to_light_before_it_brings_it_back() {
        let mut start = ScanStart { now: 500, next: 900, last: 900 };
        start.scanned_all(Some(7));
        assert_eq!(start.now(), 7);
    }
}
