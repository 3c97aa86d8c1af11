//! A service of two small resources, for tests of what every service shares: notes, whose changes
//! must arrive, and pings, whose changes are only for those who have bound a queue.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use chrono::{DateTime, Utc};
use diesel::result::Error as QueryError;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{QueryResult, QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use program_kit::access::Rule;
use program_kit::http::endpoints::{Routes, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use serde_json::{Value, json};
use service_kit::change_log::{self, Change};
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::records::{Records, Registration};
use service_kit::resource::{EventFilter, Resource, Table};
use service_kit::service::Service;
use shared_models::SCHEMA;
use shared_models::side::Side;
use uuid::Uuid;

use super::TestDatabase;

/// The side of the service.
const SIDE: Side = Side::Store;

/// The most notes in an answer.
const LISTED: i64 = 100;

/// The routing key of every change of a note.
pub const NOTE_EVENTS: &str = "note.*";

/// The notes of the service. Their keys are words, such as `n-0001`.
pub const NOTES: Texts = Texts {
    name: "note",
    written: "note.written",
    offered: "note.offered",
    table: Table { name: "notes", key: "id", key_type: "text" },
    must_arrive: true,
    feed: "/v1/notes/changes",
    key: word,
};

/// The pings of the service. Their keys are numbers.
pub const PINGS: Texts = Texts {
    name: "ping",
    written: "ping.written",
    offered: "ping.offered",
    table: Table { name: "pings", key: "id", key_type: "bigint" },
    must_arrive: false,
    feed: "/v1/pings/changes",
    key: number,
};

/// A resource whose records are texts.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    name: &'static str,
    written: &'static str,
    offered: &'static str,
    table: Table,
    must_arrive: bool,
    feed: &'static str,
    key: fn(&str) -> Option<String>,
}

/// A record of such a resource.
#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// Returns notes and pings as the records of a service.
#[must_use]
pub fn notes() -> Records {
    notes_and(Routes::default)
}

/// Returns notes and pings as the records of a service that has these paths, too.
#[must_use]
pub fn notes_and(more: fn() -> Routes) -> Records {
    const NOTE_TABLES: EmbeddedMigrations = embed_migrations!("migrations/notes");
    const PING_TABLES: EmbeddedMigrations = embed_migrations!("migrations/pings");
    let note_paths = move || {
        let list = read_endpoints(Rule::READ, || web::to(list), describe);
        more().with(endpoints_of("/v1/notes", "notes are only listed here", list))
    };
    let notes = Registration::new(NOTES, NOTE_TABLES, note_paths);
    let pings = Registration::new(PINGS, PING_TABLES, Routes::default);
    Records::new(SIDE, notes, vec![pings])
}

/// Writes new notes and their changes in one transaction, as another process would; returns their
/// keys.
pub async fn write_notes(database: &TestDatabase, count: usize) -> Vec<String> {
    let first = usize::try_from(database.count("notes").await).unwrap() + 1;
    let keys = (first..first + count).map(|number| format!("n-{number:04}")).collect::<Vec<_>>();
    NOTES.write(database, &keys).await;
    keys
}

async fn list(service: Data<Service>) -> Result<HttpResponse, Error> {
    let reading = service
        .database
        .read::<_, Error>(async |connection| Ok(NOTES.after(connection, None, LISTED).await?));
    let show = |note: Row| json!({"id": note.key, "text": note.text, "version": note.version});
    let items = reading.await?.into_iter().map(show).collect::<Vec<Value>>();
    Ok(HttpResponse::Ok().json(json!({ "items": items })))
}

fn describe() -> Operation {
    Operation::new("listNotes", "List notes").empty(200, "The notes.").of_database()
}

fn word(text: &str) -> Option<String> {
    let is_in_a_word =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_word = (1..=64).contains(&text.len()) && text.bytes().all(is_in_a_word);
    is_word.then(|| text.to_owned())
}

fn number(text: &str) -> Option<String> {
    text.parse::<i64>().ok().map(|number| number.to_string())
}

impl Texts {
    /// Writes records of these keys, new ones and others, and their changes in one transaction.
    pub async fn write(self, database: &TestDatabase, keys: &[impl AsRef<str> + Sync]) {
        let writing =
            async |connection: &mut AsyncPgConnection| self.write_on(connection, keys).await;
        let mut connection = database.connect().await;
        connection.transaction::<_, QueryError, _>(writing).await.unwrap();
    }

    /// Writes such records in the transaction of the caller.
    pub async fn write_on(
        self,
        connection: &mut AsyncPgConnection,
        keys: &[impl AsRef<str> + Sync],
    ) -> QueryResult<()> {
        let Table { name, key, key_type } = self.table;
        let write = format!(
            "insert into {name} as kept ({key}, text, version)
            select given::{key_type}, $2, 1 from unnest($1) as given
            on conflict ({key}) do update set version = kept.version + 1
            returning {key}::text as key, text, version"
        );
        let keys = keys.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        // Makes an event as large as one of an order, so that what is limited by bytes is, too.
        let text = "as long as an order ".repeat(30);
        let write = sql_query(write).bind::<Array<Text>, _>(keys).bind::<Text, _>(text);
        let rows = write.load::<Row>(connection).await?;
        change_log::append(connection, &self.changes(self.written, &rows, None)).await
    }

    async fn of(
        self,
        connection: &mut AsyncPgConnection,
        keys: &[String],
    ) -> QueryResult<Vec<Row>> {
        let Table { name, key, key_type } = self.table;
        let these = format!(
            "select {key}::text as key, text, version from {name}
            where {key} = any ($1::{key_type}[])"
        );
        sql_query(these).bind::<Array<Text>, _>(keys).load(connection).await
    }

    async fn after(
        self,
        connection: &mut AsyncPgConnection,
        after: Option<&str>,
        limit: i64,
    ) -> QueryResult<Vec<Row>> {
        let Table { name, key, key_type } = self.table;
        let next = format!(
            "select {key}::text as key, text, version from {name}
            where $1 is null or {key} > $1::{key_type} order by {key} limit $2"
        );
        let next = sql_query(next).bind::<Nullable<Text>, _>(after).bind::<BigInt, _>(limit);
        next.load(connection).await
    }

    fn changes(self, kind: &'static str, rows: &[Row], principal: Option<&str>) -> Vec<Change> {
        let at = now();
        rows.iter().map(|row| self.change(kind, row, at, principal)).collect()
    }

    fn change(
        self,
        kind: &'static str,
        row: &Row,
        at: DateTime<Utc>,
        principal: Option<&str>,
    ) -> Change {
        let event_id = Uuid::now_v7();
        let body = json!({
            "schema": SCHEMA, "id": event_id, "kind": kind, "origin": SIDE,
            (format!("{}_id", self.name)): row.key, "version": row.version, "at": at,
            "text": row.text,
        });
        Change {
            event_id,
            resource: self.name,
            key: row.key.clone(),
            kind,
            origin: SIDE,
            version: row.version,
            at,
            body: body.to_string(),
            conflicts: None,
            to_publish: true,
            principal: principal.map(str::to_owned),
            trace: None,
        }
    }
}

impl Resource for Texts {
    fn name(&self) -> &'static str {
        self.name
    }

    fn table(&self) -> Table {
        self.table
    }

    fn key(&self, text: &str) -> Option<String> {
        (self.key)(text)
    }

    fn must_arrive(&self) -> bool {
        self.must_arrive
    }

    fn feed(&self) -> &'static str {
        self.feed
    }

    fn event_filters(&self) -> &'static [EventFilter] {
        const TEXT: EventFilter = EventFilter { name: "text", pointer: "/text", check: |_| Ok(()) };
        &[TEXT]
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let rows = self.of(connection, keys).await?;
            Ok(self.changes(self.offered, &rows, principal))
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
            let rows = self.after(connection, after, limit).await?;
            Ok(self.changes(self.offered, &rows, principal))
        }
        .boxed()
    }
}
