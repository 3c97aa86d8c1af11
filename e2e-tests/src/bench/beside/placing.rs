//! One statement that writes what placing an order writes: the same rows, the same indexes.

use anyhow::{Result, ensure};

use super::pgbench::Script;
use crate::bench::orders::order;
use crate::bench::world::{World, sites};

/// A new id, made as a UUID v7 is: by the time first, so that it comes to lie at the end of the
/// index, and then by chance.
const ID: &str = "encode(
    substr(int8send((1000 * date_part('epoch', clock_timestamp()))::bigint), 3)
        || substr(uuid_send(gen_random_uuid()), 7), 'hex')::uuid";

/// The rows of an order that Lockstep has placed, to be written again under other ids.
const PLACE: &str = "
with placed as (
    insert into orders (id, delivery, progress, private, version, created_at, updated_at)
    values ({id},
        :delivery::jsonb, :progress::jsonb, :private::jsonb, 1, now(), now())
    returning id
), recorded as (
    insert into changes
        (event_id, order_id, kind, origin, version, at, body, private, conflicts, principal)
    select {id},
        id, :kind, :origin, 1, now(), :body, :private::jsonb, null, :principal
    from placed
    returning seq
)
insert into outbox (seq) select seq from recorded;
";

const PLACE_MANY: &str = "
with made as materialized (
    select n, {id} as id, {id} as event_id from generate_series(1, {count}) as n
), placed as (
    insert into orders (id, delivery, progress, private, version, created_at, updated_at)
    select id, replace(:delivery, '\"order 1\"', '\"order ' || n || '\"')::jsonb,
        (:progress::text)::jsonb, (:private::text)::jsonb, 1, now(), now()
    from made
), recorded as (
    insert into changes
        (event_id, order_id, kind, origin, version, at, body, private, conflicts, principal)
    select event_id, id, :kind, :origin, 1, now(),
        replace(:body, '\"order 1\"', '\"order ' || n || '\"'),
        (:private::text)::jsonb, null, :principal
    from made
    returning seq
)
insert into outbox (seq) select seq from recorded;
";

const PLACED: &str = "
select delivery::text, progress::text, orders.private::text, kind, origin, body, principal
from orders join changes on order_id = orders.id limit 1";

/// The script, with the values of an order that Lockstep has just written.
pub async fn script(world: &World) -> Result<Script> {
    world.clear().await?;
    sites::place(&world.store, order(1)).await?;
    let row = world.databases.store.row(PLACED).await?;
    let columns = ["delivery", "progress", "private", "kind", "origin", "body", "principal"];
    let variables = columns.into_iter().enumerate();
    let variables = variables.map(|(index, name)| Ok((name, row.try_get(index)?)));
    Ok(Script { text: PLACE.replace("{id}", ID), variables: variables.collect::<Result<_>>()? })
}

/// Checks that it wrote so many orders, each with its change, to be published.
pub async fn check(world: &World, orders: u64) -> Result<()> {
    let standing = world.baseline.standing().await?;
    let written = [standing.orders, standing.changes, standing.outbox];
    ensure!(written == [orders; 3], "pgbench placed {orders}, but there are {standing:?}");
    Ok(())
}

/// The same for so many orders in one statement. Each has values of its own, as a batch has.
pub async fn script_of_many(world: &World, count: u64) -> Result<Script> {
    let one = script(world).await?;
    let text = PLACE_MANY.replace("{id}", ID).replace("{count}", &count.to_string());
    Ok(Script { text, ..one })
}
