//! A database for one test, with the roles of `deploy/postgres/roles.sql`: a copy of a template in
//! which the migrations have run.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use service_kit::database::{
    Database, DatabaseSettings, DatabaseUrl, Migrations, Observer, Scans, State, connect, migrate,
};
use service_kit::records::Records;
use shared_models::side::Side;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use super::{eventually, variable};

/// A database that is dropped when the test is over.
#[derive(Debug)]
pub struct TestDatabase {
    service: DatabaseSettings,
    owner: DatabaseSettings,
    name: String,
}

impl TestDatabase {
    /// Creates a fresh database for a service with these records.
    pub async fn of(records: &Records) -> Self {
        Self::migrated(records.side, &records.migrations).await
    }

    /// Creates a fresh database of a side, in which these migrations have run.
    pub async fn migrated(side: Side, migrations: &Migrations) -> Self {
        Self::copy(side, &template(side, migrations).await).await
    }

    /// Creates a fresh database of the store in which no migration has run.
    pub async fn empty() -> Self {
        // As the launcher has made it.
        Self::copy(Side::Store, Side::Store.as_str()).await
    }

    async fn copy(side: Side, template: &str) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        create(&name, side, template).await;
        Self { service: service(side, &name), owner: owner(side, &name), name }
    }

    /// Returns the settings for a service that uses it.
    #[must_use]
    pub fn settings(&self) -> DatabaseSettings {
        self.service.clone()
    }

    /// Returns the URL for a service that uses it.
    #[must_use]
    pub fn url(&self) -> &str {
        self.service.url.expose()
    }

    /// Returns the settings for the owner of its tables.
    #[must_use]
    pub fn owner(&self) -> DatabaseSettings {
        self.owner.clone()
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a connection for the test itself, with all permissions.
    pub async fn connect(&self) -> AsyncPgConnection {
        connect(&settings(ADMINISTRATOR, &self.name), "test").await.unwrap()
    }

    /// Runs statements, as an administrator.
    pub async fn run(&self, statements: &str) {
        self.connect().await.batch_execute(statements).await.unwrap();
    }

    /// Waits until at least this many sessions wait for a lock, not counting the relay's.
    pub async fn sessions_wait(&self, count: usize) {
        eventually(&format!("{count} sessions wait for the lock"), async || {
            let waiting = "pg_stat_activity where wait_event_type = 'Lock'
                and datname = current_database() and application_name not like '% relay'";
            (self.count(waiting).await >= i64::try_from(count).unwrap()).then_some(())
        })
        .await;
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
        // The test's own runtime may be ending; a separate thread completes this.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(administrate(&drop));
        });
        let _ = dropping.join();
    }
}

/// Creates the pool of a program of this name with one thread, whose database is ready.
#[must_use]
pub fn pool(name: &'static str, settings: &DatabaseSettings) -> Database {
    let (_, prepared) = watch::channel(State::Prepared);
    let one = 1.try_into().unwrap();
    let (observer, scans) = (Observer::new(settings, name), Scans::of_program(one));
    Database::for_one_of(one, settings, name, prepared, observer, scans).unwrap()
}

/// Returns the template of a side: one for each set of migrations in each test process. Its name is
/// unique, so several processes may run at once.
async fn template(side: Side, migrations: &Migrations) -> String {
    static TEMPLATES: Mutex<BTreeMap<String, String>> = Mutex::const_new(BTreeMap::new());
    // Held while a template is made, so that it is made once.
    let mut templates = TEMPLATES.lock().await;
    let key = format!("{side} {migrations:?}");
    if let Some(name) = templates.get(&key) {
        return name.clone();
    }
    let name = format!("template_{}", Uuid::new_v4().simple());
    create(&name, side, side.as_str()).await;
    let (of_template, migrations) = (owner(side, &name), migrations.clone());
    // Migrations block, which the single-threaded runtime of tests does not allow.
    let migrating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(migrate(&of_template, &migrations, "test")).unwrap();
    });
    tokio::task::spawn_blocking(|| migrating.join().unwrap()).await.unwrap();
    templates.insert(key, name.clone());
    name
}

/// Creates a copy. Its contents are copied, but not its owner and its permissions.
async fn create(name: &str, side: Side, template: &str) {
    administrate(&format!("create database {name} template {template} owner {side}_owner")).await;
    administrate(&format!(
        "revoke all on database {name} from public; grant connect on database {name} to {side}"
    ))
    .await;
}

async fn administrate(statement: &str) {
    let mut connection = connect(&settings(ADMINISTRATOR, "postgres"), "test").await.unwrap();
    connection.batch_execute(statement).await.unwrap();
}

/// The variable with the superuser's URL.
const ADMINISTRATOR: &str = "LOCKSTEP_TEST_DATABASE_URL";

fn service(side: Side, database: &str) -> DatabaseSettings {
    let variable = match side {
        Side::Store => "LOCKSTEP_TEST_STORE_DATABASE_URL",
        Side::Warehouse => "LOCKSTEP_TEST_WAREHOUSE_DATABASE_URL",
    };
    settings(variable, database)
}

fn owner(side: Side, database: &str) -> DatabaseSettings {
    let variable = match side {
        Side::Store => "LOCKSTEP_TEST_STORE_OWNER_DATABASE_URL",
        Side::Warehouse => "LOCKSTEP_TEST_WAREHOUSE_OWNER_DATABASE_URL",
    };
    settings(variable, database)
}

/// Returns settings with the user of a URL, and a database.
fn settings(url: &str, database: &str) -> DatabaseSettings {
    let url = variable(url);
    let (server, _) = url.rsplit_once('/').expect("a URL with a database");
    DatabaseSettings {
        url: DatabaseUrl::try_from(format!("{server}/{database}")).unwrap(),
        ca: None,
        tls: None,
        pool_size: 8,
        connect_timeout: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(3),
        statement_timeout: Duration::from_secs(20),
        deadline: Duration::from_secs(30),
        migrate_timeout: Duration::from_secs(60),
    }
}
