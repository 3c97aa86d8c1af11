//! Operators, and the sites that each works at. An operator is a record that an upstream may own, as a site is;
//! the list of its sites is a part of it, so that a link which is made or removed is a change of the operator.

mod describe;
mod links;
mod routes;
mod storage;

use std::collections::HashMap;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use program_kit::http::endpoints::Routes;
use service_kit::records::Registration;

use crate::owned::{self, AllMore, Author, Events, Field, Kind, common_expectation};

pub(crate) use links::{Link, Links, MAX_SITES, lists};
pub(crate) use storage::{links_of, put as put_links};

/// The kind of operators.
pub(crate) static OPERATORS: Kind = Kind {
    resource: "operator",
    table: "operators",
    path: "/v1/operators",
    feed: "/v1/operators/changes",
    events: Events {
        created: "operator.created",
        changed: "operator.changed",
        removed: "operator.removed",
        offered: "operator.offered",
    },
    fields: &[
        Field::required("username", "ann").filter(),
        Field::required("email", "ann@quay.example").filter(),
        Field::required("employee_id", "E-1"),
        Field::required("first_name", "Ann"),
        Field::required("last_name", "Quay"),
    ],
    expectation,
    more: Some(sites_of),
};

fn expectation(field: &str) -> Option<&'static str> {
    match field {
        "username" | "email" | "employee_id" | "first_name" | "last_name" => {
            Some("text that is not blank, up to 255 characters, without control characters")
        }
        other => common_expectation(other),
    }
}

/// Registers operators, and the `more` paths that write them.
pub(crate) fn register(more: fn() -> Routes) -> Registration {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/operators");
    owned::register(&OPERATORS, MIGRATIONS, move || {
        Routes::default()
            .with(owned::collection(&OPERATORS))
            .with(owned::item(&OPERATORS, unlink_operator))
            .and(routes::paths())
            .and(more())
            .expecting(expectation)
    })
}

/// Reads the ids of the sites of each operator.
fn sites_of<'a>(
    connection: &'a mut AsyncPgConnection,
    operators: &'a [i64],
) -> BoxFuture<'a, QueryResult<AllMore>> {
    async move {
        let mut links = storage::links_of(connection, operators).await?;
        let lists = |id: &i64| (*id, lists(&links.remove(id).unwrap_or_default()));
        Ok(operators.iter().map(lists).collect::<HashMap<_, _>>())
    }
    .boxed()
}

/// Removes the links of an operator that is removed: its sites stay as they are.
fn unlink_operator<'a>(
    connection: &'a mut AsyncPgConnection,
    operator: i64,
    _author: Author<'a>,
) -> BoxFuture<'a, QueryResult<()>> {
    storage::remove_of_operator(connection, operator).boxed()
}

/// Removes the links of a site that is removed, which is locked: nobody makes another one. It is a change of
/// every operator that had the site.
pub(crate) fn unlink_site<'a>(
    connection: &'a mut AsyncPgConnection,
    site: i64,
    author: Author<'a>,
) -> BoxFuture<'a, QueryResult<()>> {
    async move {
        let operators = storage::operators_of(connection, site).await?;
        let here = owned::lock(connection, &OPERATORS, &operators).await?;
        let had_it = storage::remove_of_site(connection, site).await?;
        let changed = here.into_values().filter(|operator| had_it.contains(&operator.id));
        owned::overwrite_with_more(connection, &OPERATORS, changed, author).await.map(drop)
    }
    .boxed()
}
