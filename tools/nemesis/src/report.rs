//! The report of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::ledger::{Ledger, Outcome};
use super::violation::{Rule, Violation};

/// The number of violations of one rule that are reported in full.
const IN_FULL: usize = 5;

/// A run that lasts so long has time for every kind of fault that is planned so often.
const TIME_FOR_ALL: Duration = Duration::from_secs(240);
const OFTEN: usize = 3;

/// A run.
#[derive(Debug, Default)]
pub struct Report {
    /// From which its schedule came.
    pub seed: u64,
    /// The guard that was switched off.
    pub without: Option<String>,
    /// The duration of the run.
    pub lasted: Duration,
    /// The faults that were carried out.
    pub faults: Vec<Fault>,
    /// The faults that were planned, and not carried out.
    pub not_done: Vec<Fault>,
    /// Writes that were acknowledged, of which nobody knows, and that were refused.
    pub writes: Writes,
    /// Reads that were answered.
    pub reads: usize,
    /// Events that the follower of each side's feed has read.
    pub followed: [usize; 2],
    /// Orders that were written to.
    pub orders: usize,
    /// The time that the sides took to agree, and when, each time.
    pub agreements: Vec<Agreement>,
    /// Audits that were begun during faults.
    pub audits: usize,
    /// Receipts of sides that agreed.
    pub receipts: usize,
    /// Orders that were put back and of which offers were asked for, since nothing compares them.
    pub asked_for: usize,
    /// Orders that were put back.
    pub put_back: usize,
    /// The times that the sources took until they had nothing more to tell.
    pub settled: Vec<Duration>,
    /// Posts and comments at the end, and requests by which one was sent.
    pub mirrored: usize,
    /// See there.
    pub sent: usize,
    /// Messages that were left in the parked queues at the end.
    pub parked: u64,
    /// The violations.
    pub violations: Vec<Violation>,
}

/// The sides have come to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Agreement {
    /// The time that the sides took from when all was healed.
    pub took: Duration,
    /// When they agreed, from the beginning of the run.
    pub at: Duration,
}

/// The number of writes by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// Acknowledged.
    pub acknowledged: usize,
    /// Not answered, or so that it is open.
    pub unknown: usize,
    /// Refused.
    pub refused: usize,
}

impl Writes {
    /// Those of a ledger.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        let mut writes = Self::default();
        for write in ledger.writes() {
            match write.outcome {
                Outcome::Acknowledged(_) => writes.acknowledged += 1,
                Outcome::Unknown => writes.unknown += 1,
                Outcome::Refused(_) => writes.refused += 1,
            }
        }
        writes
    }
}

impl Report {
    /// Returns whether no rule was broken.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// The kinds of fault that a run had time for and never did: what they would have shown, it
    /// does not show.
    #[must_use]
    pub fn never_done(&self, lasted: Duration) -> Vec<Violation> {
        if lasted < TIME_FOR_ALL {
            return vec![];
        }
        let done = by_kind(&self.faults);
        let never = count_by_kind(&self.not_done)
            .into_iter()
            .filter(|(kind, count)| *count >= OFTEN && !done.contains_key(kind));
        let why = |(kind, count)| format!("{kind} was planned {count} times, and never done");
        never.map(|kind| Violation::of_all(Rule::Happens, why(kind))).collect()
    }

    fn agreement(&self) -> String {
        let mut sorted = self.agreements.clone();
        sorted.sort();
        match (sorted.get(sorted.len() / 2), sorted.last()) {
            (Some(median), Some(worst)) => format!(
                "{} times, median {:.2} s, worst {:.2} s (at {:.0} s)",
                sorted.len(),
                median.took.as_secs_f64(),
                worst.took.as_secs_f64(),
                worst.at.as_secs_f64()
            ),
            _ => "never".to_owned(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Writes { acknowledged, unknown, refused } = self.writes;
        writeln!(f, "seed        {}", self.seed)?;
        if let Some(without) = &self.without {
            writeln!(f, "without     {without}")?;
        }
        writeln!(f, "lasted      {:.0} s", self.lasted.as_secs_f64())?;
        writeln!(
            f,
            "writes      {acknowledged} acknowledged, {unknown} unknown, {refused} refused"
        )?;
        writeln!(f, "reads       {}", self.reads)?;
        let [store, warehouse] = self.followed;
        writeln!(f, "followed    {store} events of the store, {warehouse} of the warehouse")?;
        writeln!(f, "orders      {}", self.orders)?;
        writeln!(f, "agreement   {}", self.agreement())?;
        let Self { audits, receipts, .. } = self;
        writeln!(f, "audits      {audits} begun during faults; {receipts} of sides that agreed")?;
        let Self { mirrored, sent, settled, .. } = self;
        let slowest = settled.iter().max().map_or(0.0, Duration::as_secs_f64);
        writeln!(
            f,
            "sources     {mirrored} posts and comments, {sent} sent; settled {} times, worst {slowest:.2} s",
            settled.len()
        )?;
        writeln!(f, "parked      {}", self.parked)?;
        let Self { put_back, asked_for, .. } = self;
        writeln!(f, "put back    {put_back} orders; offers of {asked_for} were asked for")?;
        writeln!(f, "faults      {}", self.faults.len())?;
        for (kind, targets) in by_kind(&self.faults) {
            let count: usize = targets.values().sum();
            let each: Vec<_> =
                targets.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "  {kind:<18}{count:>5}  {}", each.join(", "))?;
        }
        if !self.not_done.is_empty() {
            let each: Vec<_> = count_by_kind(&self.not_done)
                .into_iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            writeln!(f, "not done    {}  {}", self.not_done.len(), each.join(", "))?;
        }
        writeln!(f, "violations  {}", self.violations.len())?;
        for (rule, violations) in by_rule(&self.violations) {
            writeln!(f, "  {rule}: {}", violations.len())?;
            for violation in violations.iter().take(IN_FULL) {
                writeln!(f, "    {violation}")?;
            }
        }
        Ok(())
    }
}

fn by_kind(faults: &[Fault]) -> BTreeMap<&'static str, BTreeMap<String, usize>> {
    let mut kinds = BTreeMap::<_, BTreeMap<_, usize>>::new();
    for fault in faults {
        let targets = kinds.entry(fault.kind()).or_default();
        *targets.entry(fault.target().to_string()).or_default() += 1;
    }
    kinds
}

fn count_by_kind(faults: &[Fault]) -> BTreeMap<&'static str, usize> {
    let kinds = by_kind(faults).into_iter();
    kinds.map(|(kind, targets)| (kind, targets.values().sum())).collect()
}

fn by_rule(violations: &[Violation]) -> BTreeMap<Rule, Vec<&Violation>> {
    let mut rules = BTreeMap::<_, Vec<_>>::new();
    for violation in violations {
        rules.entry(violation.rule).or_default().push(violation);
    }
    rules
}

#[cfg(test)]
mod tests {
    use shared_models::side::Side;

    use super::*;

    fn report(done: usize, not_done: usize) -> Report {
        let set_backs = |count| vec![Fault::SetBack(Side::Store); count];
        let mut report =
            Report { faults: set_backs(done), not_done: set_backs(not_done), ..Report::default() };
        report.not_done.push(Fault::Alarm);
        report
    }

    #[test]
    fn what_was_not_done_is_told_by_kind() {
        let text = report(0, 2).to_string();
        assert!(text.contains("\nnot done    3  alarm 1, set back 2\n"), "{text}");
        let text = Report::default().to_string();
        assert!(!text.contains("not done"), "{text}");
    }

    #[test]
    fn a_kind_of_fault_that_was_often_planned_and_never_done_is_a_failure_of_a_long_run() {
        let failures = |done, not_done, lasted| report(done, not_done).never_done(lasted).len();
        assert_eq!(failures(0, OFTEN, TIME_FOR_ALL), 1);
        assert_eq!(failures(1, OFTEN, TIME_FOR_ALL), 0);
        assert_eq!(failures(0, OFTEN - 1, TIME_FOR_ALL), 0);
        assert_eq!(failures(0, OFTEN, TIME_FOR_ALL - Duration::from_secs(1)), 0);
    }
}
