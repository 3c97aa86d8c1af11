//! The permissions that a service's role does not have at PostgreSQL. Those that it needs, all
//! other tests show: their services run as it.

use diesel_async::SimpleAsyncConnection as _;
use service_kit::database::connect;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};

use crate::side::fresh_database;

const REFUSED: [&str; 22] = [
    "create table stolen ()",
    "create view seen as select * from notes",
    "create sequence counted",
    "create type kind as enum ()",
    "create function done() returns int language sql as 'select 1'",
    "create schema mine",
    "create temporary table mine ()",
    "create extension dblink",
    "create database mine",
    "create role mine",
    "create index on notes (version)",
    "create trigger sneaky before insert on notes for each row
        execute function suppress_redundant_updates_trigger()",
    "alter table notes add column price int",
    "alter table notes disable trigger all",
    "alter database {name} set timezone = 'UTC'",
    "drop table outbox",
    "drop schema public",
    "truncate outbox",
    "set role store_owner",
    "set session authorization store_owner",
    "alter role store_owner password 'mine'",
    "copy notes to program 'cat'",
];

/// Connects to a database as the role of a URL.
async fn enter(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The URL of the same role for another database.
fn elsewhere(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

fn is_denied<T>(outcome: Result<T, Error>, what: &str) {
    let error = outcome.err().unwrap_or_else(|| panic!("it may: {what}"));
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{what}: {error:?}");
}

#[tokio::test]
async fn a_service_cannot_create_alter_drop_or_truncate_anything() {
    let database = fresh_database().await;
    let service = enter(database.url()).await.unwrap();
    for statement in REFUSED {
        let statement = statement.replace("{name}", database.name());
        is_denied(service.batch_execute(&statement).await, &statement);
    }
}

#[tokio::test]
async fn the_owner_can_change_the_tables_and_the_service_can_use_what_it_makes() {
    let database = fresh_database().await;
    let service = enter(database.url()).await.unwrap();
    let mut owner = connect(&database.owner(), "test").await.unwrap();
    owner.batch_execute("create table later (id serial, what text)").await.unwrap();
    for statement in [
        "insert into later (what) values ('a')",
        "update later set what = 'b'",
        "select * from later",
        "delete from later",
    ] {
        service.batch_execute(statement).await.unwrap();
    }
    is_denied(service.batch_execute("drop table later").await, "drop table later");
}

#[tokio::test]
async fn a_service_enters_its_own_database_and_no_other() {
    let database = fresh_database().await;
    for other in ["warehouse", "postgres", "template1"] {
        is_denied(enter(&elsewhere(database.url(), other)).await, other);
    }
    let own = enter(&elsewhere(database.url(), "store")).await.unwrap();
    // This one is as deploy/postgres/roles.sql has left it, the tests' own are copies.
    is_denied(own.batch_execute("create temporary table mine ()").await, "temporary table");
}
