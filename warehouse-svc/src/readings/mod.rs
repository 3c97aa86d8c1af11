//! Stock readings, and their synchronization with clients that come and go. What is promised to a client
//! is in docs/readings.md.
//!
//! `record`, `request`, `rules` and `cursor` decide, and know no database; `storage` and `listing` have all
//! the SQL.

mod cursor;
mod describe;
mod listing;
mod record;
mod request;
mod routes;
mod rules;
mod settings;
mod storage;
mod sync;

use actix_web::web::Data;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::records::Registration;
use service_kit::resource::{Removals, Resource, Table};
use service_kit::sections::Section as _;

use record::{Author, RESOURCE, Reading, is_gtin};
use settings::ReadingSettings;

/// The defaults of the section `[readings]`, as TOML with comments.
pub(crate) const DEFAULTS: &str = ReadingSettings::DEFAULTS;

/// Registers readings.
pub(crate) fn register() -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/readings");
    Registration::new(Readings, MIGRATIONS, routes::paths)
        .configured::<ReadingSettings, _>(|_, settings| Data::new(*settings))
}

/// The readings of the warehouse.
#[derive(Clone, Copy, Debug)]
struct Readings;

impl Readings {
    fn offers<'a>(
        readings: impl IntoIterator<Item = &'a Reading>,
        principal: Option<&str>,
    ) -> QueryResult<Vec<Change>> {
        let author = Author { at: now(), principal, trace: None, client: None };
        storage::to_changes(readings, |reading| reading.offered(author))
    }
}

impl Resource for Readings {
    fn name(&self) -> &'static str {
        RESOURCE
    }

    fn table(&self) -> Table {
        Table { name: "readings", key: "gtin", key_type: "text" }
    }

    fn key(&self, text: &str) -> Option<String> {
        is_gtin(text).then(|| text.to_owned())
    }

    fn must_arrive(&self) -> bool {
        false
    }

    fn feed(&self) -> &'static str {
        "/v1/readings/changes"
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let keys = keys.iter().map(String::as_str).collect::<Vec<_>>();
            Self::offers(storage::find_all(connection, &keys).await?.values(), principal)
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
        async move { Self::offers(&listing::after_key(connection, after, limit).await?, principal) }
            .boxed()
    }

    fn removals(&self) -> Option<Removals> {
        Some(Removals { which: "deleted", at: "changed_at" })
    }
}
