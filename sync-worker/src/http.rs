//! What the worker tells of itself.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use serde_json::{Map, Value, json};
use service_kit::http::health::{self, readiness};
use service_kit::http::resource::resource;

use crate::figures::{Figures, Snapshot};

/// The directions, as the handlers know them.
type Directions = Vec<Arc<Figures>>;

/// `GET /health/live`, `GET /health/ready` and `GET /v1/directions`.
pub fn routes(directions: Directions) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let directions = Data::new(directions);
    move |config| {
        let reason = "directions are only read";
        let reads = [Method::GET, Method::HEAD].map(|method| (method, web::to(list)));
        config.app_data(directions.clone()).configure(health::routes(ready)).service(resource(
            "/v1/directions",
            reason,
            reads.into(),
        ));
    }
}

#[derive(Serialize)]
struct Listing {
    directions: Vec<Snapshot>,
}

/// `GET /v1/directions`: how each direction is doing.
async fn list(directions: Data<Directions>) -> HttpResponse {
    let directions = directions.iter().map(|figures| figures.snapshot()).collect();
    HttpResponse::Ok().json(Listing { directions })
}

/// `GET /health/ready`: whether changes are carried in both directions.
async fn ready(directions: Data<Directions>) -> HttpResponse {
    let part = |figures: &Arc<Figures>| -> (String, Value) {
        let snapshot = figures.snapshot();
        let part = json!({"state": snapshot.state, "detail": snapshot.reason});
        (snapshot.name.to_owned(), part)
    };
    let parts: Map<_, _> = directions.iter().map(part).collect();
    let ready = directions.iter().all(|figures| figures.is_consuming());
    readiness(ready, &Value::Object(parts))
}
