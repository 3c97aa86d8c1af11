//! No edit disappears in silence: it stands, or it is in a record as having given way, or an edit
//! of which this holds was made by somebody who had seen it. And one revision is one value.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared_models::merge::{Cause, Conflict, Decided};
use shared_models::order::{Delivery, Facet, Progress, Shared};
use shared_models::revision::{Relation, Revision};
use shared_models::site::Site;

use super::case::{Case, Change, short};
use crate::nemesis::violation::{Rule, Violation};

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

/// How to look at one of the facets.
struct Of<V: 'static> {
    name: &'static str,
    facet: fn(&Shared) -> &Facet<V>,
    is_touched: fn(&Change) -> bool,
    decided: fn(&Conflict) -> Option<&Decided<V>>,
}

/// The edit with which a site came to a count.
type Edit = (Site, u32);

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Source {
    /// An edit, made on the value of this revision.
    Edit(Edit, Revision),
    /// A merge that kept the value of this revision.
    Kept(Revision),
}

fn of_facet<V: PartialEq>(case: &Case, of: &Of<V>) -> Vec<Violation> {
    let mut sources = HashMap::new();
    let (mut made, mut lost) = (BTreeMap::new(), vec![]);
    for site in Site::ALL {
        let mut before = Revision::ZERO;
        for change in case.sides.at(site).history() {
            let revision = (of.facet)(&change.event.shared).revision;
            let conflicts = || change.conflicts.iter().flatten().filter_map(of.decided);
            if change.origin == site && (of.is_touched)(change) && change.conflicts.is_none() {
                let edit = (site, revision.of(site));
                made.insert(edit, &(of.facet)(&change.event.shared).value);
                // An order that was put back was edited on what the log does not say: then the first
                // edit of that count tells what its author had seen.
                if revision.relation_to(before) == Relation::Newer {
                    sources.insert(revision, Source::Edit(edit, before));
                }
            }
            for decided in conflicts() {
                lost.push(decided.lost.revision);
                match decided.cause {
                    Cause::Concurrent | Cause::Diverged if decided.kept.revision != revision => {
                        sources.entry(revision).or_insert(Source::Kept(decided.kept.revision));
                    }
                    Cause::Concurrent | Cause::Diverged | Cause::Late | Cause::Restored => {}
                }
            }
            before = revision;
        }
    }
    join_equals(case, of, &mut sources);
    let last = case.sides.store.row.as_ref().map(|row| (of.facet)(&row.shared).revision);
    let told = lost.into_iter().chain(last).flat_map(|revision| lineage(revision, &sources));
    let told: BTreeSet<_> = told.collect();
    let is_told = |(edit, value): &(&Edit, &&V)| {
        told.contains(edit) || told.iter().any(|other| made.get(other) == Some(value))
    };
    let silent = made.iter().filter(|made| !is_told(made)).map(|((site, count), _)| {
        let why = format!("change {count} of {} by the {site} is gone without a word", of.name);
        Violation::of(case.id, Rule::Told, why)
    });
    silent.chain(two_values(case, of)).collect()
}

const fn is_of_set_back(conflict: &Conflict) -> bool {
    match conflict.cause() {
        Cause::Diverged | Cause::Restored => true,
        Cause::Concurrent | Cause::Late => false,
    }
}

/// The edits that a value was made of: the last one, and all that its author had seen.
fn lineage(revision: Revision, sources: &HashMap<Revision, Source>) -> Vec<Edit> {
    let (mut edits, mut next) = (vec![], sources.get(&revision));
    // A broken log may lead in a circle.
    for _ in 0..sources.len() {
        next = match next {
            None => break,
            Some(Source::Kept(revision)) => sources.get(revision),
            Some(Source::Edit(edit, before)) => {
                edits.push(*edit);
                sources.get(before)
            }
        };
    }
    edits
}

/// Two concurrent values that are equal are joined without a record: what stands came from either.
fn join_equals<V: PartialEq>(case: &Case, of: &Of<V>, sources: &mut HashMap<Revision, Source>) {
    for site in Site::ALL {
        let history =
            || case.sides.at(site).history().map(|change| (of.facet)(&change.event.shared));
        for (before, after) in history().zip(history().skip(1)) {
            if before.value == after.value && before.revision != after.revision {
                sources.entry(after.revision).or_insert(Source::Kept(before.revision));
            }
        }
    }
}

/// A revision that stands for two values, or that a site took for one.
fn two_values<V: PartialEq>(case: &Case, of: &Of<V>) -> Option<Violation> {
    if case.is_set_back {
        return None;
    }
    let changes = Site::ALL.into_iter().flat_map(|site| case.sides.at(site).changes.iter());
    for change in changes.filter(|change| change.conflicts.iter().flatten().any(is_of_set_back)) {
        let why = format!("seq {} takes a site for one that was set back", change.seq);
        return Some(Violation::of(case.id, Rule::OneValue, why));
    }
    let mut known = HashMap::new();
    let changes = Site::ALL.into_iter().flat_map(|site| case.sides.at(site).changes.iter());
    for facet in changes.map(|change| (of.facet)(&change.event.shared)) {
        if *known.entry(facet.revision).or_insert(&facet.value) != &facet.value {
            let why = format!("{} {} is two values", of.name, short(facet.revision));
            return Some(Violation::of(case.id, Rule::OneValue, why));
        }
    }
    None
}
