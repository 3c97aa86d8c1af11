//! Callers who write all the time, and keep asking until they are told that it was done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::caller::Caller;
use super::project::Project;

/// The number of writers.
const WRITERS: u64 = 4;
/// The rest between two writes of one writer.
const REST: Duration = Duration::from_millis(150);
/// The pause between two tries of the same.
const RETRY: Duration = Duration::from_millis(250);

/// The changes of an order, as a side has told them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// The comment, last set at the store.
    pub comment: String,
    /// The tracking, where the warehouse has shipped it.
    pub tracking: Option<String>,
}

/// The answers to all writers so far, by the orders' ids.
type Ledger = Arc<Mutex<BTreeMap<Uuid, Acknowledged>>>;

/// Writers at work.
#[derive(Debug)]
pub struct Writers {
    ledger: Ledger,
    stop: CancellationToken,
    tasks: JoinSet<Result<()>>,
}

struct Writer {
    store: Caller,
    warehouse: Caller,
    ledger: Ledger,
    stop: CancellationToken,
}

impl Writers {
    /// Sets them to work.
    pub fn start(project: &Project) -> Result<Self> {
        let (ledger, stop, mut tasks) =
            (Ledger::default(), CancellationToken::new(), JoinSet::new());
        for _ in 0..WRITERS {
            let writer = Writer {
                store: project.caller("store", Some("WRITE"))?,
                warehouse: project.caller("warehouse", Some("WRITE"))?,
                ledger: ledger.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(writer.run());
        }
        Ok(Self { ledger, stop, tasks })
    }

    /// The number of writes that were acknowledged so far.
    #[must_use]
    pub fn count(&self) -> usize {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        // Each order was placed, commented on and, some of them, shipped.
        ledger.values().map(|of| 2 + usize::from(of.tracking.is_some())).sum()
    }

    /// Lets them finish what they are at, and gives what they were told.
    pub async fn finish(mut self) -> Result<BTreeMap<Uuid, Acknowledged>> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Writer {
    async fn run(self) -> Result<()> {
        while !self.stop.is_cancelled() {
            let id = Uuid::new_v4();
            let comment = self.place(id).await?;
            self.acknowledge(id, |of| of.comment = comment);
            if let Some(tracking) = self.ship(id).await? {
                self.acknowledge(id, |of| of.tracking = Some(tracking));
            }
            sleep(REST).await;
        }
        Ok(())
    }

    /// Places an order, then says something of it; gives what.
    async fn place(&self, id: Uuid) -> Result<String> {
        let mut order = process_kit::lamps_and_bulbs();
        order["id"] = json!(id);
        insist(&self.store, Method::POST, "/v1/orders", &order).await?;
        let comment = format!("comment {id}");
        insist(&self.store, Method::PATCH, &path(id), &json!({"comment": comment})).await?;
        Ok(comment)
    }

    /// Ships it, as soon as it is at the warehouse; gives the tracking. Where it takes long to be
    /// there, it stays unshipped: the writer has other things to do.
    async fn ship(&self, id: Uuid) -> Result<Option<String>> {
        for _ in 0..8 {
            if self.warehouse.get(&path(id)).await.is_ok_and(|answer| answer.status == 200) {
                let tracking = format!("tracking {id}");
                let shipped = json!({"status": "shipped", "carrier": "DHL", "tracking": tracking});
                insist(&self.warehouse, Method::PATCH, &path(id), &shipped).await?;
                return Ok(Some(tracking));
            }
            sleep(RETRY).await;
        }
        Ok(None)
    }

    fn acknowledge(&self, id: Uuid, change: impl FnOnce(&mut Acknowledged)) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        change(ledger.entry(id).or_default());
    }
}

fn path(id: Uuid) -> String {
    format!("/v1/orders/{id}")
}

/// Asks until it is done. What is asked for may be asked for again; only a refusal ends it.
async fn insist(caller: &Caller, method: Method, path: &str, body: &Value) -> Result<()> {
    loop {
        match caller.ask(method.clone(), path, Some(body)).await {
            Ok(answer) if answer.status < 300 => return Ok(()),
            Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                sleep(answer.retry_after.map_or(RETRY, Duration::from_secs)).await;
            }
            Ok(answer) => bail!("{method} {path}: {} {}", answer.status, answer.body),
            Err(_) => sleep(RETRY).await,
        }
    }
}
