//! The worker as it runs: one carrier for each direction, and an HTTP server that tells of them.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::Data;
use service_kit::access::Access;
use service_kit::http::server;
use shared_models::site::Direction;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::carrying::carrier::Carrier;
use crate::carrying::stop::Stop;
use crate::comparison::comparer::Comparer;
use crate::figures::Figures;
use crate::http::{self, Handle};
use crate::parked::Parked;
use crate::settings::WorkerSettings;
use crate::site_client::{BuildError, SiteClient};

/// Why the worker could not be built, or ended.
#[derive(Debug, Error)]
pub enum ApplicationError {
    /// The port, or the server on it.
    #[error("{0}")]
    Serve(#[from] io::Error),
    /// A client of a site.
    #[error("{0}")]
    Client(#[from] BuildError),
    /// A part that runs until it is told to stop ended by itself.
    #[error("{0} ended by itself")]
    Ended(&'static str),
}

/// A worker that is ready to run.
pub struct Application {
    address: SocketAddr,
    server: Server,
    carriers: Vec<Carrier>,
    comparers: Vec<Comparer>,
    stop: Stop,
    shutdown_timeout: Duration,
}

impl Application {
    /// Takes the port. A broker or a site that cannot be reached does not stop it: the worker is
    /// live, says that it is not ready, and keeps trying.
    pub fn build(settings: &WorkerSettings) -> Result<Self, ApplicationError> {
        let access = Access::new(&settings.access);
        let listener = server::bind(&settings.http, &access)?;
        let address = listener.local_addr()?;
        let stop = Stop::default();
        let figures = Direction::ALL.map(|direction| Arc::new(Figures::new(direction)));
        let carriers = figures
            .iter()
            .map(|figures| Carrier::new(settings, Arc::clone(figures), stop.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let comparers = comparers(settings, &figures, &stop)?;
        let sites = settings.sites();
        let handle = |figures: Arc<Figures>| {
            let source = SiteClient::new(figures.direction.from, &sites)?;
            Ok::<_, BuildError>(Handle { figures, source })
        };
        let handles = figures.into_iter().map(handle).collect::<Result<Vec<_>, _>>()?;
        let (handles, parked) = (Data::new(handles), Parked::new(&sites)?);
        let routes = move || http::routes(handles.clone(), parked.clone());
        let (http, limits) = (&settings.http, &settings.limits);
        // One thread: nobody asks a worker for much.
        let one = NonZeroUsize::MIN;
        let server = server::serve(one, http, limits, access, listener, routes)?;
        let shutdown_timeout = settings.http.shutdown_timeout;
        Ok(Self { address, server, carriers, comparers, stop, shutdown_timeout })
    }

    /// Where it serves.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `asked_to_stop` resolves, or a part of it ends by itself.
    pub async fn run_until_stopped(
        self,
        asked_to_stop: impl Future<Output = io::Result<()>>,
    ) -> Result<(), ApplicationError> {
        tracing::info!(address = %self.address, "serving");
        let handle = self.server.handle();
        let mut serving = tokio::spawn(self.server);
        let mut carrying = JoinSet::new();
        for carrier in self.carriers {
            carrying.spawn(carrier.run());
        }
        for comparer in self.comparers {
            carrying.spawn(comparer.run());
        }
        let ended = tokio::select! {
            asked = asked_to_stop => asked.map_err(ApplicationError::from),
            _ = &mut serving => Err(ApplicationError::Ended("the HTTP server")),
            _ = carrying.join_next() => Err(ApplicationError::Ended("a direction")),
        };
        tracing::info!("stopping");
        self.stop.asked.cancel();
        let limit = self.shutdown_timeout;
        let carried = finish(&mut carrying, &self.stop.hurry, limit);
        tokio::join!(carried, server::stop(&handle, limit));
        ended
    }
}

fn comparers(
    settings: &WorkerSettings,
    figures: &[Arc<Figures>; 2],
    stop: &Stop,
) -> Result<Vec<Comparer>, BuildError> {
    let [one, other] = figures;
    let comparer = |of: &Arc<Figures>, opposite: &Arc<Figures>| {
        Comparer::new(settings, Arc::clone(of), Arc::clone(opposite), stop.clone())
    };
    Ok(vec![comparer(one, other)?, comparer(other, one)?])
}

/// The first half of the time is the peer's, to answer; the second is for giving back what it has
/// not answered to.
async fn finish(carrying: &mut JoinSet<()>, hurry: &CancellationToken, limit: Duration) {
    let mut all = pin!(async { while carrying.join_next().await.is_some() {} });
    if timeout(limit / 2, &mut all).await.is_ok() {
        return;
    }
    hurry.cancel();
    if timeout(limit / 2, all).await.is_err() {
        tracing::warn!("a batch in hand was not finished in time; RabbitMQ will hand it out again");
    }
}
