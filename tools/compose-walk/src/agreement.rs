//! The comparison of both sides: all that was acknowledged is there, and is the same.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use process_kit::shared;
use serde_json::Value;
use shared_models::side::Side;
use tokio::time::sleep;
use uuid::Uuid;

use super::caller::Caller;
use super::project::Project;
use super::writers::Acknowledged;

/// The time in which the sides agree when all is well again. The longest that a change waits is
/// one over which its peer has failed: it is offered again after 30 s.
const IN_TIME: Duration = Duration::from_secs(60);

/// The orders of a side.
type Orders = BTreeMap<Uuid, Value>;

/// Waits until both agree on all that was acknowledged; gives how long that took.
pub async fn reach(
    project: &Project,
    acknowledged: &BTreeMap<Uuid, Acknowledged>,
) -> Result<Duration> {
    let began = Instant::now();
    let callers =
        [Side::Store, Side::Warehouse].map(|side| project.caller(side.as_str(), Some("READ")));
    let [store, warehouse] = callers;
    let (store, warehouse) = (store?, warehouse?);
    loop {
        let both = async { anyhow::Ok((orders(&store).await?, orders(&warehouse).await?)) };
        let differing = match both.await {
            Ok((store, warehouse)) => compare(&store, &warehouse, acknowledged),
            Err(error) => Err(error),
        };
        match differing {
            Ok(()) => return Ok(began.elapsed()),
            Err(error) if began.elapsed() > IN_TIME => {
                return Err(error.context(format!("after {IN_TIME:?} the sides do not agree")));
            }
            Err(_) => sleep(Duration::from_millis(250)).await,
        }
    }
}

/// All orders of a side, page by page.
async fn orders(side: &Caller) -> Result<Orders> {
    let mut orders = Orders::new();
    let mut path = Some("/v1/orders?limit=500".to_owned());
    while let Some(next) = path {
        let page = side.get(&next).await?.with(200)?;
        for order in page["items"].as_array().context("a page without items")? {
            let id = order["id"].as_str().context("an order without id")?.parse()?;
            orders.insert(id, order.clone());
        }
        path = page["next"].as_str().map(str::to_owned);
    }
    Ok(orders)
}

fn compare(
    store: &Orders,
    warehouse: &Orders,
    acknowledged: &BTreeMap<Uuid, Acknowledged>,
) -> Result<()> {
    let counts = [store.len(), warehouse.len()];
    ensure!(
        counts[0] == counts[1],
        "{} orders at the store, {} at the warehouse",
        counts[0],
        counts[1]
    );
    for (id, at_store) in store {
        let at_warehouse = warehouse.get(id).with_context(|| format!("only the store has {id}"))?;
        let alike = shared(at_store) == shared(at_warehouse);
        ensure!(alike, "{id} is {at_store} at the store, {at_warehouse} at the warehouse");
    }
    for (id, wanted) in acknowledged {
        let order = store.get(id).with_context(|| format!("{id} was acknowledged, and is lost"))?;
        ensure!(order["comment"] == *wanted.comment, "the comment of {id} is lost: {order}");
        if let Some(tracking) = &wanted.tracking {
            ensure!(order["tracking"] == **tracking, "the tracking of {id} is lost: {order}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: Uuid = Uuid::from_u128(1);

    fn side(comment: &str, tracking: &str, revision: u64) -> Orders {
        let revisions = json!({
            "delivery": {"store": revision, "warehouse": 0},
            "progress": {"store": 0, "warehouse": 1},
        });
        let order = json!({
            "id": ID, "version": 2, "company": "Acme", "address": "1 Main Street",
            "deliver_by": null, "comment": comment, "lines": [], "status": "shipped",
            "carrier": "DHL", "tracking": tracking, "revisions": revisions,
        });
        Orders::from([(ID, order)])
    }

    fn told(comment: &str, tracking: &str) -> BTreeMap<Uuid, Acknowledged> {
        let tracking = Some(tracking.to_owned());
        BTreeMap::from([(ID, Acknowledged { comment: comment.into(), tracking })])
    }

    #[test]
    fn sides_that_differ_or_lack_what_was_acknowledged_do_not_agree() {
        let [all, other, none] = [side("a", "t", 1), side("a", "t", 2), Orders::new()];
        let agree = |store: &Orders, warehouse: &Orders, told| {
            compare(store, warehouse, &told).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(agree(&all, &all, told("a", "t")), Ok(()));
        let refused = |store, warehouse, told, word: &str| {
            let error = agree(store, warehouse, told).unwrap_err();
            assert!(error.contains(word), "{error}");
        };
        refused(&all, &other, told("a", "t"), "at the warehouse");
        refused(&all, &none, told("a", "t"), "0 at the warehouse");
        refused(&none, &none, told("a", "t"), "is lost");
        refused(&all, &all, told("b", "t"), "the comment");
        refused(&all, &all, told("a", "u"), "the tracking");
    }
}
