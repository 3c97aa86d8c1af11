//! Rows that a service has written, written once more by nobody but a client: some of them by each
//! statement.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::world::{Database, World};

/// Columns with values of their own: a change's place in the log.
const OWN: &str = "'{seq,xid}'::text[]";

/// Statements that insert so many rows each.
pub struct Inserts(Vec<String>);

impl Inserts {
    /// Makes those of the rows that a table of the store has, in the order of a column. A column that is
    /// null in all of them is left out.
    pub async fn of(store: &Database, table: &str, order: &str, each: u64) -> Result<Self> {
        let rows = store.rows(&query(table, order, each)).await?;
        let statement = |row: &tokio_postgres::Row| {
            let (columns, values): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(format!("insert into {table} ({columns}) values {values}"))
        };
        Ok(Self(rows.iter().map(statement).collect::<Result<_>>()?))
    }

    /// Has statements that were made of several tables run as one, with one commit.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = self.0.into_iter().zip(other.0);
        Self(both.map(|(one, other)| format!("begin; {one}; {other}; commit")).collect())
    }

    /// Runs all of them over the baseline, one after the other; returns how long that took.
    pub async fn run(&self, world: &World) -> Result<Duration> {
        world.clear().await?;
        world.baseline.run("truncate posts; checkpoint").await?;
        let began = Instant::now();
        for statement in &self.0 {
            world.baseline.run(statement).await.context("an insert")?;
        }
        Ok(began.elapsed())
    }
}

fn query(table: &str, order: &str, each: u64) -> String {
    format!(
        "with numbered as (
            select (row_number() over (order by {order}) - 1) / {each} as part,
                row_number() over (order by {order}) as place,
                jsonb_strip_nulls(to_jsonb(it)) - {OWN} as fields
            from {table} as it
        ), literals as (
            select part, place, string_agg(quote_ident(key), ', ' order by key) as columns,
                string_agg(quote_literal(value), ', ' order by key) as literals
            from numbered, jsonb_each_text(fields) group by part, place
        )
        select min(columns), string_agg('(' || literals || ')', ', ' order by place)
        from literals group by part, columns order by part"
    )
}
