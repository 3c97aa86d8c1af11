//! The three programs, running together.

use std::path::Path;

use process_kit::secured::{self, password};
use process_kit::{Program, Side, settings_of_sides, shared};
use serde_json::Value;
use tempfile::TempDir;
use test_kit::{TestClient, TestDatabase, eventually, get};

use crate::BrokerUrls;

/// The three programs over two databases of their own. Dropping it ends them.
#[derive(Debug)]
pub struct Stack {
    /// The store's process.
    pub store_svc: Program,
    /// The warehouse's process.
    pub warehouse_svc: Program,
    /// The worker's process.
    pub worker: Program,
    /// The store, as a caller sees it.
    pub store: Side,
    /// The warehouse, as a caller sees it.
    pub warehouse: Side,
    broker: BrokerUrls,
    databases: [TestDatabase; 2],
    of_the_worker: Vec<(String, String)>,
    logs: TempDir,
}

impl Stack {
    /// Starts all three with a RabbitMQ.
    pub async fn start(broker: impl Into<BrokerUrls>) -> Self {
        Self::start_with(broker, &[]).await
    }

    /// Starts all three with a RabbitMQ, and the worker with settings of its own:
    /// `("CARRY__HEAL_INTERVAL", "1s")`.
    pub async fn start_with(broker: impl Into<BrokerUrls>, of_the_worker: &[(&str, &str)]) -> Self {
        Self::build(broker, of_the_worker).await.started().await
    }

    /// Starts all three with a RabbitMQ; they send their spans to a collector.
    pub async fn start_traced(broker: impl Into<BrokerUrls>, collector: &str) -> Self {
        let mut stack = Self::build(broker, &[]).await;
        for program in [&mut stack.store_svc, &mut stack.warehouse_svc, &mut stack.worker] {
            program.send_spans_to(collector);
        }
        stack.started().await
    }

    async fn build(broker: impl Into<BrokerUrls>, of_the_worker: &[(&str, &str)]) -> Self {
        let (broker, logs) = (broker.into(), tempfile::tempdir().unwrap());
        let databases = [
            TestDatabase::of(&store_svc::records()).await,
            TestDatabase::of(&warehouse_svc::records()).await,
        ];
        let store_svc = store(&databases[0], &broker, logs.path());
        let warehouse_svc =
            service("warehouse-svc", "WAREHOUSE", &databases[1], &broker.warehouse, logs.path());
        let worker = worker(&broker, [&store_svc, &warehouse_svc], logs.path(), of_the_worker);
        let (store, warehouse) = (Side::new(store_svc.url()), Side::new(warehouse_svc.url()));
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            store_svc,
            warehouse_svc,
            worker,
            store,
            warehouse,
            broker,
            databases,
            of_the_worker: of_the_worker.iter().map(own).collect(),
            logs,
        }
    }

    async fn started(mut self) -> Self {
        self.store_svc.start().await;
        self.warehouse_svc.start().await;
        self.worker.start().await;
        self.ready().await;
        self.offers_made().await;
        self
    }

    /// Another process of the store over the same database; it is not started yet.
    #[must_use]
    pub fn another_store(&self) -> Program {
        let logs = self.logs.path().join("another");
        std::fs::create_dir(&logs).unwrap();
        store(&self.databases[0], &self.broker, &logs)
    }

    /// Another worker between the same sides, with the same settings; it is not started yet.
    #[must_use]
    pub fn another_worker(&self) -> Program {
        let logs = self.logs.path().join("another worker");
        std::fs::create_dir(&logs).unwrap();
        let own = self.of_the_worker.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own = own.collect::<Vec<_>>();
        worker(&self.broker, [&self.store_svc, &self.warehouse_svc], &logs, &own)
    }

    /// Waits until the offers are made that the worker asks for where a queue is new; else one made
    /// later would count as traffic of the test's own.
    async fn offers_made(&self) {
        let none_waits = async || (self.of_each_database("offers").await == [0, 0]).then_some(());
        eventually("offers are made", none_waits).await;
    }

    /// Waits until all three say that they are ready.
    pub async fn ready(&self) {
        for program in [&self.store_svc, &self.warehouse_svc, &self.worker] {
            let url = format!("{}/health/ready", program.url());
            let ready = async || {
                let answer = get(&url).await.ok()?;
                answer.status().is_success().then_some(())
            };
            eventually("all are ready", ready).await;
        }
    }

    /// A client of the store, the warehouse and the worker each, that may do everything a person may.
    #[must_use]
    pub fn clients(&self) -> [TestClient; 3] {
        let programs = [&self.store_svc, &self.warehouse_svc, &self.worker];
        programs.map(|program| secured::client(program.url()))
    }

    /// Waits until the order is at the side and looks as wanted.
    pub async fn order_at(
        &self,
        side: &Side,
        id: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let look = async || side.order(id).await.filter(|order| wanted(order));
        eventually(&format!("order {id}: {what}"), look).await
    }

    /// Waits until the order's shared part is the same at both sides.
    pub async fn agree_on(&self, id: &str) -> [Value; 2] {
        let look = async || {
            let orders = [self.store.order(id).await?, self.warehouse.order(id).await?];
            let [store, warehouse] = [&orders[0], &orders[1]].map(|order| &order["revisions"]);
            (store == warehouse).then_some(orders)
        };
        let orders = eventually(&format!("both sides agree on order {id}"), look).await;
        assert_eq!(shared(&orders[0]), shared(&orders[1]), "the same revisions, but not the same");
        orders
    }

    /// Waits until RabbitMQ has all that the sides have to publish.
    pub async fn published(&self) {
        let none_waits = async || (self.of_each_database("outbox").await == [0, 0]).then_some(());
        eventually("nothing waits to be published", none_waits).await;
    }

    /// Waits until everything that the sides have published is settled; then says what happened.
    ///
    /// The worker's figures begin with its process, so this is not for a test that starts it again.
    pub async fn settled(&self) -> Traffic {
        let nothing_on_its_way = async || {
            let traffic = self.traffic().await;
            let outboxes = self.of_each_database("outbox").await;
            (outboxes == [0, 0] && traffic.received == traffic.published).then_some(traffic)
        };
        eventually("nothing is on its way", nothing_on_its_way).await
    }

    async fn traffic(&self) -> Traffic {
        let shared = "body not like '%\"touched\":[]%'";
        let [store, _] = self.of_each_database(&decided_at("store", shared)).await;
        let [_, warehouse] = self.of_each_database(&decided_at("warehouse", shared)).await;
        let counters = self.counters().await;
        let of = |path| counters.each_ref().map(|counters| number(counters, path));
        let given_back = of("/given_back");
        let received = of("/received");
        Traffic {
            changes: self.of_each_database("changes").await,
            published: [store, warehouse],
            received: [received[0] - given_back[0], received[1] - given_back[1]],
            applied: of("/results/applied"),
            requests: of("/requests"),
        }
    }

    /// Looks through the logs of all programs, and panics where one of these stands.
    pub fn assert_not_logged(&self, secrets: &[&str]) {
        secured::assert_nothing_leaked(self.logs.path(), secrets);
    }

    /// Does something to the store's database, as an administrator of it might.
    pub async fn store_runs(&self, statements: &str) {
        self.databases[0].run(statements).await;
    }

    /// Does something to the warehouse's database, as an administrator of it might.
    pub async fn warehouse_runs(&self, statements: &str) {
        self.databases[1].run(statements).await;
    }

    /// Counts rows of the warehouse's database: `orders where version > 1`.
    pub async fn warehouse_count(&self, rows: &str) -> i64 {
        self.databases[1].count(rows).await
    }

    /// Counts rows of the store's database.
    pub async fn store_count(&self, rows: &str) -> i64 {
        self.databases[0].count(rows).await
    }

    async fn of_each_database(&self, table: &str) -> [i64; 2] {
        [self.databases[0].count(table).await, self.databases[1].count(table).await]
    }

    async fn counters(&self) -> [Value; 2] {
        let answer = secured::client(self.worker.url()).get("/v1/directions").await.with(200);
        [0, 1].map(|index| answer["directions"][index]["counters"].clone())
    }
}

impl Drop for Stack {
    /// Whatever a test was about, no program has told a secret.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let [store, warehouse] = self.databases.each_ref().map(TestDatabase::url);
            let broker = &self.broker;
            let urls = [store, warehouse, &broker.store, &broker.warehouse, &broker.worker];
            secured::assert_nothing_leaked(self.logs.path(), &urls.map(password));
        }
    }
}

fn store(database: &TestDatabase, broker: &BrokerUrls, logs: &Path) -> Program {
    service("store-svc", "STORE", database, &broker.store, logs)
}

fn service(
    name: &str,
    prefix: &str,
    database: &TestDatabase,
    amqp_url: &str,
    logs: &Path,
) -> Program {
    let settings = [("DATABASE__URL", database.url()), ("BROKER__URL", amqp_url)];
    Program::new(name, prefix, logs, &settings)
}

fn worker(
    broker: &BrokerUrls,
    [store, warehouse]: [&Program; 2],
    logs: &Path,
    more: &[(&str, &str)],
) -> Program {
    let sides = settings_of_sides(store.url(), warehouse.url());
    let settings = [&[("BROKER__URL", &*broker.worker)], &sides[..], more].concat();
    Program::new("sync-worker", "WORKER", logs, &settings)
}

fn decided_at(side: &str, condition: &str) -> String {
    format!("changes where origin = '{side}' and {condition}")
}

fn number(counters: &Value, path: &str) -> i64 {
    counters.pointer(path).and_then(Value::as_i64).unwrap_or_else(|| panic!("{path}: {counters}"))
}

/// The traffic so far. Each pair is of the store and the warehouse, or of the directions
/// from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Changes recorded, wherever they were decided.
    pub changes: [i64; 2],
    /// The changes that were decided there and that the peer is to hear of.
    pub published: [i64; 2],
    /// Messages that the worker has taken in and settled.
    pub received: [i64; 2],
    /// Changes that were new to the peer.
    pub applied: [i64; 2],
    /// Requests that the worker has sent.
    pub requests: [i64; 2],
}
