//! A kind of records: what offers and parked changes have to know of it.

use std::fmt::Debug;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::change_log::Change;

/// A kind of records that this service keeps, and can publish again as they are now.
pub trait Resource: Debug + Send + Sync + 'static {
    /// Returns the table of the records. Its primary key is `id`.
    fn table(&self) -> &'static str;

    /// Returns an offer of each of these records that exists, in any order. `principal` is the one
    /// that requested it, if known.
    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [Uuid],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>>;

    /// Returns an offer of each of the next `limit` records after a key, in the order of the keys.
    fn offers_after<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        after: Option<Uuid>,
        limit: i64,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>>;
}
