//! `/v1/parked`: the changes that could not be carried, collected from both sides.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Query};
use program_kit::access::Rule;
use program_kit::http::body::Body;
use program_kit::http::problem::{Kind, Problem};
use program_kit::http::resource::{Routes, on, reads, resource};
use serde::{Deserialize, Serialize};
use shared_models::parked::{Deed, LeftAlone, Selection};
use shared_models::side::Side;
use uuid::Uuid;

use crate::parked::{Kept, Page, Parked, Place, Wanted};
use crate::side_client::Refusal;

use super::{ShownToken, pass_on};

/// The query of `GET /v1/parked`. The sides check the state and the limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    side: Option<Side>,
    state: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The query of `POST /v1/parked/replay` and `…/drop`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleQuery {
    side: Option<Side>,
}

#[derive(Serialize)]
struct Listed {
    items: Vec<Kept>,
    next: Option<String>,
}

/// `GET /v1/parked`, `GET /v1/parked/{id}`, `POST /v1/parked/replay`, `POST /v1/parked/drop`.
pub(super) fn routes(parked: Parked) -> Routes {
    let list = reads(Rule::ADMIN, || web::to(list));
    let show = reads(Rule::ADMIN, || web::to(show));
    let deed = |path, route| {
        resource(path, "post here which are meant", vec![on(Method::POST, Rule::ADMIN, route)])
    };
    let reason = "the sides are told what is parked; it is replayed or dropped by a post there";
    Routes::default()
        .with(deed("/v1/parked/replay", web::to(replay)))
        .with(deed("/v1/parked/drop", web::to(drop)))
        .with(resource("/v1/parked", reason, list))
        .with(resource("/v1/parked/{id}", reason, show))
        .sharing(Data::new(parked))
}

async fn list(
    parked: Data<Parked>,
    shown: ShownToken,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let ListQuery { side, state, limit, cursor } = query.into_inner();
    let place = match cursor.as_deref().map(str::parse::<Place>) {
        None => Place::first(side),
        Some(Ok(place)) if side.is_none_or(|side| side == place.side) => place,
        Some(Ok(_)) => return Err(unreadable("the cursor was made for another side")),
        Some(Err(problem)) => return Err(unreadable(problem)),
    };
    let wanted = Wanted { state, limit, side };
    match parked.on_behalf_of(shown.0.as_ref()).page(&wanted, place).await {
        Ok(Page { items, next }) => {
            let next = next.map(|place| link(&wanted, &place));
            Ok(HttpResponse::Ok().json(Listed { items, next }))
        }
        Err(refusal) => refuse(refusal),
    }
}

fn link(wanted: &Wanted, place: &Place) -> String {
    let Wanted { side, state, limit } = wanted;
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
    shown: ShownToken,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    match parked.on_behalf_of(shown.0.as_ref()).change(*id).await {
        Ok(Some(kept)) => Ok(HttpResponse::Ok().json(kept)),
        Ok(None) => Err(Problem::new(Kind::NotFound, LeftAlone::UNKNOWN)),
        Err(refusal) => refuse(refusal),
    }
}

async fn replay(
    parked: Data<Parked>,
    shown: ShownToken,
    query: Query<SettleQuery>,
    selection: Body<Selection>,
) -> Result<HttpResponse, Problem> {
    settle(&parked.on_behalf_of(shown.0.as_ref()), Deed::Replay, &query, &selection.0).await
}

async fn drop(
    parked: Data<Parked>,
    shown: ShownToken,
    query: Query<SettleQuery>,
    selection: Body<Selection>,
) -> Result<HttpResponse, Problem> {
    settle(&parked.on_behalf_of(shown.0.as_ref()), Deed::Drop, &query, &selection.0).await
}

async fn settle(
    parked: &Parked,
    deed: Deed,
    query: &SettleQuery,
    selection: &Selection,
) -> Result<HttpResponse, Problem> {
    match parked.settle(deed, selection, query.side).await {
        Ok(settled) => Ok(HttpResponse::Ok().json(settled)),
        Err(refusal) => refuse(refusal),
    }
}

fn unreadable(detail: &str) -> Problem {
    Problem::new(Kind::Unreadable, detail)
}

fn refuse(refusal: Refusal) -> Result<HttpResponse, Problem> {
    match refusal {
        Refusal::Away { side, reason } => {
            let peer = side.peer();
            let detail = format!("the {side}: {reason}; ?side={peer} asks only the {peer}");
            Err(Problem::unavailable(detail))
        }
        Refusal::Wrong(reply) => Ok(pass_on(reply)),
    }
}
