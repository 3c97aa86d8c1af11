//! Migrations: the owner of the tables creates and updates them. The running service may not: it
//! only checks them.

use std::time::Duration;

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

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

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
    /// Another process holds the lock for too long.
    #[error("another process was still migrating after {0:?} (database.migrate_timeout)")]
    Busy(Duration),
    /// The database does not answer.
    #[error("no answer within {0:?}")]
    Silent(Duration),
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Ran {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Brings the tables up to date, as their owner; returns the names of the migrations that ran.
pub async fn migrate(settings: &DatabaseSettings, name: &str) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(settings, &format!("{name} migrations")).await?;
    // Changing a large table may take longer than any statement of the running service.
    diesel::sql_query("set statement_timeout = 0").execute(&mut connection).await?;
    lock(&mut connection, settings.migrate_timeout).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let ran = harness.run_pending_migrations(MIGRATIONS).map_err(MigrateError::Migration)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

/// Takes the migration lock, which is released with the session. It polls rather than waiting
/// within a statement: such a wait would end with `lock_timeout`, which is meant for the tables,
/// and would hold a snapshot for which a concurrent index build would wait.
async fn lock(connection: &mut AsyncPgConnection, patience: Duration) -> Result<(), MigrateError> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let query = diesel::sql_query("select pg_try_advisory_lock($1) as there");
        let query = query.bind::<BigInt, _>(MIGRATION_LOCK);
        if query.get_result::<There>(connection).await?.there {
            return Ok(());
        }
        if !is_told {
            tracing::info!("another process is migrating; waiting for up to {patience:?}");
            is_told = true;
        }
        if began.elapsed() >= patience {
            return Err(MigrateError::Busy(patience));
        }
        sleep(BETWEEN_TRIES).await;
    }
}

/// Compares the tables with what this program needs.
pub(super) async fn look(settings: &DatabaseSettings, name: &str) -> Result<Tables, MigrateError> {
    let looking = async {
        let mut connection = connect(settings, &format!("{name} looking")).await?;
        let ran = ran(&mut connection).await?;
        Ok(Tables::compare(&needed().map_err(MigrateError::Migration)?, &ran))
    };
    let looked = tokio::time::timeout(settings.deadline, looking).await;
    looked.unwrap_or(Err(MigrateError::Silent(settings.deadline)))
}

fn needed() -> Result<Vec<Migration>, Cause> {
    let migrations = diesel::migration::MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
    let one = |migration: Box<dyn diesel::migration::Migration<Pg>>| Migration {
        version: migration.name().version().to_string(),
        name: migration.name().to_string(),
    };
    Ok(migrations.into_iter().map(one).collect())
}

/// Returns the versions of the migrations that have run.
async fn ran(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let asked = "select to_regclass('__diesel_schema_migrations') is not null as there";
    if !diesel::sql_query(asked).get_result::<There>(connection).await?.there {
        return Ok(vec![]);
    }
    let asked = "select version from __diesel_schema_migrations order by version";
    let ran = diesel::sql_query(asked).load::<Ran>(connection).await?;
    Ok(ran.into_iter().map(|ran| ran.version).collect())
}
