//! A second, smaller world: two workers carry two revisions of one order to a side that does not
//! know it, and their transactions there run statement by statement, with the locks that PostgreSQL
//! takes at `READ COMMITTED`. Several ways of writing are compared;
//! `crates/orders/src/merging.rs` is [`Receiver::LockThenInsert`].

use shared_models::merge::merge;
use shared_models::side::Side;
use stateright::{Model, Property};

use crate::checking::Checked;
use crate::edits::{Counts, Edits};
use crate::state::Message;
use crate::values::{SmallDelivery, SmallOrder};

pub(crate) const GROWS: &str = "the committed revision only grows";
pub(crate) const NEWEST: &str = "when both workers are done, the newer revision stands";

/// The way in which a transaction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// Lock first; merge and update what was found, insert what was not, and begin anew if another
    /// transaction has inserted it meanwhile. `apply.rs` does so.
    LockThenInsert,
    /// Insert a blank row if there is none, then lock, merge, and update.
    BlankThenLock,
    /// Lock, perhaps find nothing, merge, and then insert or update.
    LockThenUpsert,
}

/// The table's one row, and the stages of the two transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Table {
    committed: Option<SmallOrder>,
    /// The transaction that holds the row's lock, or has inserted it and not committed.
    holder: Option<usize>,
    /// The row as the holder has written it.
    written: Option<SmallOrder>,
    workers: [Stage; 2],
    fell: bool,
}

/// The stage of a worker's transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    Beginning,
    Inserted,
    /// The row is locked, with what was found.
    Locked(Option<SmallOrder>),
    Written,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The transaction's next statement, or its commit.
    Go(usize),
    /// A transaction is rolled back and begins again; or, if it was done, its messages were not
    /// acknowledged and come again.
    Again(usize),
}

impl Model for Receiver {
    type State = Table;
    type Action = Step;

    fn init_states(&self) -> Vec<Table> {
        vec![Table::default()]
    }

    fn actions(&self, _: &Table, steps: &mut Vec<Step>) {
        steps.extend([Step::Go(0), Step::Go(1), Step::Again(0), Step::Again(1)]);
    }

    fn next_state(&self, table: &Table, step: Step) -> Option<Table> {
        let mut next = *table;
        match step {
            Step::Go(worker) => next.go(*self, worker)?,
            Step::Again(worker) => {
                next.release(worker);
                next.workers[worker] = Stage::Beginning;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(GROWS, |_, table: &Table| !table.fell),
            Property::always(NEWEST, |_, table: &Table| {
                table.workers != [Stage::Done; 2] || table.committed == Some(carried(1).0)
            }),
            Property::sometimes("both workers are done", |_, table: &Table| {
                table.workers == [Stage::Done; 2]
            }),
        ]
    }
}

impl Checked for Receiver {
    fn told(table: &Table, step: Option<&Step>) -> String {
        match step {
            None => format!("= {:?}", table.committed),
            Some(step) => format!("{step:?} from {:?}", table.workers),
        }
    }
}

/// Returns the change of a worker: the first carries the order's first revision, the second its
/// second.
fn carried(worker: usize) -> (SmallOrder, Message) {
    let count = if worker == 0 { 1 } else { 2 };
    let counts = Counts { store: count, warehouse: 0 };
    let edits = Edits::all(counts);
    let delivery = SmallDelivery { counts, edits, ..SmallDelivery::default() };
    let order = SmallOrder { delivery, ..SmallOrder::default() };
    (order, Message { delivery, progress: None, undecided: None })
}

impl Table {
    /// Executes the next statement of a transaction, unless it has to wait for the other one.
    fn go(&mut self, receiver: Receiver, worker: usize) -> Option<()> {
        self.workers[worker] = match (self.workers[worker], receiver) {
            (Stage::Beginning, Receiver::BlankThenLock) => self.insert_blank(worker)?,
            (Stage::Beginning, Receiver::LockThenInsert | Receiver::LockThenUpsert)
            | (Stage::Inserted, _) => self.lock(worker)?,
            (Stage::Locked(None), Receiver::LockThenInsert) => self.insert_merged(worker)?,
            (Stage::Locked(found), _) => self.write(worker, found)?,
            (Stage::Written, _) => self.commit(worker),
            (Stage::Done, _) => return None,
        };
        Some(())
    }

    fn is_held_by_other(&self, worker: usize) -> bool {
        self.holder.is_some_and(|holder| holder != worker)
    }

    /// `INSERT … ON CONFLICT DO NOTHING`: waits for another's insert to be committed; leaves a row
    /// that is there, locked or not.
    fn insert_blank(&mut self, worker: usize) -> Option<Stage> {
        if self.committed.is_none() {
            if self.is_held_by_other(worker) {
                return None;
            }
            (self.holder, self.written) = (Some(worker), Some(SmallOrder::default()));
        }
        Some(Stage::Inserted)
    }

    /// `INSERT … ON CONFLICT DO NOTHING` of what was merged: waits for another's insert to be
    /// committed, and begins anew where there is a row.
    fn insert_merged(&mut self, worker: usize) -> Option<Stage> {
        match self.committed {
            Some(_) => {
                self.release(worker);
                Some(Stage::Beginning)
            }
            None => self.write(worker, None),
        }
    }

    /// `SELECT … FOR UPDATE`: waits for the lock of a row that is there; what is not committed by
    /// another is not there.
    fn lock(&mut self, worker: usize) -> Option<Stage> {
        if self.holder == Some(worker) {
            return Some(Stage::Locked(self.written));
        }
        if self.committed.is_some() {
            if self.is_held_by_other(worker) {
                return None;
            }
            self.holder = Some(worker);
        }
        Some(Stage::Locked(self.committed))
    }

    /// `UPDATE`, or `INSERT … ON CONFLICT DO UPDATE`, which waits for another's insert or lock.
    fn write(&mut self, worker: usize, found: Option<SmallOrder>) -> Option<Stage> {
        if self.is_held_by_other(worker) {
            return None;
        }
        let here = found.unwrap_or_default().real();
        let merged = merge(Side::Warehouse, &here, &carried(worker).1.change());
        (self.holder, self.written) = (Some(worker), Some(SmallOrder::of(&merged.shared)));
        Some(Stage::Written)
    }

    fn commit(&mut self, worker: usize) -> Stage {
        let before = self.committed.unwrap_or_default().delivery.counts;
        let after = self.written.unwrap_or_default().delivery.counts;
        self.fell |= !after.cover(before);
        self.committed = self.written;
        self.release(worker);
        Stage::Done
    }

    fn release(&mut self, worker: usize) {
        if self.holder == Some(worker) {
            (self.holder, self.written) = (None, None);
        }
    }
}
