//! The selects that find what is read.

use super::pgbench::Script;
use crate::world::copies::id_of;

const COLUMNS: &str = "id, delivery, progress, private, version, created_at, updated_at";

/// Any one of so many orders.
#[must_use]
pub fn one(stored: u64) -> Script {
    let id = id_of(":number::bigint");
    let text = format!(
        "\\set number random(1, {stored})\nselect {COLUMNS} from orders where id = {id};\n"
    );
    Script { text, variables: vec![] }
}

/// The newest orders.
#[must_use]
pub fn page(orders: usize) -> Script {
    let newest_first = "order by created_at desc, id desc";
    let text = format!("select {COLUMNS} from orders {newest_first} limit {orders};\n");
    Script { text, variables: vec![] }
}
