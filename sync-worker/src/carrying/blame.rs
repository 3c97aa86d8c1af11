//! Whom to blame where the peer says that it is ready, and fails over every change of several.
//! Pure.
//!
//! It is more likely that something is wrong with the peer than with each of them, so at first they
//! wait, untouched. But there may be no others left: then nobody would ever be blamed, and they
//! would stand in the way of all that comes after them. So once in a while a single one is.

/// So often in a row the peer itself is to blame.
const PATIENCE: u32 = 10;

/// How often the peer failed over every change of several since something got through.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blame {
    times: u32,
}

impl Blame {
    /// It has failed so once more: whether the peer is to blame, and not the change that it failed
    /// over last.
    pub(super) const fn is_the_peers(&mut self) -> bool {
        self.times = (self.times + 1) % (PATIENCE + 1);
        self.times != 0
    }

    /// It took or refused something.
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
