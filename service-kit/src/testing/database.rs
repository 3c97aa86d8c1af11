//! A database for one test: a copy of a template in which the migrations have run.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::variable;
use crate::database::{connect, migrate};
use crate::settings::{DatabaseSettings, DatabaseUrl};

/// A database that is gone when the test is over.
#[derive(Debug)]
pub struct TestDatabase {
    settings: DatabaseSettings,
    name: String,
}

impl TestDatabase {
    /// A fresh one.
    pub async fn new() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        create(&name, Some(template().await)).await;
        Self { settings: settings(&name), name }
    }

    /// A fresh one in which no migration has run.
    pub async fn empty() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        create(&name, None).await;
        Self { settings: settings(&name), name }
    }

    /// The settings of a service that is to use it.
    #[must_use]
    pub fn settings(&self) -> DatabaseSettings {
        self.settings.clone()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.settings.url.expose()
    }

    /// A connection to it.
    pub async fn connect(&self) -> AsyncPgConnection {
        connect(&self.settings, "test").await.unwrap()
    }

    /// Counts rows: `count("outbox")`.
    pub async fn count(&self, table: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let query = diesel::sql_query(format!("select count(*) as count from {table}"));
        query.get_result::<Count>(&mut self.connect().await).await.unwrap().count
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        // The test's own runtime may be ending; a thread of its own sees it through.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(administrate(&drop));
        });
        let _ = dropping.join();
    }
}

/// One template for each test process; its name is the process's own, so several may run at once.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = async || {
        let name = format!("template_{}", Uuid::new_v4().simple());
        create(&name, None).await;
        let of_template = settings(&name);
        // Migrations block, which a runtime of one thread, as tests have it, does not allow.
        let migrating = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(migrate(&of_template, "test")).unwrap();
        });
        tokio::task::spawn_blocking(|| migrating.join().unwrap()).await.unwrap();
        name
    };
    TEMPLATE.get_or_init(make).await
}

async fn create(name: &str, template: Option<&str>) {
    let template = template.map_or_else(String::new, |name| format!("template {name}"));
    administrate(&format!("create database {name} {template}")).await;
}

async fn administrate(statement: &str) {
    let mut connection = connect(&settings("postgres"), "test").await.unwrap();
    connection.batch_execute(statement).await.unwrap();
}

fn settings(database: &str) -> DatabaseSettings {
    let administrator = variable("LOCKSTEP_TEST_DATABASE_URL");
    let (server, _) = administrator.rsplit_once('/').expect("a URL with a database");
    DatabaseSettings {
        url: DatabaseUrl::try_from(format!("{server}/{database}")).unwrap(),
        ca: None,
        tls: None,
        pool_size: 8,
        connect_timeout: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(3),
        statement_timeout: Duration::from_secs(20),
        deadline: Duration::from_secs(30),
    }
}
