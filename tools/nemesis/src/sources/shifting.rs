//! What changes at the upstream: its users, their warehouses, and who works where.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use sample_sources::upstream::{FIRST_USER, Record};
use serde_json::Value;
use tokio::time::sleep;

use super::Sources;
use crate::actor::Actor;

/// The users and warehouses that there may be. The first user always is: an empty list removes nothing.
pub const USERS: std::ops::Range<u64> = FIRST_USER..FIRST_USER + 6;
const SITES: std::ops::Range<u64> = 1..16;
/// The rest between two changes, in milliseconds.
const REST: std::ops::Range<u64> = 100..600;

/// Whoever changes the upstream.
#[derive(Debug)]
pub struct Shifting {
    rng: Rng,
    sources: Arc<Sources>,
    names: u64,
}

impl Shifting {
    /// Somebody who changes the upstream.
    #[must_use]
    pub const fn new(sources: Arc<Sources>, rng: Rng) -> Self {
        Self { rng, sources, names: 0 }
    }

    fn name(&mut self, field: &str) -> Record {
        self.names += 1;
        Record::from_iter([(field.to_owned(), Value::from(format!("name {}", self.names)))])
    }
}

impl Actor for Shifting {
    /// Makes one change, and rests.
    async fn step(&mut self) {
        let (user, site) = (self.rng.u64(USERS), self.rng.u64(SITES));
        let upstream = &Arc::clone(&self.sources).upstream;
        match self.rng.u8(..10) {
            0..2 => upstream.put_user(user, self.name("last_name")).unwrap(),
            2..4 => upstream.put_warehouse(site, self.name("name")).unwrap(),
            4..7 => upstream.link(user, site).unwrap(),
            7..8 => _ = upstream.unlink(user, site).unwrap(),
            8..9 => _ = upstream.remove_warehouse(site).unwrap(),
            _ if user > FIRST_USER => _ = upstream.remove_user(user).unwrap(),
            _ => {}
        }
        sleep(Duration::from_millis(self.rng.u64(REST))).await;
    }
}
