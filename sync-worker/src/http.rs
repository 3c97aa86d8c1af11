//! What the worker tells of itself, and what may be asked of it.

mod parked;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, ServiceConfig};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Map, Value, json};
use service_kit::http::health::{self, readiness};
use service_kit::http::metrics;
use service_kit::http::problem::{Kind, Problem};
use service_kit::http::resource::{reads, resource};

use crate::figures::{Figures, Snapshot};
use crate::metrics::tell;
use crate::parked::Parked;
use crate::site_client::{AboutRelay, SiteClient};

/// A direction, as the handlers know it.
pub struct Handle {
    /// How it is doing.
    pub figures: Arc<Figures>,
    /// The site that its changes come from.
    pub source: SiteClient,
}

type Directions = Vec<Handle>;

/// `GET /health/live`, `GET /health/ready`, `GET /metrics`, `GET /v1/directions`, to pause or
/// resume one, and what is parked.
pub fn routes(
    directions: Directions,
    parked: Parked,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let directions = Data::new(directions);
    let parked = parked::routes(parked);
    move |config| {
        let reason = "directions are only read; post to pause or resume one";
        config
            .app_data(directions.clone())
            .configure(health::routes(ready))
            .configure(metrics::routes(measured))
            .configure(parked.clone())
            .service(resource("/v1/directions", reason, reads(|| web::to(list))));
        for (path, route) in [
            ("/v1/directions/{name}/pause", web::to(pause)),
            ("/v1/directions/{name}/resume", web::to(resume)),
        ] {
            let reason = "post here, without a body";
            config.service(resource(path, reason, vec![(Method::POST, route)]));
        }
    }
}

#[derive(Serialize)]
struct Listing {
    directions: Vec<Listed>,
}

/// A direction, and how its source publishes.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    snapshot: Snapshot,
    source: Value,
}

/// `GET /v1/directions`: how each direction is doing.
async fn list(directions: Data<Directions>) -> HttpResponse {
    let directions = join_all(directions.iter().map(listed)).await;
    HttpResponse::Ok().json(Listing { directions })
}

async fn listed(direction: &Handle) -> Listed {
    let source = direction.source.relay(AboutRelay::Show).await;
    let source = source.unwrap_or_else(|reason| json!({"state": "unknown", "detail": reason}));
    Listed { snapshot: direction.figures.snapshot(), source }
}

async fn pause(directions: Data<Directions>, name: Path<String>) -> Result<HttpResponse, Problem> {
    ask(&directions, &name, AboutRelay::Pause).await
}

async fn resume(directions: Data<Directions>, name: Path<String>) -> Result<HttpResponse, Problem> {
    ask(&directions, &name, AboutRelay::Resume).await
}

/// The pause is kept at the source, so that it holds for every worker.
async fn ask(
    directions: &Directions,
    name: &str,
    about: AboutRelay,
) -> Result<HttpResponse, Problem> {
    let named = |direction: &&Handle| direction.figures.direction.as_str() == name;
    let Some(direction) = directions.iter().find(named) else {
        let names = directions.iter().map(|direction| direction.figures.direction.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        let detail = format!("there is no direction {name}; there are {names}");
        return Err(Problem::new(Kind::NotFound, detail));
    };
    match direction.source.relay(about).await {
        Ok(source) => {
            let snapshot = direction.figures.snapshot();
            Ok(HttpResponse::Ok().json(Listed { snapshot, source }))
        }
        Err(reason) => {
            let site = direction.figures.direction.from;
            Err(Problem::unavailable(format!("the {site}, which keeps the pause: {reason}")))
        }
    }
}

/// `GET /metrics`: the same for Prometheus.
async fn measured(directions: Data<Directions>) -> HttpResponse {
    let snapshots = directions.iter().map(|direction| direction.figures.snapshot());
    tell(&snapshots.collect::<Vec<_>>())
}

/// `GET /health/ready`: whether changes are carried in both directions.
async fn ready(directions: Data<Directions>) -> HttpResponse {
    let part = |direction: &Handle| -> (String, Value) {
        let snapshot = direction.figures.snapshot();
        let part = json!({"state": snapshot.state, "detail": snapshot.reason});
        (snapshot.name.to_owned(), part)
    };
    let parts: Map<_, _> = directions.iter().map(part).collect();
    let ready = directions.iter().all(|direction| direction.figures.is_consuming());
    readiness(ready, &Value::Object(parts))
}
