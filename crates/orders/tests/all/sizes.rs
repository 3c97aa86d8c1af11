//! The sizes of docs/operations.md, measured: run by hand, as it takes a while and prints.

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use orders::storage;
use shared_models::side::Side;
use test_kit::{TestDatabase, TestService, change_of, delivery_to};
use uuid::Uuid;

use crate::creating::new;
use crate::plain::plain;

/// The number of orders, and of changes of each: one made here, one from the peer.
const ORDERS: usize = 50_000;

const SIZES: &str = "
select relname::text as name, pg_table_size(oid) / greatest(reltuples::bigint, 1) as bytes
from pg_class where relname in ('orders', 'changes', 'outbox')
union all
select index.relname::text, pg_relation_size(index.oid) / greatest(tables.reltuples::bigint, 1)
from pg_class as index join pg_index on pg_index.indexrelid = index.oid
join pg_class as tables on tables.oid = pg_index.indrelid
where tables.relname in ('orders', 'changes', 'outbox')
union all
select 'row of changes', avg(pg_column_size(changes.*))::bigint from changes
union all
select 'event', avg(length(body))::bigint from changes
order by name";

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Writes orders as callers do, and the changes that the peer makes of each.
async fn fill(side: &TestService) {
    let mut connection = side.database.connect().await;
    for _ in 0..ORDERS / 500 {
        let ids = (0..500).map(|_| Uuid::now_v7()).collect::<Vec<_>>();
        let orders = ids.iter().map(|id| new(*id, "Harbour Tools")).collect::<Vec<_>>();
        storage::create(&mut connection, &orders).await.unwrap();
        let peer = |id: &Uuid| change_of(*id, delivery_to("2 Side Street", 1, 1), None);
        let changes = ids.iter().map(peer).collect::<Vec<_>>();
        side.client.sync(Side::Warehouse, &changes).await.with(200);
    }
}

async fn sizes(database: &TestDatabase) -> Vec<Size> {
    database.run("vacuum analyze").await;
    sql_query(SIZES).load(&mut database.connect().await).await.unwrap()
}

#[tokio::test]
#[ignore = "measures for docs/operations.md"]
async fn sizes_of_orders_changes_and_index_entries() {
    let side = TestService::start("plain", plain()).await;
    fill(&side).await;
    let changes = side.database.count("changes").await;
    assert_eq!(changes, 2 * ORDERS as i64);
    for Size { name, bytes } in sizes(&side.database).await {
        println!("{name}: {bytes} bytes");
    }
}
