//! Orders as a resource: offering them again.

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared_models::side::Side;
use uuid::Uuid;

use super::order::Order;
use super::record::Record;
use super::storage::{shared_after, shared_of, to_changes};
use crate::change_log::Change;
use crate::database::now;
use crate::resource::Resource;

/// The orders of a side.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// The side.
    pub side: Side,
}

impl Orders {
    fn offers(self, orders: &[Order<()>], principal: Option<&str>) -> QueryResult<Vec<Change>> {
        let now = now();
        let record = |order| Record::offered(self.side, order, now).by(principal);
        to_changes(&orders.iter().map(record).collect::<Vec<_>>())
    }
}

impl Resource for Orders {
    fn table(&self) -> &'static str {
        "orders"
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [Uuid],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move { self.offers(&shared_of(connection, keys).await?, principal) }.boxed()
    }

    fn offers_after<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        after: Option<Uuid>,
        limit: i64,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move { self.offers(&shared_after(connection, after, limit).await?, principal) }
            .boxed()
    }
}
