//! The passwords of one stack: made at its first start and kept with its data.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use crate::secret;

const FILE: &str = "secrets.json";

#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    /// PostgreSQL's superuser.
    pub(super) postgres: String,
    /// The role of the store's database.
    pub(super) store: String,
    /// The role of the warehouse's database.
    pub(super) warehouse: String,
    /// RabbitMQ's user.
    pub(super) rabbitmq: String,
}

impl Secrets {
    pub(super) fn load(folder: &Folder) -> Result<Self> {
        if let Some(kept) = folder.read(FILE)? {
            return Ok(kept);
        }
        let made = Self {
            postgres: secret::random(),
            store: secret::random(),
            warehouse: secret::random(),
            rabbitmq: secret::random(),
        };
        folder.write_json(FILE, &made)?;
        Ok(made)
    }
}
