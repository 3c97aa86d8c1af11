//! docs/security.md against the programs: its table has every route of every program, with those
//! who may use it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use program_kit::http::endpoints::Routes;

/// A line of the table for each method: `| services | GET, HEAD | /v1/orders | read |`.
type Row = [String; 4];

fn rows_of(of: &str, routes: &Routes) -> BTreeSet<Row> {
    let row =
        |(path, method, rule): (&str, &actix_web::http::Method, program_kit::access::Rule)| {
            [of.to_owned(), method.to_string(), path.to_owned(), rule.role_names()]
        };
    routes.rules().map(row).collect()
}

fn documented() -> BTreeSet<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    let table = text.split("## Who may do what").nth(1).unwrap().split("## ").next().unwrap();
    let rows = table.lines().filter(|line| line.contains('/')).filter(|line| line.starts_with('|'));
    let rows = rows.flat_map(|row| {
        let [of, methods, paths, roles] = cells(row);
        let pairs = methods.split(", ").flat_map(move |method| {
            paths
                .split(", ")
                .map(move |path| (method.to_owned(), path.to_owned()))
                .collect::<Vec<_>>()
        });
        pairs.map(move |(method, path)| [of.to_owned(), method, path, roles.to_owned()])
    });
    rows.collect()
}

fn cells(row: &str) -> [&str; 4] {
    let cells = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`'));
    cells.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("not four cells: {row}"))
}

#[test]
fn the_table_has_every_route_of_every_program_and_no_other() {
    let (store, warehouse) = (store_svc::records().paths(), warehouse_svc::records().paths());
    let (store, warehouse) = (rows_of("services", &store), rows_of("services", &warehouse));
    let only = |side: &'static str, mine: &BTreeSet<Row>, others: &BTreeSet<Row>| {
        let only = mine.difference(others).cloned();
        only.map(|[_, method, path, roles]| [side.to_owned(), method, path, roles])
            .collect::<Vec<_>>()
    };
    let only_one = [only("store", &store, &warehouse), only("warehouse", &warehouse, &store)];
    let worker = rows_of("worker", &sync_worker::http::paths().and(sync_worker::console::paths()));
    let both = store.intersection(&warehouse).cloned();
    let expected = both.chain(only_one.into_iter().flatten()).chain(worker);
    assert_eq!(documented(), expected.collect());
}
