//! Asking the two sides for orders, with the token of the person who looks.

use std::collections::HashMap;

use futures_util::future::join;
use futures_util::stream::{StreamExt as _, iter};
use program_kit::http::page::Position;
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

/// Returns a page of the orders that a person looks for, as far as the lists of both sides reach. The store's
/// leads: an order stands where it stands there, and those that only the warehouse lists stand between.
pub(super) async fn search(sides: &Sides, known: &Known, search: &Search) -> Found {
    let (leading, other) = (sides.of(Side::Store, known), sides.of(Side::Warehouse, known));
    let (ours, theirs) = join(list(&leading, search), list(&other, search)).await;
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let (ours, theirs, next) = as_far_as_both_reach(ours, theirs);
            let (pairs, problems) = join_both((&leading, &other), search, ours, theirs).await;
            Found { pairs, next, problems }
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

/// Returns what is on both pages down to the place that both reach, and the query of the page after it. A side
/// may list fewer orders of a time than the other: one of them may have been set back.
fn as_far_as_both_reach(ours: Page, theirs: Page) -> (Vec<Order>, Vec<Order>, Option<String>) {
    // By the link and not by the last order: a page may end early, and have no order at all.
    let end = |page: &Page| {
        let next = page.next.clone()?;
        Position::of_link(&next).map(|Position { at, id }| ((at, id), next))
    };
    let nearest = [end(&ours), end(&theirs)].into_iter().flatten().max_by_key(|(end, _)| *end);
    let Some((end, next)) = nearest else {
        return (ours.items, theirs.items, ours.next.or(theirs.next));
    };
    let down_to = |page: Page| {
        page.items.into_iter().filter(|order| (order.created_at, order.id) >= end).collect()
    };
    (down_to(ours), down_to(theirs), Some(next))
}

/// Returns whether a side lists this order as it is there.
fn is_listed(order: &Order, Search { company, status, .. }: &Search) -> bool {
    let fits = |wanted: &str, is: &str| wanted.trim().is_empty() || wanted.trim() == is;
    fits(company, &order.company) && fits(status, order.status.as_str())
}

/// Puts the orders of both lists next to each other. What is on one of them only is asked for at the
/// other side: it may be older there, or of another status.
async fn join_both(
    (store, warehouse): (&SideClient, &SideClient),
    search: &Search,
    ours: Vec<Order>,
    theirs: Vec<Order>,
) -> (Vec<Pair>, Vec<String>) {
    let mut theirs = theirs.into_iter().map(|order| (order.id, order)).collect::<HashMap<_, _>>();
    let pairs = ours
        .into_iter()
        .map(|order| Pair { warehouse: theirs.remove(&order.id), store: Some(order) });
    let mut pairs = pairs.collect::<Vec<_>>();
    pairs.extend(theirs.into_values().map(|order| Pair { store: None, warehouse: Some(order) }));
    let lookups = iter(pairs).map(async |pair| match (&pair.store, &pair.warehouse) {
        (Some(order), None) => one(warehouse, order.id)
            .await
            .map(|found| Some(Pair { store: pair.store.clone(), warehouse: found })),
        // One that the store lists stands on another page of its list.
        (None, Some(order)) => one(store, order.id).await.map(|found| {
            let is_here = found.as_ref().is_none_or(|order| !is_listed(order, search));
            is_here.then(|| Pair { store: found, warehouse: pair.warehouse.clone() })
        }),
        (Some(_), Some(_)) | (None, None) => Ok(Some(pair)),
    });
    let done = lookups.buffered(PARALLEL).collect::<Vec<_>>().await;
    let mut problems = vec![];
    let mut pairs = done.into_iter().filter_map(|done| {
        done.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        })
    });
    let mut pairs = pairs.by_ref().collect::<Vec<_>>();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.either().map(|order| order.created_at)));
    problems.dedup();
    (pairs, problems)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use program_kit::http::page::PageRequest;
    use serde_json::json;

    use super::*;

    fn at(second: u8) -> DateTime<Utc> {
        format!("2026-11-29T12:00:{second:02}Z").parse().unwrap()
    }

    /// A page of orders that were created at these seconds, and the second after which the next one goes on.
    fn page(created: &[u8], end: Option<u8>) -> Page {
        let order = |second: &u8| {
            json!({
                "id": Uuid::from_u128((*second).into()), "company": "Acme", "address": "1 Quay",
                "lines": [], "status": "placed", "version": 1, "updated_at": "2026-11-29T12:00:00Z",
                "created_at": at(*second),
                "revisions": {"delivery": {"store": 1, "warehouse": 0}, "progress": {"store": 0, "warehouse": 0}},
            })
        };
        let items = created.iter().map(order).collect::<Vec<_>>();
        let request = PageRequest::<_, Uuid>::new(json!({}), None, None).unwrap();
        let next = end.map(|second| {
            let last = Position { at: at(second), id: Uuid::from_u128(second.into()) };
            format!("/v1/orders?{}", request.query_after(last))
        });
        serde_json::from_value(json!({"items": items, "next": next})).unwrap()
    }

    /// The seconds of what is on this page, and after which the next one goes on.
    fn shown(ours: Page, theirs: Page) -> ([Vec<u128>; 2], Option<u128>) {
        let (ours, theirs, next) = as_far_as_both_reach(ours, theirs);
        let seconds = |orders: Vec<Order>| orders.iter().map(|it| it.id.as_u128()).collect();
        let end = next.map(|next| Position::of_link(&next).unwrap().id.as_u128());
        ([seconds(ours), seconds(theirs)], end)
    }

    #[test]
    fn a_page_ends_where_the_first_of_both_lists_does() {
        let all = |next| page(&[9, 8, 7], next);
        assert_eq!(shown(all(None), all(None)), ([vec![9, 8, 7], vec![9, 8, 7]], None));
        // The store lacks the newest, and its page reaches further back.
        let found = shown(page(&[5, 4], Some(4)), page(&[9, 5], Some(5)));
        assert_eq!(found, ([vec![5], vec![9, 5]], Some(5)));
        // The store has nothing more, and the warehouse has.
        let found = shown(page(&[9, 4], None), all(Some(7)));
        assert_eq!(found, ([vec![9], vec![9, 8, 7]], Some(7)));
        assert_eq!(shown(all(Some(7)), page(&[9, 6], None)), ([vec![9, 8, 7], vec![9]], Some(7)));
    }

    #[test]
    fn a_page_that_ends_early_is_gone_on_from_even_if_it_is_empty() {
        assert_eq!(shown(page(&[], Some(3)), page(&[], None)), ([vec![], vec![]], Some(3)));
        // What the warehouse has before that place is here, and what is after it on the next page.
        let found = shown(page(&[9], Some(3)), page(&[5, 2], None));
        assert_eq!(found, ([vec![9], vec![5]], Some(3)));
    }

    #[test]
    fn an_order_is_listed_where_it_is_what_is_searched_for() {
        let order = &page(&[1], None).items[0];
        let search = |company: &str, status: &str| Search {
            company: company.to_owned(),
            status: status.to_owned(),
            ..Search::default()
        };
        assert!(is_listed(order, &search("", "")) && is_listed(order, &search(" Acme ", "placed")));
        assert!(!is_listed(order, &search("", "picking")) && !is_listed(order, &search("Ac", "")));
    }
}
