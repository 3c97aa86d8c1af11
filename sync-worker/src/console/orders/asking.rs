//! Asking the two sides for orders, with the token of the person who looks.

use std::collections::HashMap;

use futures_util::future::join;
use futures_util::stream::{StreamExt as _, iter};
use serde::Deserialize;
use shared_models::side::Side;
use uuid::Uuid;

use super::super::Sides;
use super::super::guard::Known;
use super::record::{Order, Pair};
use crate::side_client::SideClient;

/// The orders on a page.
const PAGE: &str = "50";
/// The orders that are asked for one by one at the same time.
const PARALLEL: usize = 8;

/// What a person looks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) company: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) cursor: Option<String>,
}

/// A page of orders at both sides.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) pairs: Vec<Pair>,
    /// The query of the next page.
    pub(super) next: Option<String>,
    /// The reasons why a side was not asked.
    pub(super) problems: Vec<String>,
}

/// A page as a side sends it.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Order>,
    next: Option<String>,
}

/// Returns an order at both sides, and the reasons why a side did not answer.
pub(super) async fn pair(sides: &Sides, known: &Known, id: Uuid) -> (Pair, Vec<String>) {
    let clients = Side::ALL.map(|side| sides.of(side, known));
    let [store, warehouse] = &clients;
    let (store, warehouse) = join(one(store, id), one(warehouse, id)).await;
    let mut problems = vec![];
    let mut keep = |answer: Result<Option<Order>, String>| {
        answer.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        })
    };
    (Pair { store: keep(store), warehouse: keep(warehouse) }, problems)
}

/// Returns an order at one side.
pub(super) async fn one(side: &SideClient, id: Uuid) -> Result<Option<Order>, String> {
    side.find(&format!("v1/orders/{id}"), &[]).await.map_err(|error| problem(side, &error))
}

fn problem(side: &SideClient, error: &crate::side_client::RequestError) -> String {
    let (name, text) = (side.side(), error.to_string());
    if text.starts_with("the ") { text } else { format!("the {name}: {text}") }
}

/// Returns a page of the orders that a person looks for. The store's list leads: each order on it is
/// looked up at the warehouse. If the store does not answer, it is the other way round.
pub(super) async fn search(sides: &Sides, known: &Known, search: &Search) -> Found {
    let (leading, other) = (sides.of(Side::Store, known), sides.of(Side::Warehouse, known));
    let (ours, theirs) = join(list(&leading, search), list(&other, search)).await;
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let (items, problems) = join_both(&leading, &other, &ours, theirs.items).await;
            // A store that was set back may have fewer.
            let next = ours.next.or(theirs.next);
            Found { pairs: items, next, problems }
        }
        (Ok(ours), Err(problem)) => {
            let pairs = ours.items.into_iter();
            let pairs = pairs.map(|order| Pair { store: Some(order), warehouse: None });
            Found { pairs: pairs.collect(), next: ours.next, problems: vec![problem] }
        }
        (Err(problem), Ok(theirs)) => {
            let pairs = theirs.items.into_iter();
            let pairs = pairs.map(|order| Pair { store: None, warehouse: Some(order) });
            Found { pairs: pairs.collect(), next: theirs.next, problems: vec![problem] }
        }
        (Err(one), Err(other)) => Found { problems: vec![one, other], ..Found::default() },
    }
}

async fn list(side: &SideClient, search: &Search) -> Result<Page, String> {
    let mut query = vec![("limit", PAGE)];
    let filters = [("company", search.company.trim()), ("status", search.status.trim())];
    query.extend(filters.into_iter().filter(|(_, value)| !value.is_empty()));
    query.extend(search.cursor.as_deref().map(|cursor| ("cursor", cursor)));
    let page = side.find::<Page>("v1/orders", &query).await;
    let page = page.map_err(|error| problem(side, &error))?;
    Ok(page.unwrap_or_else(|| Page { items: vec![], next: None }))
}

/// Puts the orders of both lists next to each other. What is on one of them only is asked for at the
/// other side: it may be older there, or of another status.
async fn join_both(
    store: &SideClient,
    warehouse: &SideClient,
    ours: &Page,
    theirs: Vec<Order>,
) -> (Vec<Pair>, Vec<String>) {
    let mut theirs = theirs.into_iter().map(|order| (order.id, order)).collect::<HashMap<_, _>>();
    let pairs = ours
        .items
        .iter()
        .map(|order| Pair { warehouse: theirs.remove(&order.id), store: Some(order.clone()) });
    let mut pairs = pairs.collect::<Vec<_>>();
    let oldest = ours.items.last().map(|order| order.created_at).filter(|_| ours.next.is_some());
    // Others may stand on a later page of the store's list.
    let newer = theirs.into_values().filter(|it| oldest.is_none_or(|at| it.created_at > at));
    pairs.extend(newer.map(|order| Pair { store: None, warehouse: Some(order) }));
    let lookups = iter(pairs).map(async |pair| match (&pair.store, &pair.warehouse) {
        (Some(order), None) => one(warehouse, order.id)
            .await
            .map(|found| Pair { store: pair.store.clone(), warehouse: found }),
        (None, Some(order)) => one(store, order.id)
            .await
            .map(|found| Pair { store: found, warehouse: pair.warehouse.clone() }),
        (Some(_), Some(_)) | (None, None) => Ok(pair),
    });
    let done = lookups.buffered(PARALLEL).collect::<Vec<_>>().await;
    let mut problems = vec![];
    let mut pairs = done.into_iter().filter_map(|done| done.map_err(|it| problems.push(it)).ok());
    let mut pairs = pairs.by_ref().collect::<Vec<_>>();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.either().map(|order| order.created_at)));
    problems.dedup();
    (pairs, problems)
}
