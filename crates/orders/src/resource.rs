//! Orders as the records of a service: offering them again, and their routes.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::result::Error::QueryBuilderError;
use diesel_async::AsyncPgConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use program_kit::http::endpoints::Routes;
use serde_json::Value;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::records::Registration;
use service_kit::resource::{EventFilter, Resource, Table};
use service_kit::service::Service;
use shared_models::order::{Status, expectation};
use shared_models::side::Side;
use uuid::Uuid;

use super::comparison;
use super::order::{Domain, Order, RESOURCE};
use super::record::Record;
use super::storage::{shared_after, shared_of, to_changes};
use super::writer::{WriteQueues, Writer};

/// The values within an event by which the feed of orders can be filtered.
const FEED_FILTERS: &[EventFilter] = &[
    EventFilter { name: "status", pointer: "/progress/status", check: check_status },
    EventFilter { name: "company", pointer: "/delivery/company", check: check_company },
];

fn check_status(text: &str) -> Result<(), &'static str> {
    let status = serde_json::from_value::<Status>(Value::String(text.to_owned()));
    let expected = expectation("status").unwrap_or("the status of an order");
    status.map(drop).map_err(|_| expected)
}

fn check_company(text: &str) -> Result<(), &'static str> {
    let expected = expectation("company").unwrap_or("the company of an order");
    if text.is_empty() { Err(expected) } else { Ok(()) }
}

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

/// Registers the orders of a side with its paths.
pub fn register<D: Domain>(paths: fn() -> Routes) -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
    let queues = WriteQueues::default();
    let paths = move || paths().expecting(D::expectation);
    let writer = move |service: &Service| {
        let (database, relay) = (service.database.clone(), service.relay.clone());
        Data::new(Writer::<D>::new(database, relay, queues.clone()))
    };
    Registration::new(Orders { side: D::SIDE }, MIGRATIONS, paths).sharing(writer)
}

/// Returns the error that there is no order of this id.
#[must_use]
pub fn unknown(id: Uuid) -> Error {
    Error::Unknown(RESOURCE, id.to_string())
}

/// Returns the id that stands for a key.
fn id(key: &str) -> QueryResult<Uuid> {
    let wrong = |_| QueryBuilderError(format!("expected a UUID as the key, found {key:?}").into());
    key.parse().map_err(wrong)
}

impl Resource for Orders {
    fn name(&self) -> &'static str {
        RESOURCE
    }

    fn table(&self) -> Table {
        Table { name: "orders", key: "id", key_type: "uuid" }
    }

    fn key(&self, text: &str) -> Option<String> {
        text.parse::<Uuid>().ok().map(|id| id.to_string())
    }

    fn must_arrive(&self) -> bool {
        true
    }

    fn feed(&self) -> &'static str {
        "/v1/orders/changes"
    }

    fn event_filters(&self) -> &'static [EventFilter] {
        FEED_FILTERS
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let ids = keys.iter().map(|key| id(key)).collect::<QueryResult<Vec<_>>>()?;
            self.offers(&shared_of(connection, &ids).await?, principal)
        }
        .boxed()
    }

    fn offers_after<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        after: Option<&'a str>,
        limit: i64,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let after = after.map(id).transpose()?;
            self.offers(&shared_after(connection, after, limit).await?, principal)
        }
        .boxed()
    }

    /// What was not compared is looked for in the log.
    fn has_read<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        since: DateTime<Utc>,
    ) -> BoxFuture<'a, QueryResult<Option<i64>>> {
        comparison::compared_since(connection, since).boxed()
    }
}
