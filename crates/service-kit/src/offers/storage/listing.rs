//! Listing offers, and ending them, for callers.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::offers;
use crate::offers::Offer;

/// Returns the offers under way with a greater id, in the order of their requests.
pub(in crate::offers) async fn list(
    connection: &AsyncPgConnection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Offer>> {
    let some = offers::table.filter(offers::id.gt(after)).order(offers::id).limit(limit);
    RunQueryDsl::load(some.select(Offer::as_select()), &mut &*connection).await
}

/// Returns an offer.
pub(in crate::offers) async fn find(
    connection: &AsyncPgConnection,
    id: i64,
) -> QueryResult<Option<Offer>> {
    let one = offers::table.find(id).select(Offer::as_select());
    RunQueryDsl::first(one, &mut &*connection).await.optional()
}

/// Removes an offer; returns `false` if there is none. Waits for a step of it that is under way.
pub(in crate::offers) async fn remove(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> QueryResult<bool> {
    let removed = diesel::delete(offers::table.find(id)).execute(connection).await?;
    Ok(removed > 0)
}
