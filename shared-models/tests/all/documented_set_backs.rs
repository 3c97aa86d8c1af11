//! `docs/sync-rules.md` against `merge`: each row on two values that meet after a side was set
//! back.

use shared_models::merge::{Cause, Merged, merge};
use shared_models::order::{Facet, Shared, Status};
use shared_models::revision::{Relation, Revision};
use shared_models::side::Side;

use crate::document::table;
use crate::samples::{carried_by, delivery_to, marked, rev, saying};

/// A row of the document.
struct Row {
    relation: Relation,
    differs_by: String,
    delivery: String,
    progress: String,
    revision: String,
}

fn rows() -> Vec<Row> {
    let read = |cells: Vec<String>| {
        let [relation, differs_by, delivery, progress, revision] =
            <[String; 5]>::try_from(cells).expect("five cells");
        let relation = match relation.as_str() {
            "older" => Relation::Older,
            "same" => Relation::Same,
            "newer" => Relation::Newer,
            other => unreachable!("{other}"),
        };
        Row { relation, differs_by, delivery, progress, revision }
    };
    table("When a side was set back").into_iter().map(read).collect()
}

/// Returns two revisions with this relation and the same count for the store.
const fn revisions(relation: Relation) -> (Revision, Revision) {
    match relation {
        Relation::Older => (rev(2, 1), rev(2, 2)),
        Relation::Same | Relation::Concurrent => (rev(2, 1), rev(2, 1)),
        Relation::Newer => (rev(2, 2), rev(2, 1)),
    }
}

/// Returns an order with `name` in both facets, and in both `mark` for the store's last change.
fn order(name: &str, revision: Revision, status: Status, mark: u32) -> Shared {
    let mut delivery = Facet::unmarked(revision, delivery_to(name));
    let mut progress = Facet::unmarked(revision, carried_by(name, status));
    (delivery.marks, progress.marks) = (marked(mark), marked(mark));
    Shared { delivery, progress }
}

/// Returns whether the arriving value stands, by the words of the document.
fn arriving_stands(words: &str, here: Status, there: Status) -> bool {
    match words {
        "what is here" => false,
        "what arrives" => true,
        // "there" is the larger text.
        "the larger text" => true,
        "the higher rank" => there > here,
        tie => {
            let (rank, tie) = tie.split_once(", on a tie ").expect(tie);
            assert_eq!(rank, "the higher rank");
            there > here || (there == here && arriving_stands(tie, here, there))
        }
    }
}

fn is_about(row: &Row, here: Status, there: Status) -> bool {
    match row.differs_by.as_str() {
        "a mark" | "its value" => true,
        "a higher rank" => there > here,
        "a lower rank" => there < here,
        other => unreachable!("{other}"),
    }
}

fn check(row: &Row, side: Side, here: Status, there: Status) {
    let (of_there, of_here) = revisions(row.relation);
    let marks = if row.differs_by == "a mark" { [7, 8] } else { [0, 0] };
    let mine = order("here", of_here, here, marks[0]);
    let theirs = order("there", of_there, there, marks[1]);
    let merged = merge(side, &mine, &saying(&theirs));
    let told = format!("{:?} by {}: {there} arrives at {here}", row.relation, row.differs_by);
    let after = |stands: bool| match row.revision.as_str() {
        "what arrives, or one more of this side" if stands => of_there,
        "one more of this side" | "what arrives, or one more of this side" => {
            of_here.union(of_there).next(side)
        }
        other => unreachable!("{other}"),
    };
    let progress = arriving_stands(&row.progress, here, there);
    let name = |stands| if stands { "there" } else { "here" };
    let found = &merged.shared.progress;
    assert_eq!(found.value.carrier.as_deref(), Some(name(progress)), "{told}");
    assert_eq!(found.revision, after(progress), "{told}");
    if row.delivery != "–" {
        let delivery = arriving_stands(&row.delivery, here, there);
        let found = &merged.shared.delivery;
        assert_eq!((&*found.value.address, found.revision), (name(delivery), after(delivery)));
    }
    assert!(merged.conflicts.iter().any(|conflict| conflict.cause() == Cause::Diverged), "{told}");
    is_stale_now(side, &merged, &theirs);
}

/// Checks that a value that was decided upon is stale when it arrives again.
fn is_stale_now(side: Side, merged: &Merged, theirs: &Shared) {
    let again = merge(side, &merged.shared, &saying(theirs));
    assert_eq!((&again.shared, again.conflicts.len()), (&merged.shared, 0));
}

#[test]
fn every_row_of_the_document_is_what_merge_makes_of_two_values_of_one_count() {
    for row in rows() {
        for (here, there) in every_two_statuses().filter(|(a, b)| is_about(&row, *a, *b)) {
            // The peer's count is the one that differs, so that nobody lost changes of its own.
            check(&row, Side::Store, here, there);
        }
    }
}

#[test]
fn the_document_has_a_row_for_each_way_in_which_a_set_back_shows() {
    let rows = rows();
    let found: Vec<_> = rows.iter().map(|row| (row.relation, &*row.differs_by)).collect();
    let expected = [
        (Relation::Older, "a mark"),
        (Relation::Older, "a higher rank"),
        (Relation::Same, "its value"),
        (Relation::Newer, "a mark"),
        (Relation::Newer, "a lower rank"),
    ];
    assert_eq!(found, expected);
}

/// Returns the pairs of statuses that a change can lead to.
fn every_two_statuses() -> impl Iterator<Item = (Status, Status)> {
    let touched = || Status::ALL.into_iter().filter(|status| !status.is_default());
    touched().flat_map(move |here| touched().map(move |there| (here, there)))
}
