//! Migrations: the owner of the tables creates and updates them. The running service may not: it
//! only checks them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::DatabaseSettings;
use super::connect::connect;
use super::tables::{Migration, Tables};

/// The migrations that make the tables of every service.
const COMMON: EmbeddedMigrations = embed_migrations!();

/// The migrations of a service: the common ones, and those of its records.
#[derive(Clone)]
pub struct Migrations(Arc<[EmbeddedMigrations]>);

impl Migrations {
    /// Creates the migrations of a service from those of its records.
    #[must_use]
    pub fn with(records: impl IntoIterator<Item = EmbeddedMigrations>) -> Self {
        Self(std::iter::once(COMMON).chain(records).collect())
    }

    /// Returns each one's version and name, in their order.
    fn needed(&self) -> Result<Vec<Migration>, Cause> {
        let mut migrations = self.migrations()?;
        migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
        let one = |migration: Box<dyn diesel::migration::Migration<Pg>>| Migration {
            version: migration.name().version().to_string(),
            name: migration.name().to_string(),
        };
        Ok(migrations.into_iter().map(one).collect())
    }
}

impl MigrationSource<Pg> for Migrations {
    fn migrations(&self) -> Result<Vec<Box<dyn diesel::migration::Migration<Pg>>>, Cause> {
        let each = self.0.iter().map(MigrationSource::<Pg>::migrations);
        Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.needed().unwrap_or_default()).finish()
    }
}

/// The lock that is held while migrating, so that only one of several migrators runs at a time.
const MIGRATION_LOCK: i64 = 0x6c6f_636b_0001;

/// The pause between two attempts to take the lock.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The error of migrating or checking the tables.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database cannot be reached.
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    /// The database refuses a statement.
    #[error("{0}")]
    Query(#[from] diesel::result::Error),
    /// A migration fails.
    #[error("a migration failed: {0} (only the owner of the tables can migrate)")]
    Migration(Cause),
    /// The tables are of a version from before the first migration of this one.
    #[error("{0}")]
    Earlier(String),
    /// Another process holds the lock for too long.
    #[error(
        "another process was still migrating after {0:?}; raise database.migrate_timeout, or retry later"
    )]
    Busy(Duration),
    /// The database does not answer.
    #[error("the database did not answer within {0:?}")]
    Timeout(Duration),
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

#[derive(QueryableByName)]
struct Ran {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Brings the tables up to date, as their owner; returns the names of the migrations that ran.
pub async fn migrate(
    settings: &DatabaseSettings,
    migrations: &Migrations,
    name: &str,
) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(settings, &format!("{name} migrations")).await?;
    // Changing a large table may take longer than any statement of the running service.
    diesel::sql_query("set statement_timeout = 0").execute(&mut connection).await?;
    lock(&mut connection, settings.migrate_timeout).await?;
    let tables = compare(&mut connection, migrations).await?;
    if let Some(reason) = tables.cannot_be_migrated() {
        return Err(MigrateError::Earlier(reason));
    }
    let mut harness = AsyncMigrationHarness::new(connection);
    let ran =
        harness.run_pending_migrations(migrations.clone()).map_err(MigrateError::Migration)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

/// Acquires the migration lock, which is released with the session. This polls rather than waiting
/// within a statement: such a wait would end with `lock_timeout`, which is meant for the tables,
/// and would hold a snapshot for which a concurrent index build would wait.
async fn lock(connection: &mut AsyncPgConnection, timeout: Duration) -> Result<(), MigrateError> {
    let began = Instant::now();
    let mut is_logged = false;
    loop {
        let query = diesel::sql_query("select pg_try_advisory_lock($1) as answer");
        let query = query.bind::<BigInt, _>(MIGRATION_LOCK);
        if query.get_result::<Answer>(connection).await?.answer {
            return Ok(());
        }
        if !is_logged {
            tracing::info!("another process is migrating; waiting up to {timeout:?}");
            is_logged = true;
        }
        if began.elapsed() >= timeout {
            return Err(MigrateError::Busy(timeout));
        }
        sleep(BETWEEN_TRIES).await;
    }
}

/// Compares the tables with what this program needs.
pub(super) async fn check_tables(
    settings: &DatabaseSettings,
    migrations: &Migrations,
    name: &str,
) -> Result<Tables, MigrateError> {
    let checking = async {
        let mut connection = connect(settings, &format!("{name} table check")).await?;
        compare(&mut connection, migrations).await
    };
    let checked = tokio::time::timeout(settings.deadline, checking).await;
    checked.unwrap_or(Err(MigrateError::Timeout(settings.deadline)))
}

async fn compare(
    connection: &mut AsyncPgConnection,
    migrations: &Migrations,
) -> Result<Tables, MigrateError> {
    let needed = migrations.needed().map_err(MigrateError::Migration)?;
    Ok(Tables::compare(&needed, &ran(connection).await?))
}

/// Returns the versions of the migrations that have run.
async fn ran(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let query = "select to_regclass('__diesel_schema_migrations') is not null as answer";
    if !diesel::sql_query(query).get_result::<Answer>(connection).await?.answer {
        return Ok(vec![]);
    }
    let query = "select version from __diesel_schema_migrations order by version";
    let ran = diesel::sql_query(query).load::<Ran>(connection).await?;
    Ok(ran.into_iter().map(|ran| ran.version).collect())
}
