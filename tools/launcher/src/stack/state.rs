//! The recorded state of a running stack, for `down`, and for the next `up` if the launcher is
//! killed.

use std::fs;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::endpoints::Endpoints;
use super::folder::Folder;
use crate::identity::Identity;

const FILE: &str = "state.json";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The boot id: process ids and start times are comparable within one boot of the machine only.
    boot: String,
    /// The launcher that runs the stack.
    pub(super) launcher: Identity,
    /// The processes that it has started.
    pub(super) children: Vec<Identity>,
    /// The endpoints, once all parts are ready.
    pub(super) ready: Option<Endpoints>,
}

impl State {
    pub(super) fn new() -> Result<Self> {
        let launcher = Identity::of(std::process::id())?;
        Ok(Self { boot: boot(), launcher, children: Vec::new(), ready: None })
    }

    /// Loads the state that the last launcher wrote, if the machine has not been booted since.
    pub(super) fn load(folder: &Folder) -> Result<Option<Self>> {
        let kept: Option<Self> = folder.read(FILE)?;
        Ok(kept.filter(|state| state.boot == boot()))
    }

    pub(super) fn save(&self, folder: &Folder) -> Result<()> {
        folder.write_json(FILE, self)
    }

    pub(super) fn forget(folder: &Folder) -> Result<()> {
        folder.remove(FILE)
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}
