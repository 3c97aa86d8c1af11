//! `POST /v1/sync/pulled`: the worker hands over what it has pulled from an upstream.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data};
use diesel_async::AsyncPgConnection;
use program_kit::access::{Caller, Rule};
use program_kit::http::body::Body;
use program_kit::http::endpoints::{Routes, endpoint, endpoints_of};
use program_kit::telemetry::trace;
use service_kit::database::now;
use service_kit::error::Error;
use service_kit::runs;
use service_kit::service::Service;
use shared_models::pull::{PullReceipt, Pulled};

use super::request::{Pull, Refused, expectation};
use super::rules::{Decision, Here, Writes, decide};
use super::{describe, storage};
use crate::operators::{OPERATORS, links_of, put_links};
use crate::owned::{self, Author, Kind};
use crate::sites::SITES;

/// How often a pull is tried while callers create the same records.
const ATTEMPTS: u32 = 5;

/// The most operators that become inactive by one transaction, as they are not listed, and the most sites
/// that no operator has.
const UNLISTED: usize = 1_000;

/// Returns the path.
pub(crate) fn paths() -> Routes {
    let take = vec![endpoint(Method::POST, Rule::SYNC, web::to(take), describe::take)];
    Routes::default().with(endpoints_of("/v1/sync/pulled", "use POST", take)).expecting(expectation)
}

async fn take(
    caller: Caller,
    service: Data<Service>,
    Body(body): Body<Pulled>,
) -> Result<HttpResponse, Error> {
    let mut pull = Pull::check(body).map_err(Error::Invalid)?;
    let author = Author { at: now(), principal: caller.name(), trace: trace::current() };
    let mut receipt = PullReceipt::default();
    loop {
        let (decision, is_last) = take_some(&service, &pull, author).await?;
        add(&mut receipt, &decision);
        if is_last {
            return Ok(HttpResponse::Ok().json(receipt));
        }
        pull = pull.rest();
    }
}

fn add(receipt: &mut PullReceipt, decision: &Decision) {
    let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
    receipt.upserted += count(decision.upserted);
    receipt.changed += count(decision.changed);
    receipt.deactivated += count(decision.deactivated);
    receipt.refused.extend(decision.refused.iter().map(Refused::receipt));
}

/// Takes a pull, with up to [`UNLISTED`] of the records that it does not list; returns whether these were all.
async fn take_some(
    service: &Service,
    pull: &Pull,
    author: Author<'_>,
) -> Result<(Decision, bool), Error> {
    let mut attempts = 1;
    let taken = loop {
        let attempt = async |connection: &mut _| write(connection, pull, author).await;
        match service.database.transaction(attempt).await {
            Err(Error::Overtaken) if attempts < ATTEMPTS => attempts += 1,
            ended => break ended?,
        }
    };
    service.relay.wake();
    Ok(taken)
}

/// Writes what was pulled, unless a record does not fit and the pull is strict.
async fn write(
    connection: &mut AsyncPgConnection,
    pull: &Pull,
    author: Author<'_>,
) -> Result<(Decision, bool), Error> {
    runs::hold(connection, &pull.source, pull.run).await?;
    storage::take_turn(connection, &pull.source).await?;
    let (here, is_last) = lock(connection, pull).await?;
    let mut decision = decide(pull, &here, author.at);
    if pull.strict && !decision.refused.is_empty() {
        let refused = std::mem::take(&mut decision.refused);
        return Err(Error::Invalid(refused.into_iter().flat_map(Refused::into_errors).collect()));
    }
    write_records(connection, &SITES, &decision.sites, author).await?;
    write_records(connection, &OPERATORS, &decision.operators, author).await?;
    put_links(connection, &decision.links, author.at).await?;
    Ok((decision, is_last))
}

/// Locks what the pull may concern: sites, then operators, each in the order of their ids. Returns whether
/// that is all that it does not list.
async fn lock(connection: &mut AsyncPgConnection, pull: &Pull) -> Result<(Here, bool), Error> {
    let mut is_last = true;
    let source = pull.source.as_str();
    let mut operators = pull.lists.keys().copied().collect::<BTreeSet<_>>();
    let mut sites = pull.sites.keys().copied().collect::<BTreeSet<_>>();
    sites.extend(pull.lists.values().flatten());
    if let Some(all) = &pull.all_operators {
        let all = all.union(&operators).copied().collect::<Vec<_>>();
        // Each of these becomes inactive, or is listed from now on: none comes again.
        let unlisted = storage::unlisted_sites(connection, source, UNLISTED).await?;
        let others = storage::other_operators(connection, source, &all, UNLISTED).await?;
        is_last = unlisted.len() < UNLISTED && others.len() < UNLISTED;
        sites.extend(unlisted);
        operators.extend(others);
    }
    let operators = Vec::from_iter(operators);
    sites.extend(storage::listed_sites(connection, source, &operators).await?);
    let sites = Vec::from_iter(sites);
    let locked_sites = owned::lock(connection, &SITES, &sites).await?;
    let locked_operators = owned::lock(connection, &OPERATORS, &operators).await?;
    let links = links_of(connection, &operators).await?;
    let elsewhere = storage::listed_elsewhere(connection, source, &sites, &operators).await?;
    let here = Here {
        sites: locked_sites,
        operators: locked_operators,
        links,
        listed_elsewhere: elsewhere.into_iter().collect(),
    };
    Ok((here, is_last))
}

/// Writes records. Those that are new to the pull may have been created since it has looked; then it begins
/// again. Nothing that it waits for here waits for what it has locked: whoever creates a record does so
/// after it has locked all others.
async fn write_records(
    connection: &mut AsyncPgConnection,
    kind: &'static Kind,
    Writes { new, changed }: &Writes,
    author: Author<'_>,
) -> Result<(), Error> {
    let created = owned::insert(connection, kind, new, author).await?;
    if created.len() < new.len() {
        return Err(Error::Overtaken);
    }
    Ok(owned::overwrite(connection, kind, changed, author).await?)
}
