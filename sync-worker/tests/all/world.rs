//! The setting of a test: a vhost, two fake sides, and a worker between them.

use std::io::Write;
use std::net::SocketAddr;

use serde_json::Value;
use shared_models::names::{exchange, queue};
use shared_models::side::{Direction, Side};
use sync_worker::application::{Application, ApplicationError};
use sync_worker::settings::{PROGRAM, WorkerSettings};
use test_kit::{BrokerUser, TestBroker, TestClient, eventually, http};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::sides::FakeSide;

pub(crate) const TO_WAREHOUSE: &str = "store-to-warehouse";
pub(crate) const TO_STORE: &str = "warehouse-to-store";
pub(crate) const QUEUE: &str = queue(Direction { from: Side::Store });
pub(crate) const PARKED: &str = "sync.store-to-warehouse.parked";
pub(crate) const EXCHANGE: &str = exchange(Side::Store);

/// The parts of a test.
pub(crate) struct World {
    pub(crate) broker: TestBroker,
    pub(crate) store: FakeSide,
    pub(crate) warehouse: FakeSide,
}

impl World {
    /// Creates two sides and a broker, without a worker.
    pub(crate) async fn new() -> Self {
        let (store, warehouse) = (FakeSide::start().await, FakeSide::start().await);
        Self { broker: TestBroker::new().await, store, warehouse }
    }

    /// Creates the same, with a worker that carries.
    pub(crate) async fn with_worker() -> (Self, TestWorker) {
        let world = Self::new().await;
        let worker = world.start_worker("").await;
        worker.wait_until_ready().await;
        (world, worker)
    }

    /// Starts a worker with additional settings.
    pub(crate) async fn start_worker(&self, more: &str) -> TestWorker {
        self.start_worker_at(&self.broker.url(BrokerUser::Worker), more).await
    }

    /// Starts a worker that finds RabbitMQ at this URL.
    pub(crate) async fn start_worker_at(&self, broker: &str, more: &str) -> TestWorker {
        TestWorker::start(broker, &self.store.url(), &self.warehouse.url(), more).await
    }

    /// Publishes as the store does; returns whether a queue took the event.
    pub(crate) async fn publish(&self, event: &Value) -> bool {
        self.broker.publish(EXCHANGE, "order.updated", event.to_string().as_bytes()).await
    }

    /// Publishes events as the store does; a queue must take them.
    pub(crate) async fn publish_all(&self, events: &[Value]) {
        let bodies: Vec<_> = events.iter().map(Value::to_string).collect();
        let taken = self.broker.publish_all(EXCHANGE, "order.updated", &bodies).await;
        assert!(taken, "no queue took some of {events:?}");
    }

    /// The number of messages to the warehouse that are ready for delivery.
    pub(crate) async fn waiting(&self) -> Option<u32> {
        self.broker.queue_depth(QUEUE).await
    }

    /// The number of messages to the warehouse that are left when the worker has gone.
    pub(crate) async fn left(&self) -> u32 {
        self.broker.left_in(QUEUE).await
    }
}

/// A worker in this process.
pub(crate) struct TestWorker {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ApplicationError>>,
}

impl TestWorker {
    pub(crate) async fn start(broker: &str, store: &str, warehouse: &str, more: &str) -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        // A test says itself when the peer is asked, or what it counts would depend on the time.
        let quiet = match more.contains("probe_interval") {
            true => "",
            false => "carry.probe_interval = '1h'",
        };
        let quiet = match more.contains("compare.") {
            true => quiet.to_owned(),
            false => format!("{quiet}\ncompare.enabled = false"),
        };
        let heal = match more.contains("heal_interval") {
            true => "",
            false => "carry.heal_interval = '100ms'",
        };
        let text = format!(
            "http.port = 0\nbroker.url = '{broker}'\nstore.url = '{store}'\n\
             warehouse.url = '{warehouse}'\n{heal}\n{quiet}\n{more}\n"
        );
        file.write_all(text.as_bytes()).unwrap();
        let settings = PROGRAM.layout.load::<WorkerSettings>(Some(file.path())).unwrap();
        let application = Application::build(&settings).unwrap();
        let address = application.address();
        let (stop, stopped) = oneshot::channel();
        let asked = async {
            stopped.await.ok();
            Ok(())
        };
        let running = tokio::spawn(application.run_until_stopped(asked));
        Self { address, stop, running }
    }

    /// Stops the worker; returns when it has ended.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    /// Returns a client of the worker.
    pub(crate) fn client(&self) -> TestClient {
        TestClient::new(format!("http://{}", self.address))
    }

    /// Sends a request to the worker.
    pub(crate) async fn request(&self, method: &str, path: &str) -> reqwest::Response {
        let url = format!("http://{}{path}", self.address);
        let method = method.parse().unwrap();
        http().build().unwrap().request(method, url).send().await.unwrap()
    }

    /// Returns the worker's report of a direction.
    pub(crate) async fn direction(&self, name: &str) -> Value {
        let body: Value = self.request("GET", "/v1/directions").await.json().await.unwrap();
        let directions = body["directions"].as_array().unwrap();
        directions.iter().find(|direction| direction["name"] == name).unwrap().clone()
    }

    /// Waits until the worker carries in both directions.
    pub(crate) async fn wait_until_ready(&self) {
        let ready =
            async || (self.request("GET", "/health/ready").await.status() == 200).then_some(());
        eventually("the worker is ready", ready).await;
    }

    /// Waits until the direction to the warehouse is in this state; returns the reason.
    pub(crate) async fn wait_for_state(&self, state: &str) -> String {
        let there = async || {
            let direction = self.direction(TO_WAREHOUSE).await;
            let reason = direction["reason"].as_str().unwrap_or_default().to_owned();
            (direction["state"] == state).then_some(reason)
        };
        eventually(state, there).await
    }

    /// Waits until a counter of the direction to the warehouse has at least this value; returns its
    /// counters.
    pub(crate) async fn wait_for_counter(&self, counter: &str, least: u64) -> Value {
        let enough = async || {
            let counters = self.direction(TO_WAREHOUSE).await["counters"].clone();
            let count = counters.pointer(&format!("/{counter}")).and_then(Value::as_u64);
            (count.unwrap() >= least).then_some(counters)
        };
        eventually(&format!("{counter} is at least {least}"), enough).await
    }
}
