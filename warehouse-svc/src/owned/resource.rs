//! The registration of a kind of records.

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use program_kit::http::endpoints::Routes;
use serde_json::Map;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::records::Registration;
use service_kit::resource::{Removals, Resource, Table};

use super::input::parse_id;
use super::kind::Kind;
use super::record::{Author, Happened, Record, Written};
use super::{listing, storage};

/// Registers a kind of records, with the migrations of its tables and with its paths.
pub(crate) fn register(
    kind: &'static Kind,
    migrations: EmbeddedMigrations,
    paths: impl Fn() -> Routes + Send + Sync + 'static,
) -> Registration {
    Registration::new(Owned(kind), migrations, paths)
}

/// The records of a kind, as a resource.
#[derive(Clone, Copy, Debug)]
struct Owned(&'static Kind);

impl Owned {
    async fn offers(
        self,
        connection: &mut AsyncPgConnection,
        records: Vec<Record>,
        principal: Option<&str>,
    ) -> QueryResult<Vec<Change>> {
        let offered = |record| Written {
            record,
            happened: Happened::Offered,
            conflicts: vec![],
            more: Map::new(),
        };
        let mut offers = records.into_iter().map(offered).collect::<Vec<_>>();
        storage::add_more(connection, self.0, &mut offers).await?;
        storage::to_changes(self.0, &offers, Author { at: now(), principal, trace: None })
    }
}

impl Resource for Owned {
    fn name(&self) -> &'static str {
        self.0.resource
    }

    fn table(&self) -> Table {
        Table { name: self.0.table, key: "id", key_type: "bigint" }
    }

    fn key(&self, text: &str) -> Option<String> {
        parse_id(text).map(|id| id.to_string())
    }

    fn must_arrive(&self) -> bool {
        false
    }

    fn feed(&self) -> &'static str {
        self.0.feed
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let ids = keys.iter().filter_map(|key| parse_id(key)).collect::<Vec<_>>();
            let records = storage::find_all(connection, self.0, &ids).await?;
            self.offers(connection, records, principal).await
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
            let after = after.and_then(parse_id);
            let records = listing::after_id(connection, self.0, after, limit).await?;
            self.offers(connection, records, principal).await
        }
        .boxed()
    }

    fn removals(&self) -> Option<Removals> {
        Some(Removals { which: "deleted", at: "updated_at" })
    }
}
