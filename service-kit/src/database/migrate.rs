//! The tables are made, or brought up to date, before anything is served from them.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

use super::connect::connect;
use crate::settings::DatabaseSettings;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Held while migrating, so that of several replicas that start at once one does it.
const MIGRATION_LOCK: i64 = 0x6c6f_636b_0001;

/// Why the tables could not be brought up to date.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The database cannot be reached.
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    /// The database refuses.
    #[error("{0}")]
    Query(#[from] diesel::result::Error),
    /// A migration fails.
    #[error("a migration failed: {0}")]
    Migration(Box<dyn std::error::Error + Send + Sync>),
}

/// Brings the tables up to date; names the migrations that it ran.
pub async fn migrate(settings: &DatabaseSettings, name: &str) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(settings, &format!("{name} migrations")).await?;
    // A large table may take longer to change than any statement of the running service.
    diesel::sql_query("set statement_timeout = 0").execute(&mut connection).await?;
    lock(&mut connection).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let ran = harness.run_pending_migrations(MIGRATIONS).map_err(MigrateError::Migration)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

async fn lock(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    // Freed with the session.
    let query = diesel::sql_query("select pg_advisory_lock($1)");
    query.bind::<BigInt, _>(MIGRATION_LOCK).execute(connection).await?;
    Ok(())
}
