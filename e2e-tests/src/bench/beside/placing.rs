//! One statement that writes what placing an order writes: the same rows, the same indexes.

use anyhow::{Result, ensure};

use super::pgbench::Script;
use crate::bench::orders::order;
use crate::bench::world::{World, sites};

/// The rows of an order that Lockstep has placed, to be written again under other ids.
///
/// The ids are made as those of a UUID v7 are: by the time first, so that they come to lie at the
/// end of the index, and then by chance.
const PLACE: &str = "
with placed as (
    insert into orders (id, delivery, progress, private, version, created_at, updated_at)
    values (encode(substr(int8send((1000 * date_part('epoch', clock_timestamp()))::bigint), 3)
            || substr(uuid_send(gen_random_uuid()), 7), 'hex')::uuid,
        :delivery::jsonb, :progress::jsonb, :private::jsonb, 1, now(), now())
    returning id
), recorded as (
    insert into changes
        (event_id, order_id, kind, origin, version, at, body, private, conflicts, principal)
    select encode(substr(int8send((1000 * date_part('epoch', clock_timestamp()))::bigint), 3)
            || substr(uuid_send(gen_random_uuid()), 7), 'hex')::uuid,
        id, :kind, :origin, 1, now(), :body, :private::jsonb, null, :principal
    from placed
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
    Ok(Script { text: PLACE.to_owned(), variables: variables.collect::<Result<_>>()? })
}

/// Checks that it wrote so many orders, each with its change, to be published.
pub async fn check(world: &World, orders: u64) -> Result<()> {
    let standing = world.baseline.standing().await?;
    let written = [standing.orders, standing.changes, standing.outbox];
    ensure!(written == [orders; 3], "pgbench placed {orders}, but there are {standing:?}");
    Ok(())
}
