//! A service as it runs: its database, its relay, its HTTP server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use program_kit::access::{Access, AccessSettings};
use program_kit::broker::BrokerSettings;
use program_kit::http::metrics::Registry;
use program_kit::http::{HttpSettings, LimitsSettings, server};
use program_kit::settings::SettingsError;
use program_kit::telemetry::LogSettings;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::database::{self, Database, DatabaseSettings, Observer, Pools, Scans, State, prepare};
use crate::feed::Hub;
use crate::offers::OfferTask;
use crate::parked::{ParkedSettings, ParkedTask};
use crate::records::Records;
use crate::relay::{Relay, RelayOptions, RelaySettings, Task};
use crate::resource::Resources;
use crate::retention::{RetentionCounts, RetentionSettings, RetentionTask};
use crate::sections::Sections;
use crate::service::Service;

/// The time that the relay always has to finish, however long the requests took.
const MIN_RELAY_TIME: Duration = Duration::from_secs(1);

/// The settings of a service.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceSettings {
    /// The address, and the options of the HTTP server.
    pub http: HttpSettings,
    /// The limits for one caller.
    pub limits: LimitsSettings,
    /// The tokens, and the roles that they give.
    pub access: AccessSettings,
    /// The service's own database.
    pub database: DatabaseSettings,
    /// The connection to RabbitMQ, to which the service publishes.
    pub broker: BrokerSettings,
    /// The settings of the relay.
    pub relay: RelaySettings,
    /// The settings for changes that could not be carried.
    pub parked: ParkedSettings,
    /// The times for which what is old is kept.
    pub retention: RetentionSettings,
    /// The settings of the log.
    pub log: LogSettings,
    /// The settings of its resources. A section that none of them has is refused.
    #[serde(flatten)]
    pub resources: Sections,
}

impl ServiceSettings {
    /// The defaults of all sections, in the order of `--help`.
    pub const SECTIONS: &[&str] = &[
        HttpSettings::DEFAULTS,
        LimitsSettings::DEFAULTS,
        AccessSettings::DEFAULTS,
        DatabaseSettings::DEFAULTS,
        BrokerSettings::DEFAULTS,
        RelaySettings::DEFAULTS,
        ParkedSettings::DEFAULTS,
        RetentionSettings::DEFAULTS,
        LogSettings::DEFAULTS,
    ];

    /// Returns these defaults and, after them, those of the resources' own sections.
    #[must_use]
    pub const fn sections_and<const N: usize>(own: &[&'static str]) -> [&'static str; N] {
        let (common, mut all, mut index) = (Self::SECTIONS, [""; N], 0);
        while index < N {
            all[index] = match index < common.len() {
                true => common[index],
                false => own[index - common.len()],
            };
            index += 1;
        }
        all
    }
}

/// The error of a service that could not be built, or that ended by itself.
#[derive(Debug, Error)]
pub enum ApplicationError {
    /// A setting of a resource is malformed or unknown.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// The port could not be opened, or the server on it failed.
    #[error("{0}")]
    Serve(#[from] io::Error),
    /// The pool of connections could not be built.
    #[error("the pool of database connections cannot be built: {0}")]
    Pool(#[from] database::BuildError),
    /// A part that runs until it is asked to stop ended by itself.
    #[error("{0} ended without being asked to stop")]
    Ended(&'static str),
}

/// Returns what the relay does besides publishing.
fn tasks(
    resources: &Resources,
    retention: RetentionSettings,
    deleted: &RetentionCounts,
) -> Vec<Arc<dyn Task>> {
    vec![
        Arc::new(ParkedTask(resources.clone())),
        Arc::new(OfferTask(resources.clone())),
        Arc::new(RetentionTask::new(resources.clone(), retention, deleted.clone())),
    ]
}

/// Returns a function that gives each HTTP thread the data of its own, with one of the databases.
fn one_for_each_thread(
    shared: &Service,
    databases: Vec<Database>,
) -> impl Fn() -> Service + Clone + use<> {
    let of_thread = |database| Service { database, ..shared.clone() };
    let services = databases.into_iter().map(of_thread).collect::<Vec<_>>();
    let began = Arc::new(AtomicUsize::new(0));
    move || {
        let thread = began.fetch_add(1, Ordering::Relaxed);
        services[thread % services.len()].clone()
    }
}

/// A service that is ready to run.
pub struct Application {
    address: SocketAddr,
    server: Server,
    preparing: JoinHandle<()>,
    relaying: JoinHandle<()>,
    following: JoinHandle<()>,
    /// Cancelled first: what waits for changes ends.
    stopping: CancellationToken,
    stop: CancellationToken,
    shutdown_timeout: Duration,
}

impl Application {
    /// Opens the port and starts the background tasks. A database or a broker that cannot be
    /// reached is no error: the service is live, reports that it is not ready, and keeps trying.
    pub fn build(
        name: &'static str,
        settings: ServiceSettings,
        records: Records,
    ) -> Result<Self, ApplicationError> {
        let (side, resources) = (records.side, records.resources.clone());
        let migrations = records.migrations.clone();
        let configured = records.configure(&settings.resources)?;
        let access = Access::new(&settings.access);
        let listener = server::bind(&settings.http, &access)?;
        let address = listener.local_addr()?;
        let (registry, stop) = (Registry::new(name), CancellationToken::new());
        let (state, observed) = watch::channel(State::Preparing("not checked yet".into()));
        let threads = server::threads(&settings.limits);
        let (observer, scans) =
            (Observer::new(&settings.database, name), Scans::of_program(threads));
        let database = || {
            let (state, observer, scans) = (observed.clone(), observer.clone(), scans.clone());
            Database::for_one_of(threads, &settings.database, name, state, observer, scans)
        };
        let deleted = RetentionCounts::default();
        let relaying = RelayOptions {
            name,
            side,
            database: settings.database.clone(),
            broker: settings.broker,
            relay: settings.relay,
            resources: resources.clone(),
            tasks: tasks(&resources, settings.retention, &deleted),
        };
        let (relay, handle) = Relay::new(relaying, &registry);
        let databases = (0..threads.get()).map(|_| database()).collect::<Result<Vec<_>, _>>()?;
        let shared = Service {
            side,
            database: database()?,
            pools: Pools::of(&databases),
            relay: handle,
            resources,
            offer_delays: settings.parked.offer_after,
            hub: Hub::new((settings.limits.connections.get() / 2).max(1)),
            deleted,
            stopping: CancellationToken::new(),
        };
        let next = one_for_each_thread(&shared, databases);
        // Called by each HTTP thread when it starts.
        let application = move || {
            let service = next();
            configured.routes(&service).sharing(Data::new(service))
        };
        let (http, limits) = (&settings.http, &settings.limits);
        let server =
            server::serve(threads, http, limits, access, &registry, listener, application)?;
        let preparing =
            tokio::spawn(prepare(settings.database, migrations, name, state, stop.clone()));
        let relaying = tokio::spawn(relay.run(stop.clone()));
        let following = tokio::spawn(shared.hub.run(shared.database, stop.clone()));
        Ok(Self {
            address,
            server,
            preparing,
            relaying,
            following,
            stopping: shared.stopping,
            stop,
            shutdown_timeout: settings.http.shutdown_timeout,
        })
    }

    /// Returns the address that the HTTP server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop_requested` resolves, or a part of the service ends by itself.
    pub async fn run_until_stopped(
        self,
        stop_requested: impl Future<Output = io::Result<()>>,
    ) -> Result<(), ApplicationError> {
        tracing::info!(address = %self.address, "serving");
        let handle = self.server.handle();
        let mut serving = tokio::spawn(self.server);
        let (mut relaying, mut following) = (self.relaying, self.following);
        let ended = tokio::select! {
            requested = stop_requested => requested.map_err(ApplicationError::from),
            _ = &mut serving => Err(ApplicationError::Ended("the HTTP server")),
            _ = &mut relaying => Err(ApplicationError::Ended("the relay")),
            _ = &mut following => Err(ApplicationError::Ended("the reader of the feeds")),
        };
        tracing::info!("stopping");
        // First no new requests; then committed changes are published; then the rest.
        self.stopping.cancel();
        let deadline = Instant::now() + self.shutdown_timeout;
        server::stop(&handle, self.shutdown_timeout).await;
        self.stop.cancel();
        let parts = async { tokio::join!(relaying, self.preparing) };
        let deadline = deadline.max(Instant::now() + MIN_RELAY_TIME);
        if tokio::time::timeout_at(deadline, parts).await.is_err() {
            tracing::warn!(
                "the relay did not finish in time; unpublished changes stay in the outbox"
            );
        }
        ended
    }
}
