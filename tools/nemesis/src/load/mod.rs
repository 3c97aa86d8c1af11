//! Clients that write at both sides, all the time.

mod answer;
mod choosing;
mod client;
mod pool;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shared_models::side::Side;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use client::Client;
use pool::Pool;

/// The number of clients.
const CLIENTS: u64 = 8;

/// The clients. Dropping it ends them.
#[derive(Debug)]
pub struct Load {
    going: watch::Sender<bool>,
    idle: watch::Receiver<u64>,
    _clients: JoinSet<()>,
}

/// The state that all clients and the run share.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// Does something with the ledger.
pub fn with<T>(ledger: &SharedLedger, what: impl FnOnce(&mut Ledger) -> T) -> T {
    what(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Load {
    /// Starts clients for the sides at these URLs.
    #[must_use]
    pub fn start(urls: &BTreeMap<Side, String>, seed: u64, ledger: &SharedLedger) -> Self {
        let (going, watched) = watch::channel(true);
        let (idling, idle) = watch::channel(0);
        let pool = Arc::new(Pool::default());
        let idling = Arc::new(idling);
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let mut client = Client::new(number, seed, urls, Arc::clone(&pool), Arc::clone(ledger));
            let (mut watched, idling) = (watched.clone(), Arc::clone(&idling));
            clients.spawn(async move {
                loop {
                    idling.send_modify(|idle| *idle += 1);
                    if watched.wait_for(|going| *going).await.is_err() {
                        return;
                    }
                    idling.send_modify(|idle| *idle -= 1);
                    while *watched.borrow() {
                        client.step().await;
                    }
                }
            });
        }
        Self { going, idle, _clients: clients }
    }

    /// Lets no client begin anything more, and waits until all have had their answers.
    pub async fn pause(&mut self) {
        self.going.send_replace(false);
        // The clients end with us, not before.
        let _ = self.idle.wait_for(|idle| *idle == CLIENTS).await;
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.going.send_replace(true);
    }
}
