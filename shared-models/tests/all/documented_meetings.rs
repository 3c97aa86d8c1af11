//! `docs/sync-rules.md` against `merge`: each row on two values that meet.

use shared_models::merge::merge;
use shared_models::order::{Facet, Shared, Status};
use shared_models::revision::{Relation, Revision};
use shared_models::side::Side;

use crate::document::table;
use crate::samples::{carried_by, change, delivery_to};

/// A row of the document.
struct Row {
    relation: Relation,
    delivery: String,
    progress: String,
    revision: String,
    recorded: String,
}

fn rows() -> Vec<Row> {
    let read = |cells: Vec<String>| {
        let [relation, delivery, progress, revision, recorded] =
            <[String; 5]>::try_from(cells).expect("five cells");
        let relation = match relation.as_str() {
            "older" => Relation::Older,
            "same" => Relation::Same,
            "newer" => Relation::Newer,
            "concurrent" => Relation::Concurrent,
            other => unreachable!("{other}"),
        };
        Row { relation, delivery, progress, revision, recorded }
    };
    table("When two values meet").into_iter().map(read).collect()
}

fn row_for(relation: Relation) -> Row {
    let mut fitting: Vec<Row> = rows().into_iter().filter(|row| row.relation == relation).collect();
    assert_eq!(fitting.len(), 1, "{relation:?}");
    fitting.remove(0)
}

/// Returns all pairs of small revisions: the one that is here, and the one that arrives.
fn revisions() -> Vec<(Revision, Revision)> {
    let small = |n: u32| Revision { store: n / 3, warehouse: n % 3 };
    let pairs = (0..9).flat_map(|here| (0..9).map(move |there| (here, there)));
    pairs.map(|(here, there)| (small(here), small(there))).collect()
}

/// Returns whether the arriving value stands, by the words of the document.
fn arriving_stands(words: &str, here: (Revision, Status), there: (Revision, Status)) -> bool {
    match words {
        "what is here" => false,
        "what arrives" => true,
        "the larger store count" => there.0.store > here.0.store,
        "the higher rank, on a tie the larger warehouse count" => {
            (there.1, there.0.warehouse) > (here.1, here.0.warehouse)
        }
        other => unreachable!("{other}"),
    }
}

fn revision_after(words: &str, here: Revision, there: Revision) -> Revision {
    match words {
        "what is here" => here,
        "what arrives" => there,
        "the pairwise maximum" => Revision {
            store: here.store.max(there.store),
            warehouse: here.warehouse.max(there.warehouse),
        },
        other => unreachable!("{other}"),
    }
}

fn order(name: &str, (revision, status): (Revision, Status)) -> Shared {
    let value = delivery_to(name);
    let delivery = Facet::unmarked(revision, value);
    let value = carried_by(name, status);
    let progress = Facet::unmarked(revision, value);
    Shared { delivery, progress }
}

fn check(row: &Row, here: (Revision, Status), there: (Revision, Status)) {
    let name = if row.relation == Relation::Same { "here" } else { "there" };
    let (mine, theirs) = (order("here", here), order(name, there));
    let arriving = change(theirs.delivery.clone(), Some(theirs.progress.clone()));
    let merged = merge(Side::Warehouse, &mine, &arriving);
    let told = format!("{:?}: {there:?} arrives at {here:?}", row.relation);

    let after = revision_after(&row.revision, here.0, there.0);
    let delivery = match arriving_stands(&row.delivery, here, there) {
        true => theirs.delivery.value,
        false => mine.delivery.value,
    };
    assert_eq!(merged.shared.delivery, Facet::unmarked(after, delivery), "{told}");
    let progress = match arriving_stands(&row.progress, here, there) {
        true => theirs.progress.value,
        false => mine.progress.value,
    };
    assert_eq!(merged.shared.progress, Facet::unmarked(after, progress), "{told}");

    let late = here.1.is_closed();
    let restored = there.0.warehouse > here.0.warehouse && here.0 != Revision::ZERO;
    let records = match row.recorded.as_str() {
        "nothing" => 0,
        "nothing, late or restored" if restored => 2,
        "nothing, late or restored" => usize::from(late),
        "conflict" => 2,
        other => unreachable!("{other}"),
    };
    assert_eq!(merged.conflicts.len(), records, "{told}");
}

#[test]
fn every_row_of_the_document_is_what_merge_makes_of_two_values() {
    for (here, there) in revisions() {
        let row = row_for(there.relation_to(here));
        for mine in Status::ALL {
            for theirs in Status::ALL {
                if is_possible(row.relation, mine, theirs) {
                    check(&row, (here, mine), (there, theirs));
                }
            }
        }
    }
}

/// Returns whether two values can meet without a set-back: no change lowers a rank, and one
/// revision is one value.
fn is_possible(relation: Relation, here: Status, there: Status) -> bool {
    match relation {
        Relation::Older => there <= here,
        Relation::Same => there == here,
        Relation::Newer => there >= here,
        Relation::Concurrent => true,
    }
}

#[test]
fn the_document_has_one_row_for_each_relation() {
    let relations: Vec<Relation> = rows().iter().map(|row| row.relation).collect();
    let all = [Relation::Older, Relation::Same, Relation::Newer, Relation::Concurrent];
    assert_eq!(relations, all);
}
