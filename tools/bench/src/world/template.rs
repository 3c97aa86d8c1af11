//! The rows that Lockstep writes, taken from what it has just written, so that they can be written
//! many times at once without it.

use anyhow::Result;
use program_kit::access::Role;
use serde_json::json;
use shared_models::side::Side;

use super::{Database, World, checks, sides};
use crate::orders::order;

/// The number of the order that the others are made from.
pub const NUMBER: u64 = 1;

/// The rows in the databases of one order that was placed at the store and then picked.
#[derive(Clone, Debug)]
pub struct Template {
    /// At the store, when it was placed.
    pub placed: Written,
    /// At the warehouse, when it had arrived there.
    pub arrived: Written,
    /// At the warehouse, when it was being picked.
    pub picked: Written,
}

/// An order, and the last change of it, as they stand in a database.
#[derive(Clone, Debug)]
pub struct Written {
    /// The row of `orders`.
    pub order: Vec<Column>,
    /// The row of `changes`.
    pub change: Vec<Column>,
}

/// The value of one column that a writer sets.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its value as text.
    pub value: Option<String>,
}

impl Template {
    /// Has Lockstep write one order; afterwards nothing is left of it.
    pub(super) async fn take(world: &mut World) -> Result<Self> {
        world.clear().await?;
        world.go_round().await?;
        sides::place(&world.store, order(NUMBER)).await?;
        checks::arrived(world, 1, 1).await?;
        let placed = Written::last(&world.databases.store).await?;
        let arrived = Written::last(&world.databases.warehouse).await?;
        let path = format!("/v1/orders/{}", placed.value("key"));
        let picking = json!({"status": "picking"});
        sides::patch(&world.warehouse, Role::Write, &path, &picking).await?;
        world.recorded(Side::Store, 2).await?;
        world.agree(1).await?;
        let picked = Written::last(&world.databases.warehouse).await?;
        world.clear().await?;
        Ok(Self { placed, arrived, picked })
    }
}

impl Written {
    async fn last(database: &Database) -> Result<Self> {
        let order = columns(database, "orders", "order by updated_at desc limit 1").await?;
        let change = columns(database, "changes", "order by seq desc limit 1").await?;
        Ok(Self { order, change })
    }

    /// The value of a column of the change.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        let column = self.change.iter().find(|column| column.name == name);
        column.and_then(|column| column.value.as_deref()).unwrap_or_default()
    }
}

/// The columns of a row, without those that PostgreSQL itself sets.
async fn columns(database: &Database, table: &str, which: &str) -> Result<Vec<Column>> {
    let set = format!(
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute
         where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped
             and attgenerated = '' and attidentity = '' and not atthasdef order by attnum"
    );
    let set = database.rows(&set).await?;
    let mut columns = vec![];
    for row in set {
        columns.push(Column { name: row.try_get(0)?, kind: row.try_get(1)?, value: None });
    }
    let names = columns.iter().map(|column| format!("{}::text", column.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let row = database.row(&format!("select {names} from {table} {which}")).await?;
    for (index, column) in columns.iter_mut().enumerate() {
        column.value = row.try_get(index)?;
    }
    Ok(columns)
}
