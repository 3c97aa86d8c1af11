//! The mirror: posts and comments of the store, kept the same as those of a remote service.
//!
//! `array`, `failures`, `names`, `seen` and `steps` decide, and know no network. A load and a flush are tasks of one job, so they
//! never overlap.

mod address;
mod array;
mod client;
mod failures;
mod feed;
pub mod flush;
mod list;
pub mod load;
mod missing;
mod names;
mod permit;
mod seen;
mod sender;
mod sending;
mod settler;
mod steps;
mod store;

use program_kit::http::metrics::Registry;
use shared_models::mirror::Mirrored;

use super::run::Held;
use crate::settings::mirror::Remote;
use crate::side_client::SideClient;
use client::RemoteClient;
use store::Store;

/// The mirror of a remote service at the store.
pub struct Mirror {
    client: RemoteClient,
    store: SideClient,
}

impl Mirror {
    /// Creates the mirror of a remote. The requests to that are measured in the registry.
    pub fn new(remote: Remote, store: SideClient, registry: &Registry) -> Result<Self, String> {
        Ok(Self { client: RemoteClient::new(remote, registry)?, store })
    }

    /// Returns the remote.
    #[must_use]
    pub const fn remote(&self) -> &Remote {
        &self.client.remote
    }

    fn store<'a>(&'a self, run: &Held, kind: Mirrored) -> Store<'a> {
        Store { client: &self.store, run: run.id, kind }
    }

    fn parallel(&self) -> usize {
        self.client.remote.settings.parallel.get()
    }
}
