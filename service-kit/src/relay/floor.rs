//! From where to look at the outbox. Pure.
//!
//! Where many changes were published and deleted, PostgreSQL passes over what is left of them at
//! the beginning of the index, until it has cleaned up. So the looks begin behind them; but places
//! become visible out of their order, so it is well behind, and once a second from the beginning.

/// From where to look.
#[derive(Debug, Default)]
pub(super) struct Floor {
    now: i64,
    next: i64,
    last: i64,
}

impl Floor {
    /// Looks begin here.
    pub(super) const fn now(&self) -> i64 {
        self.now
    }

    /// These were seen, in their order, or are on their way.
    pub(super) fn saw(&mut self, seqs: impl Iterator<Item = i64>) {
        self.last = seqs.fold(self.last, i64::max);
    }

    /// All were looked at, and this was the first: what was the first the time before that is far
    /// enough behind.
    pub(super) fn looked_at_all(&mut self, first: Option<i64>) {
        let first = first.unwrap_or(self.last);
        self.now = self.next.min(first);
        self.next = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_one_look_behind() {
        let mut floor = Floor::default();
        floor.looked_at_all(Some(10));
        assert_eq!(floor.now(), 0);
        floor.looked_at_all(Some(500));
        assert_eq!(floor.now(), 10);
        floor.saw([700, 900, 800].into_iter());
        floor.looked_at_all(None);
        assert_eq!(floor.now(), 500);
        floor.looked_at_all(None);
        assert_eq!(floor.now(), 900);
    }

    #[test]
    fn what_comes_to_light_before_it_brings_it_back() {
        let mut floor = Floor { now: 500, next: 900, last: 900 };
        floor.looked_at_all(Some(7));
        assert_eq!(floor.now(), 7);
    }
}
