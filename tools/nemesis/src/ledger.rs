//! The ledger of what the clients asked for and were told.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use shared_models::revision::Revision;
use shared_models::side::Side;
use uuid::Uuid;

use super::checker::case::SetBack;
use super::seen::Seen;
use super::violation::{Rule, Violation};
use super::wanted::Wanted;

/// One thing that a client asked a side to do to one order.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// When, from the beginning of the run.
    pub at: Duration,
    /// The side.
    pub side: Side,
    /// The order.
    pub order: Uuid,
    /// The write.
    pub wanted: Wanted,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// No answer, or one that leaves it open.
    Unknown,
    /// The write was refused with this status, and must not have been done.
    Refused(u16),
    /// The write was done, and made this of the order.
    Acknowledged(Seen),
}

/// An order as a client was shown it when it read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// When, from the beginning of the run.
    pub at: Duration,
    /// The side.
    pub side: Side,
    /// The order.
    pub order: Uuid,
    /// The order as it was shown.
    pub seen: Seen,
}

/// The state of an order that a reader has seen at a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    version: i64,
    delivery: Revision,
    progress: Revision,
}

/// A write or a read that was begun.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    side: Side,
    order: Uuid,
    /// The states that all readers had seen by then.
    before: Mark,
    epoch: u64,
    write: Option<usize>,
}

/// The requests of the clients, and the answers.
#[derive(Debug)]
pub struct Ledger {
    began: Instant,
    writes: Vec<Write>,
    reads: Vec<Read>,
    marks: HashMap<(Side, Uuid), Mark>,
    /// The number of begun and ended set-backs of each order; odd while one is under way.
    epochs: HashMap<(Side, Uuid), u64>,
    set_backs: Vec<(Side, SetBack)>,
    /// Orders that were set back, and are not compared because of it.
    unnoticed: Vec<(Side, Uuid)>,
    touched: BTreeSet<Uuid>,
    /// Reads that went back.
    pub violations: Vec<Violation>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            writes: vec![],
            reads: vec![],
            marks: HashMap::new(),
            epochs: HashMap::new(),
            set_backs: vec![],
            unnoticed: vec![],
            touched: BTreeSet::new(),
            violations: vec![],
        }
    }
}

impl Ledger {
    /// A client is about to write. Until it is told, the outcome is unknown.
    pub fn write(&mut self, side: Side, order: Uuid, wanted: Wanted) -> Begun {
        let (at, outcome) = (self.began.elapsed(), Outcome::Unknown);
        self.writes.push(Write { at, side, order, wanted, outcome });
        self.touched.insert(order);
        Begun { write: Some(self.writes.len() - 1), ..self.read(side, order) }
    }

    /// A client is about to read.
    #[must_use]
    pub fn read(&self, side: Side, order: Uuid) -> Begun {
        let before = self.marks.get(&(side, order)).copied().unwrap_or_default();
        Begun { side, order, before, epoch: self.epoch(side, order), write: None }
    }

    /// An order of a side is about to be set back: what is read of it from now on may be older.
    pub fn begin_set_back(&mut self, side: Side, order: Uuid) {
        *self.epochs.entry((side, order)).or_default() += 1;
        self.marks.remove(&(side, order));
        self.touched.insert(order);
    }

    /// An order of a side was set back, or is left as it was.
    pub fn end_set_back(
        &mut self,
        side: Side,
        order: Uuid,
        done: Option<SetBack>,
        is_compared: bool,
    ) {
        *self.epochs.entry((side, order)).or_default() += 1;
        self.set_backs.extend(done.map(|done| (side, done)));
        self.unnoticed.extend((!is_compared).then_some((side, order)));
    }

    /// The orders that were set back since this was asked last, and that nothing compares.
    pub fn take_unnoticed(&mut self) -> Vec<(Side, Uuid)> {
        std::mem::take(&mut self.unnoticed)
    }

    /// All that was set back.
    #[must_use]
    pub fn set_backs(&self) -> &[(Side, SetBack)] {
        &self.set_backs
    }

    fn epoch(&self, side: Side, order: Uuid) -> u64 {
        self.epochs.get(&(side, order)).copied().unwrap_or_default()
    }

    /// Returns whether the order was set back since, or just is.
    fn is_overtaken(&self, begun: Begun) -> bool {
        let epoch = self.epoch(begun.side, begun.order);
        epoch != begun.epoch || !epoch.is_multiple_of(2)
    }

    /// A client was shown an order.
    pub fn shown(&mut self, begun: Begun, seen: Seen) {
        if !self.is_overtaken(begun) {
            let mark = Mark::of(&seen);
            if let Some(why) = begun.before.falls_to(&mark) {
                let why = format!("the {}: {why}", begun.side);
                self.violations.push(Violation::of(begun.order, Rule::ReadsGrow, why));
            }
            let known = self.marks.entry((begun.side, begun.order)).or_default();
            known.raise(&mark);
        }
        match begun.write {
            Some(write) => self.writes[write].outcome = Outcome::Acknowledged(seen),
            None => {
                let (at, Begun { side, order, .. }) = (self.began.elapsed(), begun);
                self.reads.push(Read { at, side, order, seen });
            }
        }
    }

    /// A client was refused.
    pub fn refused(&mut self, begun: Begun, status: u16) {
        if status == 404 && begun.before.version > 0 {
            let why = format!("the {} does not know it any more", begun.side);
            self.violations.push(Violation::of(begun.order, Rule::ReadsGrow, why));
        }
        if let Some(write) = begun.write {
            self.writes[write].outcome = Outcome::Refused(status);
        }
    }

    /// All writes.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// All reads that were answered.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// The orders that were written to since this was asked last.
    pub fn take_touched(&mut self) -> BTreeSet<Uuid> {
        std::mem::take(&mut self.touched)
    }
}

impl Mark {
    fn of(seen: &Seen) -> Self {
        let (mut delivery, mut progress) = (Revision::ZERO, Revision::ZERO);
        if let Some(content) = &seen.order {
            delivery = content.shared.delivery.revision;
            progress = content.shared.progress.revision;
        }
        Self { version: seen.version, delivery, progress }
    }

    /// The order that is shown may lack revisions, as in the answer to a batch.
    fn falls_to(&self, later: &Self) -> Option<String> {
        let has_revisions = later.delivery != Revision::ZERO;
        let falls = later.version < self.version
            || has_revisions
                && !(later.delivery.covers(self.delivery) && later.progress.covers(self.progress));
        falls.then(|| format!("{later:?} was shown after {self:?}"))
    }

    fn raise(&mut self, other: &Self) {
        self.version = self.version.max(other.version);
        self.delivery = self.delivery.union(other.delivery);
        self.progress = self.progress.union(other.progress);
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
