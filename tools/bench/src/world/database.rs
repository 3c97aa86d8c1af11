//! One database, as an administrator sees it: emptied, counted, read back.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio_postgres::{Client, NoTls, Row};

/// A statement that takes longer is stuck.
const LIMIT: Duration = Duration::from_secs(300);

const CLEAR: &str = "
truncate orders, changes, outbox, offers, parked, parked_events";

const STANDING: &str = "
select jsonb_build_object(
    'orders', count(*),
    'changes', (select count(*) from changes),
    'outbox', (select count(*) from outbox),
    'parked', (select count(*) from parked),
    'digest', coalesce(sum(hashtextextended(concat(id, delivery, progress), 0)), 0)::text
)::text from orders";

/// A connection to a database.
pub struct Database {
    client: Client,
    /// The number of the last change before it was cleared. As at a side, numbers are never given
    /// again.
    cleared: AtomicU64,
}

/// The standing of a database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Orders.
    pub orders: u64,
    /// Changes of them, wherever they were decided.
    pub changes: u64,
    /// Changes that RabbitMQ has not confirmed.
    pub outbox: u64,
    /// Changes that could not be carried.
    pub parked: u64,
    /// The digest of what the sides share of all orders: ids, both facets, their revisions.
    pub digest: String,
}

impl Standing {
    /// Returns whether two sides have the same orders, and nothing is left over.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        (self.orders, &self.digest) == (other.orders, &other.digest)
            && [self, other].iter().all(|side| side.outbox == 0 && side.parked == 0)
    }
}

impl Database {
    /// Connects to the database at a URL.
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // It ends with the client; what goes wrong with it, the next statement says.
        tokio::spawn(connection);
        Ok(Self { client, cleared: AtomicU64::new(0) })
    }

    /// Runs statements that give nothing.
    pub async fn run(&self, statements: &str) -> Result<()> {
        within(statements, self.client.batch_execute(statements)).await
    }

    /// The rows of a query.
    pub async fn rows(&self, query: &str) -> Result<Vec<Row>> {
        within(query, self.client.query(query, &[])).await
    }

    /// The one row of a query.
    pub async fn row(&self, query: &str) -> Result<Row> {
        within(query, self.client.query_one(query, &[])).await
    }

    /// The one number of a query.
    pub async fn number(&self, query: &str) -> Result<i64> {
        Ok(self.row(query).await?.try_get(0)?)
    }

    /// Empties all tables.
    pub(super) async fn clear(&self) -> Result<()> {
        self.run(CLEAR).await?;
        self.cleared.store(self.last_change().await?, Ordering::Relaxed);
        Ok(())
    }

    /// The number of changes that were recorded since it was cleared, without counting them.
    pub async fn recorded(&self) -> Result<u64> {
        Ok(self.last_change().await?.saturating_sub(self.cleared.load(Ordering::Relaxed)))
    }

    /// The number of the last change.
    pub async fn last_change(&self) -> Result<u64> {
        let given = "select case when is_called then last_value else 0 end from changes_seq_seq";
        Ok(self.number(given).await?.try_into()?)
    }

    /// The standing of the database.
    pub async fn standing(&self) -> Result<Standing> {
        let row = self.row(STANDING).await?;
        Ok(serde_json::from_str(row.try_get(0)?)?)
    }
}

async fn within<T>(
    statement: &str,
    running: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    let ran = tokio::time::timeout(LIMIT, running).await;
    let what = || format!("PostgreSQL was asked: {statement}");
    ran.with_context(what)?.with_context(what)
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}
