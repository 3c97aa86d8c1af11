//! The HTTP server that every program runs.

use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle, ServiceRequest};
use actix_web::error::{PathError, QueryPayloadError};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::web::{self, Data, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{App, HttpRequest, HttpServer};
use tracing_actix_web::TracingLogger;

use super::admission::{Admission, identify, known};
use super::body::BodyLimits;
use super::connection::{self, CLOSE_TIMEOUT};
use super::endpoints::Routes;
use super::files;
use super::metrics::Registry;
use super::problem::{Kind, Problem};
use super::requests::Requests;
use super::span::RequestSpan;
use super::{HttpSettings, LimitsSettings};
use crate::access::{Access, Caller};

/// Opens the port, unless the settings would let unknown callers in from elsewhere.
pub fn bind(settings: &HttpSettings, access: &Access) -> io::Result<TcpListener> {
    access.check_host(settings.host).map_err(io::Error::other)?;
    let address = (settings.host, settings.port);
    let listener = TcpListener::bind(address).map_err(|error| {
        let (host, port) = address;
        io::Error::new(error.kind(), format!("cannot listen on {host} port {port}: {error}"))
    })?;
    if access.is_open() {
        tracing::info!("no token is configured: every caller on this machine has all permissions");
    }
    Ok(listener)
}

/// Starts the server with these routes, on `threads` threads. It is stopped through its handle, not
/// by signals: the program decides in which order its parts stop. Its requests are measured in the
/// registry, which its handlers find as `Data`.
pub fn serve(
    threads: NonZeroUsize,
    settings: &HttpSettings,
    limits: &LimitsSettings,
    access: Access,
    registry: &Registry,
    listener: TcpListener,
    routes: impl Fn() -> Routes + Clone + Send + 'static,
) -> io::Result<Server> {
    files::raise_limit(limits.connections)?;
    let body_limits = BodyLimits { bytes: settings.body_limit, time: limits.body_timeout };
    let admission = Admission::new(access, limits);
    registry.keep_up();
    let registry = registry.clone();
    let idle_timeout = limits.header_timeout + limits.keep_alive;
    let server = HttpServer::new(move || {
        let (admission, requests) = (admission.clone(), Rc::new(Requests::new(&registry)));
        App::new()
            .wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
                identify(admission.clone(), request, next)
            }))
            .wrap(Compress::default())
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(move |request: ServiceRequest, next: Next<_>| {
                let requests = Rc::clone(&requests);
                async move {
                    let handle = async |request| connection::suspend_deadline(request, next).await;
                    requests.measure(request, handle).await
                }
            }))
            .app_data(body_limits)
            .app_data(Data::new(registry.clone()))
            .configure(report_invalid_input)
            .configure(|config| routes().register(config))
            .default_service(web::to(no_such_resource))
    });
    Ok(server
        .disable_signals()
        .workers(threads.get())
        // Per thread: actix has no other limit.
        .max_connections(limits.connections.get() / threads)
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.header_timeout)
        .client_disconnect_timeout(CLOSE_TIMEOUT)
        .on_connect(move |stream, data| connection::open(stream, data, idle_timeout))
        .shutdown_timeout(whole_seconds(settings.shutdown_timeout))
        .listen(listener)?
        .run())
}

/// Returns the number of threads: that of the cores, but not more than the connections.
pub fn threads(limits: &LimitsSettings) -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN).min(limits.connections)
}

/// Rounds up: less than a second must not become zero.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Stops accepting requests, and waits for those in progress, up to the limit.
pub async fn stop(server: &ServerHandle, limit: Duration) {
    if tokio::time::timeout(limit, server.stop(true)).await.is_err() {
        tracing::warn!("requests did not finish within {limit:?} of the stop");
    }
}

async fn no_such_resource(request: HttpRequest, caller: Caller) -> Result<String, Problem> {
    known(&caller)?;
    Err(Problem::new(Kind::NotFound, format!("no resource at {}", request.path())))
}

fn report_invalid_input(config: &mut ServiceConfig) {
    let path = PathConfig::default();
    let query = QueryConfig::default();
    config
        .app_data(path.error_handler(|error, request| invalid_path(&error, request).into()))
        .app_data(query.error_handler(|error, _| invalid_query(&error).into()));
}

fn invalid_path(error: &PathError, request: &HttpRequest) -> Problem {
    let detail = format!("no resource at {}: {error}", request.path());
    Problem::new(Kind::NotFound, detail)
}

fn invalid_query(error: &QueryPayloadError) -> Problem {
    Problem::new(Kind::Unreadable, format!("the query cannot be parsed: {error}"))
}
