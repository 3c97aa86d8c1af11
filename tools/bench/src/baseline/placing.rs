//! One statement that writes what placing an order writes: the same rows, the same indexes.

use anyhow::{Result, ensure};

use super::pgbench::Script;
use crate::world::World;
use crate::world::copies::{NUMBERED, comment, literal, names};
use crate::world::template::{Column, Template, Written};

/// A new id, made as a UUID v7 is: by the time first, so that it comes to lie at the end of the
/// index, and then by chance.
const ID: &str = "encode(
    substr(int8send((1000 * date_part('epoch', clock_timestamp()))::bigint), 3)
        || substr(uuid_send(gen_random_uuid()), 7), 'hex')::uuid";

/// Writes the rows of one order.
const ONE: &str = "with placed as (
    insert into orders ({order_names}) values ({order_values}) returning id
), recorded as (
    insert into changes ({change_names}) select {change_values} from placed returning seq
)
insert into outbox (seq) select seq from recorded;
";

/// Writes those of many orders at once.
const MANY: &str = "with made as materialized (
    select n, {id} as new_id, {id} as new_event_id from generate_series(1, {count}) as n
), placed as (
    insert into orders ({order_names}) select {order_values} from made
), recorded as (
    insert into changes ({change_names}) select {change_values} from made returning seq
)
insert into outbox (seq) select seq from recorded;
";

/// The SQL expressions of what each order has of its own.
struct Own {
    id: &'static str,
    key: &'static str,
    event_id: &'static str,
    numbered: fn(String) -> String,
}

/// The script, with the values of an order that Lockstep has written.
pub async fn script(world: &mut World) -> Result<Script> {
    let Template { placed, .. } = world.template().await?;
    let own = Own { id: ID, key: "id::text", event_id: ID, numbered: |value| value };
    Ok(script_of(&placed, ONE, &own))
}

/// The statement for many orders at once. Each has values of its own, as a batch has.
pub async fn script_of_many(world: &mut World, count: u64) -> Result<Script> {
    let Template { placed, .. } = world.template().await?;
    let many = MANY.replace("{id}", ID).replace("{count}", &count.to_string());
    let numbered = |value| format!("replace({value}, {}, {NUMBERED})", literal(&comment()));
    let own = Own { id: "new_id", key: "new_id::text", event_id: "new_event_id", numbered };
    Ok(script_of(&placed, &many, &own))
}

fn script_of(placed: &Written, text: &str, own: &Own) -> Script {
    let (mut text, mut variables) = (text.to_owned(), vec![]);
    for (table, columns) in [("order", &placed.order), ("change", &placed.change)] {
        let values = columns.iter().map(|column| own.value(table, column));
        let values = values.collect::<Vec<_>>().join(", ");
        text = text.replace(&format!("{{{table}_names}}"), &names(columns));
        text = text.replace(&format!("{{{table}_values}}"), &values);
        let set = columns.iter().filter_map(|column| Some((column, column.value.clone()?)));
        variables.extend(set.map(|(column, value)| (format!("{table}_{}", column.name), value)));
    }
    Script { text, variables }
}

impl Own {
    /// The value of a column: a parameter of the statement, but for ids and times.
    fn value(&self, table: &str, Column { name, kind, value }: &Column) -> String {
        match (name.as_str(), value) {
            ("id", _) => self.id.to_owned(),
            ("key", _) => self.key.to_owned(),
            ("event_id", _) => self.event_id.to_owned(),
            ("at" | "created_at" | "updated_at", _) => "now()".to_owned(),
            (_, None) => format!("null::{kind}"),
            (_, Some(value)) if value.contains(&comment()) => {
                let value = (self.numbered)(format!(":{table}_{name}::text"));
                format!("({value})::{kind}")
            }
            (_, Some(_)) => format!(":{table}_{name}::{kind}"),
        }
    }
}

/// Checks that it wrote so many orders, each with its change, to be published.
pub async fn check(world: &World, orders: u64) -> Result<()> {
    let standing = world.baseline.standing().await?;
    let written = [standing.orders, standing.changes, standing.outbox];
    ensure!(written == [orders; 3], "pgbench placed {orders}, but there are {standing:?}");
    Ok(())
}
