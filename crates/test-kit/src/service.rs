//! A service as main runs it, on a free port and with a database of its own.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use chrono::TimeDelta;
use program_kit::access::AccessSettings;
use program_kit::broker::{BrokerSettings, BrokerUrl};
use program_kit::http::{HttpSettings, LimitsSettings, Proxies};
use program_kit::telemetry::{LogFilter, LogFormat, LogSettings};
use service_kit::application::{Application, ServiceSettings};
use service_kit::database::DatabaseSettings;
use service_kit::parked::{Delays, ParkedSettings};
use service_kit::records::Records;
use service_kit::relay::RelaySettings;
use service_kit::retention::{Keep, RetentionSettings};
use service_kit::sections::Sections;
use tokio::sync::oneshot;

use super::{BrokerUser, DatabaseLink, TestBroker, TestClient, TestDatabase};

/// A port on which nothing listens: orders are accepted while RabbitMQ is down.
const NO_BROKER: &str = "amqp://nobody:nothing@127.0.0.1:1/%2f";

/// A running service; it stops when the test is over.
#[derive(Debug)]
pub struct TestService {
    /// A client of the service.
    pub client: TestClient,
    /// The service's database.
    pub database: TestDatabase,
    table: &'static str,
    running: Running,
}

/// The numbers of rows in a service's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Rows of the table of its first resource.
    pub records: i64,
    /// Rows of `changes`.
    pub changes: i64,
    /// Rows of `outbox`.
    pub outbox: i64,
}

/// Stops a running service.
#[derive(Debug)]
struct Running {
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl TestService {
    /// Starts a service over a fresh database, without RabbitMQ.
    pub async fn start(name: &'static str, records: Records) -> Self {
        Self::start_with(name, records, |_| {}).await
    }

    /// Starts a service with settings that `adjust` changes.
    pub async fn start_with(
        name: &'static str,
        records: Records,
        adjust: impl FnOnce(&mut ServiceSettings),
    ) -> Self {
        let database = TestDatabase::of(&records).await;
        let service = Self::start_over(name, records, database, adjust).await;
        service.is_ready().await;
        service
    }

    /// Starts a service that publishes to `broker`, as the store.
    pub async fn publishing_to(name: &'static str, records: Records, broker: &TestBroker) -> Self {
        let broker = broker.settings(BrokerUser::Store);
        Self::start_with(name, records, |settings| settings.broker = broker).await
    }

    /// Starts a service without RabbitMQ over a link to its database.
    pub async fn linked(name: &'static str, records: Records) -> (Self, DatabaseLink) {
        let database = TestDatabase::of(&records).await;
        let mut settings = database.settings();
        let link = DatabaseLink::start(&mut settings).await;
        let adjust = |all: &mut ServiceSettings| all.database = settings;
        let service = Self::start_over(name, records, database, adjust).await;
        service.is_ready().await;
        (service, link)
    }

    /// Starts a service on a database that may not be ready yet; does not wait for it.
    pub async fn start_over(
        name: &'static str,
        records: Records,
        database: TestDatabase,
        adjust: impl FnOnce(&mut ServiceSettings),
    ) -> Self {
        let mut settings = service_settings(database.settings());
        adjust(&mut settings);
        let table = records.resources.first().table().name;
        let (running, client) = run(name, records, settings).await;
        Self { client, database, table, running }
    }

    /// Waits until the service is ready.
    pub async fn is_ready(&self) {
        super::eventually("the service is ready", async || {
            (self.client.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
    }

    /// Counts the rows of its tables.
    pub async fn rows(&self) -> Rows {
        Rows {
            records: self.database.count(self.table).await,
            changes: self.database.count("changes").await,
            outbox: self.database.count("outbox").await,
        }
    }

    /// Asks the service to stop, and waits until it has.
    pub async fn stop(mut self) -> TestDatabase {
        let _ = self.running.stop.take().map(|stop| stop.send(()));
        if let Some(ended) = self.running.ended.take() {
            let _ = ended.await;
        }
        self.database
    }
}

/// Returns the settings of a service with this database, without RabbitMQ.
#[must_use]
pub fn service_settings(database: DatabaseSettings) -> ServiceSettings {
    let patience = Duration::from_secs(5);
    ServiceSettings {
        http: HttpSettings {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            body_limit: 16 * 1024 * 1024,
            shutdown_timeout: Duration::from_secs(1),
        },
        limits: LimitsSettings {
            connections: NonZeroUsize::new(1_000).unwrap(),
            header_timeout: patience,
            body_timeout: patience,
            keep_alive: patience,
            principal_rate: NonZeroU32::MAX,
            principal_burst: NonZeroU32::MAX,
            address_rate: NonZeroU32::MAX,
            address_burst: NonZeroU32::MAX,
            trusted_proxies: Proxies::default(),
        },
        access: AccessSettings::default(),
        database,
        broker: BrokerSettings {
            url: BrokerUrl::try_from(NO_BROKER.to_owned()).unwrap(),
            ca: None,
            tls: None,
            connect_timeout: patience,
            reply_timeout: patience,
        },
        relay: RelaySettings {
            batch_size: 500,
            confirm_timeout: patience,
            poll_min: Duration::from_millis(5),
            poll_max: Duration::from_millis(200),
            offer_rate: NonZeroU32::new(2_000).unwrap(),
        },
        parked: ParkedSettings { offer_after: Delays::try_from("5s, 30s, 5m".to_owned()).unwrap() },
        retention: RetentionSettings {
            changes: Keep::For(TimeDelta::days(30)),
            parked: Keep::For(TimeDelta::days(30)),
            tombstones: Keep::For(TimeDelta::days(90)),
        },
        log: LogSettings {
            filter: LogFilter::try_from("off".to_owned()).unwrap(),
            format: LogFormat::Text,
        },
        resources: Sections::default(),
    }
}

/// Runs a service on a thread of its own, so that a test's runtime may end before it does.
async fn run(
    name: &'static str,
    records: Records,
    settings: ServiceSettings,
) -> (Running, TestClient) {
    let (stop, asked) = oneshot::channel();
    let (at, address) = oneshot::channel();
    let (done, ended) = oneshot::channel();
    std::thread::spawn(move || {
        // Migrations block, which a single-threaded runtime does not allow.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build();
        runtime.unwrap().block_on(async {
            let application = Application::build(name, settings, records).unwrap();
            at.send(application.address()).unwrap();
            let asked = async { asked.await.map_err(io::Error::other).or(Ok(())) };
            application.run_until_stopped(asked).await.unwrap();
        });
        let _ = done.send(());
    });
    let client = TestClient::new(format!("http://{}", address.await.unwrap()));
    (Running { stop: Some(stop), ended: Some(ended) }, client)
}
