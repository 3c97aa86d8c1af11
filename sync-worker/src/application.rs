//! The worker as it runs: one carrier and one comparer for each direction, and the HTTP server.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use program_kit::access::Access;
use program_kit::http::metrics::Registry;
use program_kit::http::server;
use shared_models::side::Direction;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::audit::Audits;
use crate::carrying::Stop;
use crate::carrying::carrier::Carrier;
use crate::comparison::Comparer;
use crate::console::{Console, ConsoleError};
use crate::figures::Figures;
use crate::http::{self, Handle};
use crate::lanes::Lane as _;
use crate::lanes::orders::OrderLane;
use crate::metrics::set_interval;
use crate::parked::Parked;
use crate::settings::{PROGRAM, WorkerSettings};
use crate::side_client::{BuildError, SideClient};
use crate::sources::all::{Sources, SourcesError};

/// The error of a worker that could not be built, or that ended by itself.
#[derive(Debug, Error)]
pub enum ApplicationError {
    /// The port could not be opened, or the server on it failed.
    #[error("{0}")]
    Serve(#[from] io::Error),
    /// A client of a side could not be built.
    #[error("{0}")]
    Client(#[from] BuildError),
    /// The console could not be built.
    #[error("{0}")]
    Console(#[from] ConsoleError),
    /// The sources could not be built.
    #[error("{0}")]
    Sources(#[from] SourcesError),
    /// A part that runs until it is asked to stop ended by itself.
    #[error("{0} ended without being asked to stop")]
    Ended(&'static str),
}

/// A worker that is ready to run.
pub struct Application {
    address: SocketAddr,
    server: Server,
    carriers: Vec<Carrier<OrderLane>>,
    comparers: Vec<Comparer>,
    sources: Sources,
    audits: Audits,
    console: Console,
    stop: Stop,
    shutdown_timeout: Duration,
}

impl Application {
    /// Opens the port and builds the parts. A broker or a side that cannot be reached is no error:
    /// the worker is live, reports that it is not ready, and keeps trying.
    pub fn build(settings: &WorkerSettings) -> Result<Self, ApplicationError> {
        let stop = Stop::default();
        let registry = Registry::new(PROGRAM.name);
        let sources = Sources::new(&settings.sources(), &stop.requested, &registry)?;
        let audits = Audits::new(&settings.audits(), &stop.requested, &registry)?;
        let access = Access::new(&settings.access);
        let listener = server::bind(&settings.http, &access)?;
        let address = listener.local_addr()?;
        let figures = Direction::ALL
            .map(|direction| Arc::new(Figures::new(direction, OrderLane::rules(), &registry)));
        if settings.compare.enabled {
            set_interval(&registry, settings.compare.interval);
        }
        let carriers = for_each_direction(&figures, |figures, opposite| {
            let lane = OrderLane { source: figures.direction.from };
            Carrier::new(lane, settings, figures, opposite, stop.clone())
        })?;
        let comparers = for_each_direction(&figures, |figures, opposite| {
            Comparer::new(settings, figures, opposite, stop.requested.clone())
        })?;
        let sides = settings.sides();
        let shared = (sources.clone(), audits.clone());
        let console = Console::new(settings, &access, figures.clone(), shared, &stop.requested)?;
        let handle = |figures: Arc<Figures>| {
            let source = SideClient::new(figures.direction.from, &sides)?;
            Ok::<_, BuildError>(Handle { figures, source })
        };
        let handles = figures.into_iter().map(handle).collect::<Result<Vec<_>, _>>()?;
        let (handles, parked) = (Data::new(handles), Parked::new(&sides)?);
        let (of_sources, of_audits) = (sources.clone(), audits.clone());
        let pages = console.clone();
        let routes = move || {
            let (sources, audits) = (of_sources.clone(), of_audits.clone());
            http::routes(handles.clone(), parked.clone(), sources, audits).and(pages.routes())
        };
        let (http, limits) = (&settings.http, &settings.limits);
        // One thread: a worker gets few requests.
        let one = NonZeroUsize::MIN;
        let server = server::serve(one, http, limits, access, &registry, listener, routes)?;
        let shutdown_timeout = settings.http.shutdown_timeout;
        Ok(Self {
            address,
            server,
            carriers,
            comparers,
            sources,
            audits,
            console,
            stop,
            shutdown_timeout,
        })
    }

    /// The address that the HTTP server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop_requested` resolves, or a part of the worker ends by itself.
    pub async fn run_until_stopped(
        self,
        stop_requested: impl Future<Output = io::Result<()>>,
    ) -> Result<(), ApplicationError> {
        tracing::info!(address = %self.address, "serving");
        let handle = self.server.handle();
        let mut serving = tokio::spawn(self.server);
        let mut directions = JoinSet::new();
        for carrier in self.carriers {
            directions.spawn(carrier.run());
        }
        for comparer in self.comparers {
            directions.spawn(comparer.run());
        }
        directions.spawn(self.console.run());
        self.sources.repeat(&mut directions, &self.stop.requested);
        self.audits.repeat(&mut directions, &self.stop.requested);
        let ended = tokio::select! {
            requested = stop_requested => requested.map_err(ApplicationError::from),
            _ = &mut serving => Err(ApplicationError::Ended("the HTTP server")),
            _ = directions.join_next() => Err(ApplicationError::Ended("a direction")),
        };
        tracing::info!("stopping");
        self.stop.requested.cancel();
        let limit = self.shutdown_timeout;
        let finished = finish(&mut directions, &self.stop.hurry, limit);
        tokio::join!(finished, server::stop(&handle, limit));
        ended
    }
}

/// Builds a part of each direction, from its figures and those of the opposite one.
fn for_each_direction<T>(
    figures: &[Arc<Figures>; 2],
    build: impl Fn(Arc<Figures>, Arc<Figures>) -> Result<T, BuildError>,
) -> Result<Vec<T>, BuildError> {
    let [one, other] = figures;
    let build = |of, opposite| build(Arc::clone(of), Arc::clone(opposite));
    Ok(vec![build(one, other)?, build(other, one)?])
}

/// Waits for carriers and comparers to end. The first half of the time is for the peer's answer; the second
/// is for giving back the messages of requests that it has not answered.
async fn finish(directions: &mut JoinSet<()>, hurry: &CancellationToken, limit: Duration) {
    let mut all = pin!(async { while directions.join_next().await.is_some() {} });
    if timeout(limit / 2, &mut all).await.is_ok() {
        return;
    }
    hurry.cancel();
    if timeout(limit / 2, all).await.is_err() {
        tracing::warn!("a batch in hand was not settled in time; RabbitMQ will deliver it again");
    }
}
