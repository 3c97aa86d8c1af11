//! What is told of a run when it is over.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::ledger::{Ledger, Outcome};
use super::violation::{Rule, Violation};

/// So many violations of a rule are told in full.
const IN_FULL: usize = 5;

/// A run.
#[derive(Debug, Default)]
pub struct Report {
    /// From which its schedule came.
    pub seed: u64,
    /// The guard that was switched off.
    pub without: Option<String>,
    /// How long it ran.
    pub lasted: Duration,
    /// The faults that were carried out.
    pub faults: Vec<Fault>,
    /// Writes that were acknowledged, of which nobody knows, and that were refused.
    pub writes: Writes,
    /// Reads that were answered.
    pub reads: usize,
    /// Orders that were written to.
    pub orders: usize,
    /// How long the sites took to agree, and when, each time.
    pub agreements: Vec<Agreement>,
    /// Messages that were left in the parked queues at the end.
    pub parked: u64,
    /// What must not be, and was.
    pub violations: Vec<Violation>,
}

/// The sites have come to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Agreement {
    /// How long that took from when all was healed.
    pub took: Duration,
    /// When they agreed, from the beginning of the run.
    pub at: Duration,
}

/// How many writes came to what.
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
    /// Whether all held.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.violations.is_empty()
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
        writeln!(f, "orders      {}", self.orders)?;
        writeln!(f, "agreement   {}", self.agreement())?;
        writeln!(f, "parked      {}", self.parked)?;
        writeln!(f, "faults      {}", self.faults.len())?;
        for (kind, targets) in by_kind(&self.faults) {
            let count: usize = targets.values().sum();
            let each: Vec<_> =
                targets.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "  {kind:<18}{count:>5}  {}", each.join(", "))?;
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

fn by_rule(violations: &[Violation]) -> BTreeMap<Rule, Vec<&Violation>> {
    let mut rules = BTreeMap::<_, Vec<_>>::new();
    for violation in violations {
        rules.entry(violation.rule).or_default().push(violation);
    }
    rules
}
