//! The HTTP API of links: the sites of an operator.

use std::collections::HashMap;

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use diesel_async::AsyncPgConnection;
use program_kit::access::{Caller, Rule};
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of, read_endpoints};
use program_kit::http::page::{MAX_LIMIT, PageRequest, Position};
use program_kit::http::problem::{Kind as ProblemKind, Problem};
use program_kit::telemetry::trace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::service::Service;

use super::links::{Link, LinkedSite, MAX_SITES, Put, put as decide};
use super::storage::{self, Listing};
use super::{OPERATORS, describe};
use crate::owned::{self, Author, Listed, Record, Shown};
use crate::sites::SITES;

/// Returns the paths of links.
pub(super) fn paths() -> Routes {
    let list = read_endpoints(Rule::READ, || web::to(list), describe::list);
    let mut one = read_endpoints(Rule::READ, || web::to(one), describe::one);
    one.push(endpoint(Method::PUT, Rule::WRITE, web::to(put), describe::put));
    one.push(endpoint(Method::DELETE, Rule::WRITE, web::to(remove), describe::remove));
    let to_list = "use GET; links are made by PUT to their own paths";
    Routes::default()
        .with(endpoints_of("/v1/operators/{id}/sites", to_list, list))
        .with(endpoints_of("/v1/operators/{id}/sites/{site}", "use GET, PUT or DELETE", one))
}

/// The query of a list of an operator's sites.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Whether the links are active.
    active: Option<bool>,
    /// The most on the page; 50 where it is left out.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: Option<u16>,
    /// The cursor of the page, from `next` of the page before.
    cursor: Option<String>,
}

/// The filters of the list, as texts.
#[derive(Debug, Serialize)]
struct Filters {
    active: Option<&'static str>,
}

async fn list(
    request: HttpRequest,
    service: Data<Service>,
    operator: Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let ListQuery { active, limit, cursor } = query;
    let operator = owned::known_form(&OPERATORS, &operator)?;
    let shown_active = active.map(|active| if active { "true" } else { "false" });
    let filters = Filters { active: shown_active };
    let page = PageRequest::<_, i64>::new(filters, limit, cursor.as_deref())?;
    let listing = Listing { operator, active, after: page.after.as_ref(), limit: page.to_read() };
    let reading = service.database.read(async |connection| {
        // One snapshot, so that each link has its site.
        let mut transaction = connection.build_transaction().repeatable_read().read_only();
        transaction.run(async |connection| linked_sites(connection, listing).await).await
    });
    let listed = Listed { items: reading.await?, scanned_to: None };
    let show = |(_, link, record)| LinkedSite { site: Shown { kind: &SITES, record }, link };
    Ok(owned::answer_page(request.path(), &page, listed, |(position, ..)| *position, show))
}

/// Reads a part of the links of an operator, with their sites.
async fn linked_sites(
    connection: &mut AsyncPgConnection,
    listing: Listing<'_>,
) -> Result<Vec<(Position<i64>, Link, Record)>, Error> {
    let operator = listing.operator;
    let here = owned::find(connection, &OPERATORS, operator).await?;
    here.filter(|it| !it.deleted).ok_or_else(|| owned::unknown(&OPERATORS, operator))?;
    let links = storage::page(connection, listing).await?;
    let sites = links.iter().map(|(position, _)| position.id).collect::<Vec<_>>();
    let sites = owned::find_all(connection, &SITES, &sites).await?.into_iter();
    let mut sites = sites.map(|site| (site.id, site)).collect::<HashMap<_, _>>();
    let join = |(position, link): (Position<i64>, Link)| {
        sites.remove(&position.id).map(|site| (position, link, site))
    };
    Ok(links.into_iter().filter_map(join).collect())
}

async fn one(service: Data<Service>, path: Path<(String, String)>) -> Result<HttpResponse, Error> {
    let (operator, site) = ids(&path)?;
    let reading = service.database.with(async |connection| {
        let link = storage::find(connection, operator, site).await?;
        let found = owned::find(connection, &SITES, site).await?.filter(|site| !site.deleted);
        Ok::<_, Error>(found.zip(link))
    });
    let (record, link) = reading.await?.ok_or_else(|| unknown(operator, site))?;
    Ok(HttpResponse::Ok().json(LinkedSite { site: Shown { kind: &SITES, record }, link }))
}

fn ids(path: &(String, String)) -> Result<(i64, i64), Error> {
    let (operator, site) = path;
    Ok((owned::known_form(&OPERATORS, operator)?, owned::known_form(&SITES, site)?))
}

fn unknown(operator: i64, site: i64) -> Error {
    Error::Unknown("link of operator and site", format!("{operator} and {site}"))
}

async fn put(
    caller: Caller,
    service: Data<Service>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (operator, site) = ids(&path)?;
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let putting = service.database.transaction(async |connection| {
        // Sites are locked before operators.
        let record = owned::lock_one(connection, &SITES, site).await?;
        let here = owned::lock_one(connection, &OPERATORS, operator).await?;
        let link = storage::find(connection, operator, site).await?;
        let limit = i64::try_from(MAX_SITES).unwrap_or(i64::MAX);
        let decided = decide(link, storage::count(connection, operator, limit).await?);
        if let Put::New | Put::Renewed = &decided {
            let link = (operator, site, Link::OF_CALLER);
            storage::put(connection, &[link], author.at).await?;
            owned::overwrite_with_more(connection, &OPERATORS, [here], author).await?;
        }
        Ok::<_, Error>((record, decided))
    });
    let (record, decided) = putting.await?;
    let (is_new, has_changed, link) = match decided {
        Put::New => (true, true, Link::OF_CALLER),
        Put::Renewed => (false, true, Link::OF_CALLER),
        Put::Same(link) => (false, false, link),
        Put::TooMany => return Err(Error::Refused(too_many())),
    };
    if has_changed {
        service.relay.wake();
    }
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    if is_new {
        response.insert_header((LOCATION, format!("/v1/operators/{operator}/sites/{site}")));
    }
    Ok(response.json(LinkedSite { site: Shown { kind: &SITES, record }, link }))
}

fn too_many() -> Problem {
    let detail = format!("the operator has {MAX_SITES} sites, the most that one may have");
    Problem::new(ProblemKind::Conflict, detail)
}

async fn remove(
    caller: Caller,
    service: Data<Service>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (operator, site) = ids(&path)?;
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let removing = service.database.transaction(async |connection: &mut AsyncPgConnection| {
        let here = owned::lock_one(connection, &OPERATORS, operator).await?;
        if !storage::remove(connection, operator, site).await? {
            return Err(unknown(operator, site));
        }
        owned::overwrite_with_more(connection, &OPERATORS, [here], author).await?;
        Ok(())
    });
    removing.await?;
    service.relay.wake();
    Ok(HttpResponse::NoContent().finish())
}
