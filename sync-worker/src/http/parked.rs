//! `/v1/parked`: the changes that could not be carried, collected from both sides.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use program_kit::access::Rule;
use program_kit::http::body::Body;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::operation::Operation;
use program_kit::http::page::MAX_LIMIT;
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_models::parked::{LeftAlone, ParkedAction, Selection};
use shared_models::side::Side;
use uuid::Uuid;

use crate::parked::{Filter, Page, Parked, ParkedAtSide, Place};
use crate::side_client::RequestError;

use super::{CallerToken, describe, pass_on};

/// The query of `GET /v1/parked`. The sides check the state and the limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// The side that keeps them; both where it is left out.
    side: Option<Side>,
    /// The state of the changes; `parked` where it is left out.
    #[schemars(extend("enum" = ["parked", "offered", "dropped", "all"]))]
    state: Option<String>,
    /// The most changes on the page; 50 where it is left out.
    #[schemars(with = "Option<u16>", range(min = 1, max = MAX_LIMIT))]
    limit: Option<String>,
    /// The cursor of the page, from `next` of the page before.
    cursor: Option<String>,
}

/// The query of `POST /v1/parked/replay` and `…/drop`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionQuery {
    /// The side that keeps them; both where it is left out.
    side: Option<Side>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkedAtSidePage")]
pub(super) struct Listed {
    items: Vec<ParkedAtSide>,
    /// The path of the next page.
    next: Option<String>,
}

/// `GET /v1/parked`, `GET /v1/parked/{id}`, `POST /v1/parked/replay`, `POST /v1/parked/drop`.
pub(super) fn routes() -> Routes {
    let list = read_endpoints(Rule::ADMIN, || web::to(list), describe::parked_changes);
    let show = read_endpoints(Rule::ADMIN, || web::to(show), describe::parked_change);
    let action = |path, route, describe: fn() -> Operation| {
        let endpoints = vec![endpoint(Method::POST, Rule::ADMIN, route, describe)];
        endpoints_of(path, "use POST, with the selection of changes", endpoints)
    };
    let reason =
        "use GET; changes are replayed or dropped by POST to /v1/parked/replay or /v1/parked/drop";
    Routes::default()
        .with(action("/v1/parked/replay", web::to(replay), describe::replay))
        .with(action("/v1/parked/drop", web::to(drop), describe::drop))
        .with(endpoints_of("/v1/parked", reason, list))
        .with(endpoints_of("/v1/parked/{id}", reason, show))
}

async fn list(
    parked: Data<Parked>,
    caller_token: CallerToken,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let ListQuery { side, state, limit, cursor } = query.into_inner();
    let place = match cursor.as_deref().map(str::parse::<Place>) {
        None => Place::first(side),
        Some(Ok(place)) if side.is_none_or(|side| side == place.side) => place,
        Some(Ok(_)) => return Err(unreadable("the cursor is for another side than the query")),
        Some(Err(problem)) => return Err(unreadable(problem)),
    };
    let filter = Filter { state, limit, side };
    match parked.on_behalf_of(caller_token.0.as_ref()).page(&filter, place).await {
        Ok(Page { items, next }) => {
            let next = next.map(|place| link(&filter, &place));
            Ok(HttpResponse::Ok().json(Listed { items, next }))
        }
        Err(error) => answer_error(error),
    }
}

fn link(filter: &Filter, place: &Place) -> String {
    let Filter { side, state, limit } = filter;
    let cursor = place.to_string();
    let pairs = [
        ("side", side.map(Side::as_str)),
        ("state", state.as_deref()),
        ("limit", limit.as_deref()),
        ("cursor", Some(&*cursor)),
    ];
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    format!("/v1/parked?{query}")
}

async fn show(
    parked: Data<Parked>,
    caller_token: CallerToken,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    match parked.on_behalf_of(caller_token.0.as_ref()).change(*id).await {
        Ok(Some(change)) => Ok(HttpResponse::Ok().json(change)),
        Ok(None) => Err(Problem::new(Kind::NotFound, LeftAlone::UNKNOWN)),
        Err(error) => answer_error(error),
    }
}

async fn replay(
    parked: Data<Parked>,
    caller_token: CallerToken,
    query: Query<ActionQuery>,
    selection: Body<Selection>,
) -> Result<HttpResponse, Problem> {
    act(&parked.on_behalf_of(caller_token.0.as_ref()), ParkedAction::Replay, &query, &selection.0)
        .await
}

async fn drop(
    parked: Data<Parked>,
    caller_token: CallerToken,
    query: Query<ActionQuery>,
    selection: Body<Selection>,
) -> Result<HttpResponse, Problem> {
    act(&parked.on_behalf_of(caller_token.0.as_ref()), ParkedAction::Drop, &query, &selection.0)
        .await
}

async fn act(
    parked: &Parked,
    action: ParkedAction,
    query: &ActionQuery,
    selection: &Selection,
) -> Result<HttpResponse, Problem> {
    match parked.act(action, selection, query.side).await {
        Ok(settled) => Ok(HttpResponse::Ok().json(settled)),
        Err(error) => answer_error(error),
    }
}

fn unreadable(detail: &str) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}

fn answer_error(error: RequestError) -> Result<HttpResponse, Problem> {
    match error {
        RequestError::Unavailable { side, reason } => {
            let peer = side.peer();
            let detail = format!("the {side}: {reason}; ?side={peer} asks only the {peer}");
            Err(Problem::unavailable(detail))
        }
        RequestError::Rejected(reply) => Ok(pass_on(reply)),
    }
}
