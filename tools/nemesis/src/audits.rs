//! Audits: they are begun while faults happen, and once all is healed one has to say that the sides
//! agree.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use process_kit::secured::headers;
use program_kit::access::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::http;
use tokio::time::{sleep, timeout};

use super::parts::Part;
use super::world::World;

/// The pause from one audit that is begun during faults to the next.
const BETWEEN: Duration = Duration::from_secs(2);
/// The time that a worker has to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest that an audit of sides that agree takes. One whose worker was killed is in the way for a
/// minute.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);

/// Begins audits at one worker and at the other, and counts those that have begun. Does not end.
pub async fn begin_many(world: &World, begun: &Cell<usize>) -> Infallible {
    for worker in [Part::Worker1, Part::Worker2].into_iter().cycle() {
        // A worker with a fault does not answer; that is tried again.
        if let Ok(Some(_)) = begin(world, worker).await {
            begun.set(begun.get() + 1);
        }
        sleep(BETWEEN).await;
    }
    unreachable!("the workers are asked in turn without an end")
}

/// Has an audit made of sides that agree, and says what its receipt has that it should not have.
pub async fn check(world: &World) -> Result<(), String> {
    let mut last = "nobody has answered".to_owned();
    let asking = async {
        loop {
            match receipt(world).await {
                Ok(Some(receipt)) => return agrees(&receipt, &orders(world).await?),
                Ok(None) => last = "another audit is under way".to_owned(),
                Err(error) => last = format!("{error:#}"),
            }
            sleep(PAUSE).await;
        }
    };
    let checked = timeout(LIMIT, asking).await;
    checked.unwrap_or_else(|_| Err(format!("no audit within {LIMIT:?}: {last}")))
}

/// Returns the receipt of a new audit; `None` while another one is in the way.
async fn receipt(world: &World) -> Result<Option<Value>> {
    let worker = Part::Worker1;
    let Some(number) = begin(world, worker).await? else { return Ok(None) };
    let url = format!("{}/v1/audits/{number}", world.url(worker));
    loop {
        let audit = client().get(&url).send().await?.json::<Value>().await?;
        match audit["state"].as_str() {
            Some("succeeded") => return Ok(Some(audit["receipt"].clone())),
            Some("running") => sleep(PAUSE).await,
            _ => bail!("audit {number} came to no end: {audit}"),
        }
    }
}

/// Begins an audit, and returns its number; `None` if another one is under way.
async fn begin(world: &World, worker: Part) -> Result<Option<u64>> {
    let url = format!("{}/v1/audits", world.url(worker));
    let answer = client().post(url).json(&json!(null)).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    match status {
        StatusCode::CONFLICT => Ok(None),
        StatusCode::ACCEPTED => {
            let begun = serde_json::from_str::<Value>(&text)?;
            Ok(Some(begun["number"].as_u64().with_context(|| format!("no number: {begun}"))?))
        }
        _ => bail!("{status} {text}"),
    }
}

fn client() -> Client {
    http().timeout(ANSWER).default_headers(headers(Role::Write)).build().unwrap()
}

/// Returns the number of orders of each side.
async fn orders(world: &World) -> Result<[u64; 2], String> {
    let [store, warehouse] = Side::ALL.map(|side| world.databases.standing(side));
    let both = tokio::try_join!(store, warehouse).map_err(|error| format!("{error:#}"))?;
    Ok([both.0.orders, both.1.orders])
}

/// Checks a receipt of sides that agree and at which nobody writes.
fn agrees(receipt: &Value, orders: &[u64; 2]) -> Result<(), String> {
    let is_none = |name: &&str| receipt[*name] == 0;
    let nothing = ["differences", "healed", "left", "parked", "dropped", "moving"];
    let all = orders.iter().all(|orders| receipt["compared"] == *orders);
    match receipt["agrees"] == true && all && nothing.iter().all(is_none) {
        true => Ok(()),
        false => Err(format!("the sides agree on {orders:?} orders, and the receipt is {receipt}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_that_differs_from_what_is_there_is_wrong() {
        let receipt = json!({
            "compared": 7, "differences": 0, "healed": 0, "left": 0, "parked": 0, "dropped": 0,
            "moving": 0, "agrees": true
        });
        assert!(agrees(&receipt, &[7, 7]).is_ok());
        assert!(agrees(&receipt, &[7, 8]).is_err());
        for (name, wrong) in [("agrees", json!(false)), ("healed", json!(1)), ("left", json!(1))] {
            let mut receipt = receipt.clone();
            receipt[name] = wrong;
            assert!(agrees(&receipt, &[7, 7]).is_err(), "{receipt}");
        }
    }
}
