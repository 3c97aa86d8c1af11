//! A reader of the tables and lists of `docs/sync-rules.md`.

use std::fs;

use shared_models::order::Status;
use shared_models::side::Side;

/// Returns the text between a heading of the second level and the next one.
pub(crate) fn section(heading: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sync-rules.md");
    let text = fs::read_to_string(path).expect("docs/sync-rules.md");
    let start = format!("\n## {heading}\n");
    let (_, rest) = text.split_once(&start).expect(heading);
    rest.split("\n## ").next().expect("a section").to_owned()
}

/// Returns the rows of the first table under a heading, without its head; cells without back ticks.
pub(crate) fn table(heading: &str) -> Vec<Vec<String>> {
    let section = section(heading);
    let table = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    table.skip(2).map(cells).collect()
}

fn cells(row: &str) -> Vec<String> {
    let inside = row.trim_matches('|');
    inside.split('|').map(|cell| cell.trim().replace('`', "")).collect()
}

/// Returns the side that a cell names.
pub(crate) fn side(cell: &str) -> Side {
    let named = Side::ALL.into_iter().find(|side| side.as_str() == cell);
    named.expect(cell)
}

/// Returns the statuses that a cell names, in their order.
pub(crate) fn statuses(cell: &str) -> Vec<Status> {
    let named = |name| Status::ALL.into_iter().find(|status| status.as_str() == name);
    match cell {
        "–" => vec![],
        list => list.split(", ").map(|name| named(name).expect(name)).collect(),
    }
}
