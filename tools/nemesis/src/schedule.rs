//! The schedule of faults. Pure: the same seed gives the same schedule.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::fault::{Fault, ProcessFault, SourceFault, Target};
use super::parts::Part;

/// From the beginning of one fault to that of the next, in milliseconds.
const GAP: std::ops::Range<u64> = 100..2_000;
/// The duration of most faults, and of some: longer than the programs wait for an answer.
const SHORT: std::ops::Range<u64> = 100..4_000;
const LONG: std::ops::Range<u64> = 8_000..18_000;
/// One in so many lasts long.
const SELDOM: u32 = 8;

/// A fault of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it begins, from the beginning of the round.
    pub at: Duration,
    /// The fault.
    pub fault: Fault,
    /// For how long.
    pub lasts: Duration,
}

/// Rounds of faults, without end. After each all is to heal.
#[derive(Clone, Debug)]
pub struct Schedule {
    rng: Rng,
    round: Duration,
    faults: Vec<Fault>,
    /// The faults that are still to happen before one happens again.
    deck: Vec<Fault>,
}

impl Schedule {
    /// The schedule of a seed, of these faults, in rounds that last so long.
    #[must_use]
    pub fn new(seed: u64, round: Duration, faults: Vec<Fault>) -> Self {
        Self { rng: Rng::with_seed(seed), round, faults, deck: vec![] }
    }

    fn draw(&mut self, free: impl Fn(Target) -> bool) -> Option<Fault> {
        if self.deck.is_empty() {
            self.deck.extend(&self.faults);
            self.rng.shuffle(&mut self.deck);
        }
        let index = self.deck.iter().rposition(|fault| free(fault.target()))?;
        Some(self.deck.remove(index))
    }

    fn lasts(&mut self, fault: Fault, left: Duration) -> Duration {
        // A relay that does not know why nothing is confirmed gives up after 5 s.
        let is_long = self.rng.u32(..SELDOM) == 0 || fault == Fault::Alarm;
        let range = if is_long { LONG } else { SHORT };
        Duration::from_millis(self.rng.u64(range)).min(left)
    }
}

impl Iterator for Schedule {
    type Item = Vec<Planned>;

    fn next(&mut self) -> Option<Vec<Planned>> {
        let (mut planned, mut busy) = (vec![], BTreeMap::<Target, Duration>::new());
        let mut at = Duration::from_millis(self.rng.u64(GAP));
        while at < self.round {
            let drawn = self.draw(|target| busy.get(&target).is_none_or(|until| *until <= at));
            if let Some(fault) = drawn {
                let lasts = self.lasts(fault, self.round - at);
                busy.insert(fault.target(), at + lasts + recovery(fault));
                planned.push(Planned { at, fault, lasts });
            }
            at += Duration::from_millis(self.rng.u64(GAP));
        }
        Some(planned)
    }
}

/// The time in which the target gets up again.
const fn recovery(fault: Fault) -> Duration {
    match fault {
        Fault::Process(ProcessFault::Kill | ProcessFault::Restart, Part::RabbitMq) => {
            Duration::from_secs(12)
        }
        Fault::Process(ProcessFault::Kill | ProcessFault::Restart, _) => Duration::from_secs(2),
        Fault::Process(ProcessFault::Freeze, _)
        | Fault::Link(..)
        | Fault::Queue(..)
        | Fault::Reset(_)
        | Fault::Alarm
        | Fault::SetBack(_)
        | Fault::Source(..) => Duration::ZERO,
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, fault, lasts } = self;
        write!(f, "{:7.3} s  {fault}", at.as_secs_f64())?;
        match fault {
            // Over in a moment; what is lost is for the worker to make anew.
            Fault::Queue(..) | Fault::Reset(_) | Fault::Source(SourceFault::Reset, _) => Ok(()),
            Fault::Process(..)
            | Fault::Link(..)
            | Fault::Alarm
            | Fault::SetBack(_)
            | Fault::Source(..) => write!(f, ", {:.1} s", lasts.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ROUND: Duration = Duration::from_secs(30);

    fn rounds(seed: u64, count: usize) -> Vec<Vec<Planned>> {
        Schedule::new(seed, ROUND, Fault::all().collect()).take(count).collect()
    }

    #[test]
    fn a_seed_is_a_schedule_and_another_seed_another() {
        assert_eq!(rounds(7, 5), rounds(7, 5));
        assert_ne!(rounds(7, 1), rounds(8, 1));
    }

    #[test]
    fn everything_happens_and_ends_with_its_round() {
        let planned = rounds(1, 20).concat();
        let happened: HashSet<_> = planned.iter().map(|planned| planned.fault).collect();
        assert_eq!(happened, Fault::all().collect());
        assert!(planned.iter().all(|planned| planned.at + planned.lasts <= ROUND));
    }

    #[test]
    fn without_the_newer_kinds_a_seed_gives_the_schedule_that_it_always_gave() {
        let kinds = Fault::all().map(Fault::kind).map(str::to_owned);
        let newer = ["reset", "alarm", "purge", "deaf queue", "set back"];
        let is_newer = |kind: &str| newer.contains(&kind) || kind.starts_with("source ");
        let older = kinds.filter(|kind| !is_newer(kind)).collect::<Vec<_>>();
        let faults = Fault::of_kinds(&older).unwrap();
        let first = Schedule::new(77_102_377, Duration::from_secs(40), faults).next().unwrap();
        let lines = first.iter().take(3).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            lines,
            [
                "  0.915 s  slow warehouse>rabbitmq, 0.6 s",
                "  1.326 s  apply, break off worker-2>store, 0.6 s",
                "  1.705 s  kill postgres, 2.6 s",
            ]
        );
    }

    #[test]
    fn faults_overlap_but_not_at_one_target() {
        let mut overlaps = 0;
        for round in rounds(2, 20) {
            for (index, first) in round.iter().enumerate() {
                let end = first.at + first.lasts;
                for second in round[index + 1..].iter().filter(|second| second.at < end) {
                    assert_ne!(first.fault.target(), second.fault.target());
                    overlaps += 1;
                }
            }
        }
        assert!(overlaps > 100, "{overlaps}");
    }
}
