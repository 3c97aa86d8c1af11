//! The table of moves, written out once more and held against the code, cell by cell.

use shared_models::edit::{Refusal, revise};
use shared_models::order::{Status, Touched};
use shared_models::side::Side;

use crate::samples::{delivery, progress, shared};

/// `x` a move, `=` no move at all, `-` refused. Rows are where the order stands and columns where
/// it is to go, both from placed to delivered.
const STORE: [&[u8; 6]; 6] = [
    b"=--x--", // placed
    b"-=-x--", // picking
    b"--=x--", // packed
    b"---=--", // voided
    b"----=-", // shipped
    b"-----=", // delivered
];
const WAREHOUSE: [&[u8; 6]; 6] = [
    b"=xxxx-", // placed
    b"-=xxx-", // picking
    b"--=xx-", // packed
    b"---=--", // voided
    b"----=x", // shipped
    b"-----=", // delivered
];
const ORDER: [Status; 6] = [
    Status::Placed,
    Status::Picking,
    Status::Packed,
    Status::Voided,
    Status::Shipped,
    Status::Delivered,
];

/// Returns all 72 cells.
fn cells() -> Vec<(Side, Status, Status, u8)> {
    let mut cells = Vec::new();
    for (side, table) in [(Side::Store, STORE), (Side::Warehouse, WAREHOUSE)] {
        for (from, row) in ORDER.into_iter().zip(table) {
            cells.extend(ORDER.into_iter().zip(row).map(|(to, c)| (side, from, to, *c)));
        }
    }
    assert_eq!(cells.len(), 72);
    cells
}

#[test]
fn a_side_has_exactly_the_moves_of_the_table() {
    for (side, from, to, cell) in cells() {
        let legal = from.moves(side).contains(&to);
        assert_eq!(legal, cell == b'x', "{side}: {from} to {to}");
    }
}

#[test]
fn an_edit_makes_exactly_the_moves_of_the_table() {
    for (side, from, to, cell) in cells() {
        let before = shared(from);
        let result = revise(side, &before, delivery(), progress(to));
        match cell {
            b'x' => {
                let (after, touched) = result.expect("a legal move");
                assert_eq!(touched, Touched::Progress, "{side}: {from} to {to}");
                assert_eq!(after.progress.value.status, to);
                assert_eq!(after.progress.revision, before.progress.revision.next(side));
                assert_eq!(after.delivery, before.delivery);
            }
            b'=' => assert_eq!(result, Ok((before, Touched::Nothing)), "{side}: {from}"),
            _ => {
                let legal = from.moves(side);
                let refusal = Refusal::IllegalMove { side, from, to, legal };
                assert_eq!(result, Err(refusal), "{side}: {from} to {to}");
            }
        }
    }
}

#[test]
fn every_local_move_goes_up_in_rank() {
    for side in Side::ALL {
        for from in Status::ALL {
            for to in from.moves(side) {
                assert!(*to > from, "{side}: {from} to {to}");
            }
        }
    }
}

#[test]
fn ranks_go_up_from_placed_to_delivered() {
    assert_eq!(Status::ALL, ORDER);
    assert!(ORDER.is_sorted_by(|a, b| a < b));
    assert_eq!(Status::default(), Status::Placed);
}

#[test]
fn every_refused_move_names_where_the_order_stands_and_may_go() {
    for (side, from, to, _) in cells().into_iter().filter(|cell| cell.3 == b'-') {
        let refusal = revise(side, &shared(from), delivery(), progress(to)).expect_err("refused");
        let text = refusal.to_string();
        let start = format!("the {side} cannot move an order from {from} to {to}; ");
        let rest = text.strip_prefix(&start).expect("who, from where, to where");
        for (_, _, other, cell) in cells().into_iter().filter(|c| (c.0, c.1) == (side, from)) {
            assert_eq!(rest.contains(other.as_str()), cell == b'x', "{text}: {other}");
        }
    }
}

#[test]
fn a_refused_move_reads_like_a_sentence() {
    let text = |side, from, to| {
        let refusal = revise(side, &shared(from), delivery(), progress(to));
        refusal.expect_err("refused").to_string()
    };
    assert_eq!(
        text(Side::Store, Status::Shipped, Status::Voided),
        "the store cannot move an order from shipped to voided; it can no longer move"
    );
    assert_eq!(
        text(Side::Store, Status::Placed, Status::Shipped),
        "the store cannot move an order from placed to shipped; it may move to voided"
    );
    assert_eq!(
        text(Side::Warehouse, Status::Picking, Status::Placed),
        "the warehouse cannot move an order from picking to placed; \
         it may move to one of packed, shipped, voided"
    );
}
