//! The pause of publishing. It is a row in the side's database, so it holds for every replica and
//! every worker, and survives a restart.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::pause;

/// Returns since when publishing is paused; `None` if it is not.
pub async fn since(connection: &AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    RunQueryDsl::first(pause::table.select(pause::since), &mut &*connection).await.optional()
}

/// Pauses publishing. An existing pause continues.
pub async fn begin(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<()> {
    let pause = diesel::insert_into(pause::table).values(pause::since.eq(now));
    pause.on_conflict_do_nothing().execute(connection).await?;
    Ok(())
}

/// Resumes publishing.
pub async fn end(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::delete(pause::table).execute(connection).await?;
    Ok(())
}
