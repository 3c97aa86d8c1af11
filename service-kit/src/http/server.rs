//! The HTTP server that every program runs.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::error::{PathError, QueryPayloadError};
use actix_web::middleware::Compress;
use actix_web::web::{self, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{App, HttpRequest, HttpServer};
use tracing_actix_web::TracingLogger;

use super::body::BodyLimit;
use super::problem::{Kind, Problem};
use crate::settings::HttpSettings;

/// Takes the port.
pub fn bind(settings: &HttpSettings) -> io::Result<TcpListener> {
    let address = (settings.host, settings.port);
    TcpListener::bind(address).map_err(|error| {
        let (host, port) = address;
        io::Error::new(error.kind(), format!("cannot serve on {host} port {port}: {error}"))
    })
}

/// Serves what `configure` adds. It stops when its handle says so, not by signals: the program
/// decides in which order its parts stop.
pub fn serve(
    settings: &HttpSettings,
    listener: TcpListener,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let body_limit = BodyLimit(settings.body_limit);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Compress::default())
            .wrap(TracingLogger::default())
            .app_data(body_limit)
            .app_data(
                PathConfig::default()
                    .error_handler(|error, request| no_such_path(&error, request).into()),
            )
            .app_data(
                QueryConfig::default().error_handler(|error, _| unreadable_query(&error).into()),
            )
            .configure(configure.clone())
            .default_service(web::to(nothing_here))
    });
    Ok(server
        .disable_signals()
        .shutdown_timeout(whole_seconds(settings.shutdown_timeout))
        .listen(listener)?
        .run())
}

/// Rounded up: less than a second is not none.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Takes no new request, and waits for those in hand, but not for ever.
pub async fn stop(server: &ServerHandle, limit: Duration) {
    if tokio::time::timeout(limit, server.stop(true)).await.is_err() {
        tracing::warn!("requests in hand did not finish in time");
    }
}

async fn nothing_here(request: HttpRequest) -> Result<String, Problem> {
    Err(Problem::new(Kind::NotFound, format!("there is nothing at {}", request.path())))
}

fn no_such_path(error: &PathError, request: &HttpRequest) -> Problem {
    let detail = format!("there is nothing at {}: {error}", request.path());
    Problem::new(Kind::NotFound, detail)
}

fn unreadable_query(error: &QueryPayloadError) -> Problem {
    Problem::new(Kind::Unreadable, format!("the query: {error}"))
}
