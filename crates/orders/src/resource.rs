//! Orders as the records of a service: offering them again, and their routes.

use std::sync::Arc;

use actix_web::web::Data;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use program_kit::http::body::Expectations;
use program_kit::http::resource::Routes;
use service_kit::application::Records;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::resource::Resource;
use service_kit::service::Service;
use shared_models::side::Side;
use uuid::Uuid;

use super::order::{Domain, Order};
use super::record::Record;
use super::storage::{shared_after, shared_of, to_changes};
use super::turns::Turns;
use super::writer::Writer;

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

/// Returns the orders of a side as the records of its service. `routes` are those of the side.
pub fn records<D: Domain>(
    routes: impl Fn() -> Routes + Clone + Send + 'static,
) -> Records<impl Fn(&Service) -> Routes + Clone + Send + 'static> {
    let turns = Turns::default();
    let routes = move |service: &Service| {
        let (database, relay) = (service.database.clone(), service.relay.clone());
        let writer = Writer::<D>::new(database, relay, turns.clone());
        routes().sharing(Data::new(writer)).sharing(Expectations(D::expectation))
    };
    Records { side: D::SIDE, resource: Arc::new(Orders { side: D::SIDE }), routes }
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
