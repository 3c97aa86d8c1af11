//! What callers see of offers, and end of them.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::database::schema::offers;
use crate::offers::Offer;

/// The offers under way after one of them, in the order in which they were asked for.
pub(in crate::offers) async fn list(
    connection: &AsyncPgConnection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Offer>> {
    let some = offers::table.filter(offers::id.gt(after)).order(offers::id).limit(limit);
    RunQueryDsl::load(some.select(Offer::as_select()), &mut &*connection).await
}

/// One offer.
pub(in crate::offers) async fn find(
    connection: &AsyncPgConnection,
    id: i64,
) -> QueryResult<Option<Offer>> {
    let one = offers::table.find(id).select(Offer::as_select());
    RunQueryDsl::first(one, &mut &*connection).await.optional()
}

/// Removes an offer; `false` where there is none. Waits for a step of it that is under way.
pub(in crate::offers) async fn remove(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> QueryResult<bool> {
    let removed = diesel::delete(offers::table.find(id)).execute(connection).await?;
    Ok(removed > 0)
}
