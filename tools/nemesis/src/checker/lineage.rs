//! No edit disappears in silence: it stands, or it is in a record as having given way, or an edit
//! of which this holds was made by somebody who had seen it. And one revision is one value.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use shared_models::merge::{Cause, Choice, Conflict};
use shared_models::order::{Delivery, Facet, Progress, Shared};
use shared_models::revision::Revision;
use shared_models::side::Side;

use super::case::{Case, Change, Evidence, Row, SetBack, Step, short};
use crate::violation::{Rule, Violation};

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let delivery = Of {
        name: "delivery",
        facet: |shared: &Shared| &shared.delivery,
        is_touched: Change::touches_delivery,
        decided: |conflict: &Conflict| match conflict {
            Conflict::Delivery(decided) => Some(decided),
            Conflict::Progress(_) => None,
        },
    };
    let progress = Of {
        name: "progress",
        facet: |shared: &Shared| &shared.progress,
        is_touched: Change::touches_progress,
        decided: |conflict: &Conflict| match conflict {
            Conflict::Delivery(_) => None,
            Conflict::Progress(decided) => Some(decided),
        },
    };
    [of_facet::<Delivery>(case, &delivery), of_facet::<Progress>(case, &progress)].concat()
}

/// The access to one of the facets.
struct Of<V: 'static> {
    name: &'static str,
    facet: fn(&Shared) -> &Facet<V>,
    is_touched: fn(&Change) -> bool,
    decided: fn(&Conflict) -> Option<&Choice<V>>,
}

/// A change in a side's log that was an edit.
type Edit = (Side, i64);

/// A value at a revision. Where an order was put back, one revision may have been two values.
type Key = (Revision, String);

/// Where a value comes from.
#[derive(Clone)]
enum Source {
    /// An edit, made on this value.
    Edit(Edit, Key),
    /// A merge that kept this value.
    Kept(Key),
}

/// All that is known of one facet of an order.
#[derive(Default)]
struct Lineage {
    sources: HashMap<Key, Source>,
    /// The edits, with what each made of the facet.
    made: BTreeMap<Edit, Key>,
    lost: Vec<Key>,
}

fn of_facet<V: PartialEq + Serialize>(case: &Case, of: &Of<V>) -> Vec<Violation> {
    let mut lineage = Lineage::default();
    for side in Side::ALL {
        lineage.read(side, case.sides.at(side), of);
    }
    let last = case.sides.store.row.as_ref().map(|row| key((of.facet)(&row.shared)));
    let told = lineage.lost.iter().chain(&last).flat_map(|key| lineage.edits_of(key));
    let told: BTreeSet<_> = told.collect();
    // Of two edits that came to the same, one stands for both.
    let values = told.iter().filter_map(|edit| Some(&lineage.made.get(edit)?.1));
    let values: BTreeSet<_> = values.collect();
    let silent = lineage.made.iter().filter(|(edit, (revision, value))| {
        let count = revision.of(edit.0);
        !told.contains(*edit) && !values.contains(value) && !is_nowhere(case, of, **edit, count)
    });
    let silent = silent.map(|((side, seq), (revision, _))| {
        let (name, count) = (of.name, revision.of(*side));
        let why =
            format!("change {count} of {name} by the {side}, seq {seq}, is gone without a word");
        Violation::of(case.id, Rule::Told, why)
    });
    silent.chain(two_values(case, of)).collect()
}

impl Lineage {
    /// Reads the log of a side.
    fn read<V: PartialEq + Serialize>(&mut self, side: Side, evidence: &Evidence, of: &Of<V>) {
        let mut before = key((of.facet)(&Shared::default()));
        for step in evidence.steps() {
            let change = match step {
                Step::Change(change) => change,
                Step::SetBack(back) => {
                    before = key((of.facet)(&back.to.shared));
                    continue;
                }
            };
            let facet = (of.facet)(&change.event.shared);
            let after = key(facet);
            // What a side decides between two changes is nobody's edit.
            if change.origin == side && (of.is_touched)(change) && !change.is_merge() {
                let edit = (side, change.seq);
                self.made.insert(edit, after.clone());
                self.sources.insert(after.clone(), Source::Edit(edit, before));
                before = after;
                continue;
            }
            for decided in change.conflicts().filter_map(of.decided) {
                self.lost.push(key(&decided.lost));
                self.keeps(&after, key(&decided.kept));
            }
            // Two concurrent values that are equal are joined without a record.
            if before.1 == after.1 {
                self.keeps(&after, before);
            }
            before = after;
        }
    }

    /// A value is one that stood before, at another revision.
    fn keeps(&mut self, key: &Key, kept: Key) {
        if *key != kept {
            self.sources.entry(key.clone()).or_insert(Source::Kept(kept));
        }
    }

    /// The edits that a value was made of: the last one, and all that its author had seen.
    fn edits_of(&self, key: &Key) -> Vec<Edit> {
        let (mut edits, mut next) = (vec![], self.sources.get(key));
        // A broken log may lead in a circle.
        for _ in 0..self.sources.len() {
            next = match next {
                None => break,
                Some(Source::Kept(key)) => self.sources.get(key),
                Some(Source::Edit(edit, before)) => {
                    edits.push(*edit);
                    self.sources.get(before)
                }
            };
        }
        edits
    }
}

fn key<V: Serialize>(facet: &Facet<V>) -> Key {
    let value = serde_json::to_string(&facet.value);
    (facet.revision, value.expect("a facet is JSON"))
}

/// Returns whether an edit was undone when its side was put back, and the peer did not know of it,
/// or was put back itself before it could give it back.
fn is_nowhere<V>(case: &Case, of: &Of<V>, (side, seq): Edit, count: u32) -> bool {
    let holds = |row: &Row| (of.facet)(&row.shared).revision.of(side) >= count;
    let is_left = |back: &SetBack| holds(&back.to) || back.known.as_ref().is_some_and(holds);
    let backs_of = |side| case.sides.at(side).set_backs.iter();
    backs_of(side).filter(|back| seq <= back.after && !holds(&back.to)).any(|undone| {
        let mut later = backs_of(side.peer()).filter(|back| back.turn > undone.turn);
        !is_left(undone) || later.any(|back| !is_left(back))
    })
}

const fn is_of_set_back(conflict: &Conflict) -> bool {
    match conflict.cause() {
        Cause::Diverged | Cause::Restored => true,
        Cause::Concurrent | Cause::Late => false,
    }
}

/// A revision that stands for two values, but for those that a side counted twice; or an order that
/// was taken for one that was put back.
fn two_values<V: PartialEq>(case: &Case, of: &Of<V>) -> Option<Violation> {
    let changes = || Side::ALL.into_iter().flat_map(|side| case.sides.at(side).changes.iter());
    let is_known = |change: &&Change| !change.conflicts().any(is_of_set_back);
    if let Some(change) = changes().find(|it| !is_known(it) && !case.is_set_back()) {
        let why = format!("seq {} takes a side for one that was set back", change.seq);
        return Some(Violation::of(case.id, Rule::OneValue, why));
    }
    let counted_twice = |revision: Revision| {
        Side::ALL.into_iter().any(|side| {
            let mut backs = case.sides.at(side).set_backs.iter();
            backs.any(|back| (of.facet)(&back.to.shared).revision.of(side) < revision.of(side))
        })
    };
    let mut known = HashMap::new();
    for facet in changes().map(|change| (of.facet)(&change.event.shared)) {
        if *known.entry(facet.revision).or_insert(&facet.value) != &facet.value
            && !counted_twice(facet.revision)
        {
            let why = format!("{} {} is two values", of.name, short(facet.revision));
            return Some(Violation::of(case.id, Rule::OneValue, why));
        }
    }
    None
}
