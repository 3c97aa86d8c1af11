//! `docs/sync-rules.md` against the table of moves.

use shared_models::order::Status;
use shared_models::side::Side;

use crate::document::{statuses, table};

#[test]
fn the_table_of_moves_in_the_document_is_the_one_in_force() {
    let rows = table("The table of moves");
    let mut seen = Vec::new();
    for cells in &rows {
        let [from, store, warehouse, delivery] = &cells[..] else {
            unreachable!("four cells: {cells:?}");
        };
        for from in statuses(from) {
            assert_eq!(from.moves(Side::Store), statuses(store), "store, {from}");
            assert_eq!(from.moves(Side::Warehouse), statuses(warehouse), "warehouse, {from}");
            assert_eq!(from.is_closed(), delivery == "closed", "{from}");
            seen.push(from);
        }
    }
    assert_eq!(seen, Status::ALL, "each status in one row, lowest rank first");
}
