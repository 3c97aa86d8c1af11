//! The worker's HTTP API.

mod audits;
mod describe;
mod describe_audits;
mod describe_sources;
mod parked;
mod sources;

use std::future::Ready;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use futures_util::future::join_all;
use program_kit::access::{Caller, Rule, Token};
use program_kit::http::bearer;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::health::{self, readiness};
use program_kit::http::metrics::{self, Registry};
use program_kit::http::operation::Operation;
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::audit::Audits;
use crate::figures::{Figures, Snapshot};
use crate::metrics::render;
use crate::parked::Parked;
use crate::side_client::{RelayCommand, Reply, RequestError, SideClient};
use crate::sources::all::Sources;

/// A direction, as seen by the handlers.
pub struct Handle {
    /// The direction's figures.
    pub figures: Arc<Figures>,
    /// The client of the direction's source.
    pub source: SideClient,
}

type Directions = Vec<Handle>;

/// The routes: `GET /health/live`, `GET /health/ready`, `GET /metrics`, `GET /v1/directions`,
/// pausing and resuming a direction, `/v1/parked`, `/v1/audits`, and `/v1/sources` with its older names.
pub fn routes(
    directions: Data<Directions>,
    parked: Parked,
    sources: Sources,
    audits: Audits,
) -> Routes {
    let (parked, sources, audits) = (Data::new(parked), Data::new(sources), Data::new(audits));
    paths().sharing(directions).sharing(parked).sharing(sources).sharing(audits)
}

/// The paths of all routes, without the data that their handlers share.
#[must_use]
pub fn paths() -> Routes {
    let list = read_endpoints(Rule::READ, || web::to(list), describe::directions);
    let action = |path, route, describe: fn() -> Operation| {
        let endpoints = vec![endpoint(Method::POST, Rule::ADMIN, route, describe)];
        endpoints_of(path, "use POST, without a body", endpoints)
    };
    let reason = "use GET; to pause or resume a direction, POST to its pause or resume";
    health::routes(ready)
        .and(metrics::routes(measured))
        .and(parked::routes())
        .and(sources::routes())
        .and(audits::routes())
        .with(endpoints_of("/v1/directions", reason, list))
        .with(action("/v1/directions/{name}/pause", web::to(pause), describe::pause))
        .with(action("/v1/directions/{name}/resume", web::to(resume), describe::resume))
        .documented(describe::ABOUT)
}

/// The token that the caller sent, to be passed on to a side.
struct CallerToken(Option<Token>);

impl FromRequest for CallerToken {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = bearer(request.headers()).map(str::to_owned);
        std::future::ready(Ok(Self(token.and_then(|token| Token::try_from(token).ok()))))
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Directions")]
struct Listing {
    directions: Vec<Listed>,
}

/// A direction, and the state of its source's relay.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DirectionWithSource")]
struct Listed {
    #[serde(flatten)]
    snapshot: Snapshot,
    /// The state of the relay of the side that the changes come from, as `GET /v1/relay` there shows it.
    #[schemars(with = "Map<String, Value>")]
    source: Value,
}

/// `GET /v1/directions`: the figures of each direction.
async fn list(directions: Data<Directions>) -> HttpResponse {
    let directions = join_all(directions.iter().map(listed)).await;
    HttpResponse::Ok().json(Listing { directions })
}

async fn listed(direction: &Handle) -> Listed {
    let source = direction.source.relay(RelayCommand::Show).await;
    let source = source.unwrap_or_else(|error| {
        let detail = error.to_string();
        json!({"state": "unknown", "detail": detail})
    });
    Listed { snapshot: direction.figures.snapshot(), source }
}

async fn pause(
    directions: Data<Directions>,
    caller_token: CallerToken,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    send_to_relay(&directions, &caller_token, &name, RelayCommand::Pause).await
}

async fn resume(
    directions: Data<Directions>,
    caller_token: CallerToken,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    send_to_relay(&directions, &caller_token, &name, RelayCommand::Resume).await
}

/// Sends a command to the relay of the source, which stores the pause: it holds for every worker.
async fn send_to_relay(
    directions: &Directions,
    caller_token: &CallerToken,
    name: &str,
    command: RelayCommand,
) -> Result<HttpResponse, Problem> {
    let named = |direction: &&Handle| direction.figures.direction.as_str() == name;
    let Some(direction) = directions.iter().find(named) else {
        let names = directions.iter().map(|direction| direction.figures.direction.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        let detail = format!("there is no direction {name}; expected one of {names}");
        return Err(Problem::new(Kind::NotFound, detail));
    };
    match direction.source.on_behalf_of(caller_token.0.as_ref()).relay(command).await {
        Ok(source) => {
            let snapshot = direction.figures.snapshot();
            Ok(HttpResponse::Ok().json(Listed { snapshot, source }))
        }
        Err(RequestError::Rejected(reply)) => Ok(pass_on(reply)),
        Err(RequestError::Unavailable { side, reason }) => {
            Err(Problem::unavailable(format!("the {side}, which stores the pause: {reason}")))
        }
    }
}

/// Passes on a side's answer to a request that is invalid, or not permitted to its caller.
fn pass_on(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    HttpResponse::build(status).content_type("application/problem+json").body(reply.body)
}

/// `GET /metrics`: the same figures for Prometheus.
async fn measured(
    directions: Data<Directions>,
    audits: Data<Audits>,
    registry: Data<Registry>,
) -> HttpResponse {
    let snapshots = directions.iter().map(|direction| direction.figures.snapshot());
    render(&registry, &snapshots.collect::<Vec<_>>(), &audits)
}

/// `GET /health/ready`: whether changes are carried in both directions.
async fn ready(directions: Data<Directions>, caller: Caller) -> HttpResponse {
    let part = |direction: &Handle| -> (String, Value) {
        let snapshot = direction.figures.snapshot();
        // Where the direction itself consumes, its sync queue may not answer.
        let queue = snapshot.queues.sync.reason.map(|reason| format!("the sync queue: {reason}"));
        let part = json!({"state": snapshot.state, "detail": snapshot.reason.or(queue)});
        (snapshot.name.to_owned(), part)
    };
    let parts: Map<_, _> = directions.iter().map(part).collect();
    let ready = directions.iter().all(|direction| direction.figures.is_consuming());
    readiness(ready, &Value::Object(parts), &caller)
}
