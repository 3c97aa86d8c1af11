//! Whether this site publishes. A pause is a row in its database, so it holds for every replica and
//! every worker, and survives a restart.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::pause;

/// Since when nothing is published; `None` where it is.
pub async fn since(connection: &AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    RunQueryDsl::first(pause::table.select(pause::since), &mut &*connection).await.optional()
}

/// From now on nothing is published. A pause that is there already goes on.
pub async fn begin(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<()> {
    let pause = diesel::insert_into(pause::table).values(pause::since.eq(now));
    pause.on_conflict_do_nothing().execute(connection).await?;
    Ok(())
}

/// From now on it is published again.
pub async fn end(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::delete(pause::table).execute(connection).await?;
    Ok(())
}
