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

use super::actor::Actor;
use super::ledger::Ledger;
use client::Client;
use pool::Pool;

/// The number of clients.
const CLIENTS: u64 = 8;

/// The clients. Dropping it ends them.
#[derive(Debug)]
pub struct Load {
    going: watch::Sender<bool>,
    idle: watch::Sender<usize>,
    actors: JoinSet<()>,
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
        let (going, idle) = (watch::Sender::new(true), watch::Sender::new(0));
        let mut load = Self { going, idle, actors: JoinSet::new() };
        let pool = Arc::new(Pool::default());
        for number in 0..CLIENTS {
            load.add(Client::new(number, seed, urls, Arc::clone(&pool), Arc::clone(ledger)));
        }
        load
    }

    /// Lets somebody else act, too.
    pub fn add(&mut self, mut actor: impl Actor) {
        let (mut going, idle) = (self.going.subscribe(), self.idle.clone());
        self.actors.spawn(async move {
            loop {
                idle.send_modify(|idle| *idle += 1);
                if going.wait_for(|going| *going).await.is_err() {
                    return;
                }
                idle.send_modify(|idle| *idle -= 1);
                while *going.borrow() {
                    actor.step().await;
                }
            }
        });
    }

    /// Lets no client begin anything more, and waits until all have had their answers.
    pub async fn pause(&self) {
        self.going.send_replace(false);
        // The clients end with us, not before.
        let _ = self.idle.subscribe().wait_for(|idle| *idle == self.actors.len()).await;
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.going.send_replace(true);
    }
}
