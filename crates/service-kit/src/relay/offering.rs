//! The pace of offers. Pure.
//!
//! All offers together have a limit of records a second: with more than the worker carries, messages
//! would wait in RabbitMQ, and newer changes would wait behind them. They also have a limit of the
//! relay's time: where a step takes long, because others keep PostgreSQL busy, the rest after it is
//! longer too.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::lease::Advance;

/// The wait after a step that found nothing to publish in its part of the change log.
const SHORT: Duration = Duration::from_millis(5);

/// The rest after a step, in times of what the step took: offers take a fifth of the relay's time at
/// the most, during which changes wait.
const REST: u32 = 4;

/// The time of the next step of an offer.
#[derive(Debug)]
pub(super) struct OfferPace {
    rate: NonZeroU32,
    /// The time of the next step, while an offer is under way.
    next: Option<Instant>,
    /// Set while more changes wait in the outbox than one batch holds.
    is_behind: bool,
}

impl OfferPace {
    pub(super) const fn new(rate: NonZeroU32) -> Self {
        Self { rate, next: None, is_behind: false }
    }

    /// Records whether the outbox holds more changes than one batch.
    pub(super) const fn found(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
    }

    /// Returns whether a step is due: of an offer under way, unless the outbox is behind, or with
    /// the housekeeping of each second, which also finds the offers that others have begun.
    pub(super) fn is_due(&self, now: Instant, housekeeping: bool) -> bool {
        match self.next {
            Some(next) => next <= now && (housekeeping || !self.is_behind),
            None => housekeeping,
        }
    }

    /// Returns whether a step may be taken while nothing waits in the outbox.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// Records the outcome of a step that took from `began` to `now`.
    pub(super) fn advanced(&mut self, began: Instant, now: Instant, advance: Advance) {
        let rested = now.checked_add(now.duration_since(began) * REST);
        self.next = match advance {
            // The next step goes to another offer that is due.
            Advance::Failed => rested,
            Advance::Offered { records: 0 } => rested.max(now.checked_add(SHORT)),
            Advance::Offered { records } => {
                let records = u32::try_from(records).unwrap_or(u32::MAX);
                let share = Duration::from_secs(1) * records / self.rate.get();
                // Counted from the previous step's time, so that late steps do not lower the rate.
                let from = self.next.filter(|next| now.duration_since(*next) < share);
                rested.max(from.unwrap_or(now).checked_add(share))
            }
            Advance::Nothing => None,
        };
    }

    /// Shortens a wait to end when the next step is due, unless a commit cannot end it.
    pub(super) fn shorten(&self, wait: Duration, may_be_woken: bool, now: Instant) -> Duration {
        match self.next {
            Some(next) if may_be_woken && !self.is_behind => {
                wait.min(next.saturating_duration_since(now))
            }
            Some(_) | None => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate: u32) -> OfferPace {
        OfferPace::new(NonZeroU32::new(rate).unwrap())
    }

    const LONG: Duration = Duration::from_millis(200);

    #[test]
    fn without_an_offer_it_is_looked_for_once_a_second_and_while_nothing_waits() {
        let (mut pace, now) = (pace(1_000), Instant::now());
        assert!(!pace.is_due(now, false) && pace.is_due(now, true) && pace.may_begin(now));
        pace.advanced(now, now, Advance::Nothing);
        assert_eq!(pace.shorten(LONG, true, now), LONG);
    }

    #[test]
    fn so_many_records_a_second_are_offered_also_where_steps_come_late() {
        let (mut pace, begin) = (pace(1_000), Instant::now());
        let (mut now, mut offered) = (begin, 0_u32);
        while offered < 10_000 {
            assert!(pace.may_begin(now));
            pace.advanced(now, now, Advance::Offered { records: 100 });
            offered += 100;
            now += pace.shorten(LONG, true, now) + Duration::from_millis(30);
        }
        let took = now - begin;
        assert!((9_900..=10_200).contains(&took.as_millis()), "{took:?}");
    }

    #[test]
    fn an_outbox_that_is_behind_has_an_offer_go_on_once_a_second_only() {
        let (mut pace, now) = (pace(1_000), Instant::now());
        pace.advanced(now, now, Advance::Offered { records: 100 });
        pace.found(true);
        let later = now + Duration::from_secs(1);
        assert!(!pace.is_due(later, false) && pace.is_due(later, true));
        assert_eq!(pace.shorten(LONG, true, later), LONG);
        pace.found(false);
        assert!(pace.is_due(later, false) && !pace.is_due(now, true));
    }

    #[test]
    fn offers_take_a_fifth_of_the_relays_time_at_the_most() {
        for advance in [Advance::Offered { records: 0 }, Advance::Offered { records: 100 }] {
            let (mut pace, begin) = (pace(1_000_000), Instant::now());
            let (mut now, mut stepping) = (begin, Duration::ZERO);
            while now < begin + Duration::from_secs(100) {
                assert!(pace.is_due(now, false) || stepping.is_zero());
                let took = Duration::from_millis(40);
                pace.advanced(now, now + took, advance);
                stepping += took;
                now += took;
                now += pace.shorten(LONG, true, now);
            }
            assert!((18..=20).contains(&stepping.as_secs()), "{advance:?}: {stepping:?}");
        }
    }

    #[test]
    fn a_back_off_is_not_cut_short() {
        let (mut pace, now) = (pace(1_000), Instant::now());
        pace.advanced(now, now, Advance::Failed);
        assert_eq!(pace.shorten(LONG, false, now), LONG);
        assert_eq!(pace.shorten(LONG, true, now), Duration::ZERO);
    }
}
