//! The rule that decides between the peer and the change as the cause of a failure, when the peer
//! reports to be ready and fails over every change of several. Pure.
//!
//! A fault of the peer is more likely than one of each change, so at first the changes wait,
//! untouched. But if there are no others, no change would ever count as the cause, and these would
//! hold up all later ones. So from time to time a single one does.

/// The number of such failures in a row that count against the peer.
const PATIENCE: u32 = 10;

/// The number of failures over every change of several since a change last got through.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blame {
    times: u32,
}

impl Blame {
    /// Counts one more such failure; returns whether it counts against the peer, and not against
    /// the change that failed last.
    pub(super) const fn is_the_peers(&mut self) -> bool {
        self.times = (self.times + 1) % (PATIENCE + 1);
        self.times != 0
    }

    /// Records that the peer took or refused a change.
    pub(super) const fn something_got_through(&mut self) {
        self.times = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times_before_a_change_is_blamed(blame: &mut Blame) -> usize {
        std::iter::repeat_with(|| blame.is_the_peers()).take_while(|it| *it).count()
    }

    #[test]
    fn once_in_a_while_a_change_is_blamed() {
        let mut blame = Blame::default();
        for _ in 0..3 {
            assert_eq!(times_before_a_change_is_blamed(&mut blame), 10);
        }
    }

    #[test]
    fn what_gets_through_speaks_for_the_peer() {
        let mut blame = Blame::default();
        for _ in 0..7 {
            assert!(blame.is_the_peers());
        }
        blame.something_got_through();
        assert_eq!(times_before_a_change_is_blamed(&mut blame), 10);
    }
}
