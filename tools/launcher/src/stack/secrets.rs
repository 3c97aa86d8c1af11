//! The passwords and tokens of one stack: made at its first start and kept with its data.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::tokens::Tokens;
use crate::postgres::Roles;
use crate::rabbitmq::Passwords;
use crate::secret;

const FILE: &str = "secrets.json";

/// The secrets. Those that an older stack does not have yet are made at its next start.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Secrets {
    /// The password of PostgreSQL's superuser.
    pub(super) postgres: String,
    /// The password of the role of the store's service.
    pub(super) store: String,
    /// The password of the owner of the store's tables.
    pub(super) store_owner: String,
    /// The password of the role of the warehouse's service.
    pub(super) warehouse: String,
    /// The password of the owner of the warehouse's tables.
    pub(super) warehouse_owner: String,
    /// The password of RabbitMQ's administrator.
    pub(super) rabbitmq: String,
    /// The password of RabbitMQ's user for the store.
    pub(super) rabbitmq_store: String,
    /// The password of RabbitMQ's user for the warehouse.
    pub(super) rabbitmq_warehouse: String,
    /// The password of RabbitMQ's user for the worker.
    pub(super) rabbitmq_worker: String,
    /// The password of the sample upstream's user.
    pub(super) upstream: String,
    /// The tokens of callers, if the stack is started with access control.
    pub(super) tokens: Tokens,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            postgres: secret::random(),
            store: secret::random(),
            store_owner: secret::random(),
            warehouse: secret::random(),
            warehouse_owner: secret::random(),
            rabbitmq: secret::random(),
            rabbitmq_store: secret::random(),
            rabbitmq_warehouse: secret::random(),
            rabbitmq_worker: secret::random(),
            upstream: secret::random(),
            tokens: Tokens::default(),
        }
    }
}

impl Secrets {
    pub(super) fn load(folder: &Folder) -> Result<Self> {
        let secrets: Self = folder.read(FILE)?.unwrap_or_default();
        folder.write_json(FILE, &secrets)?;
        Ok(secrets)
    }

    /// Returns the roles of the store and of the warehouse.
    pub(super) fn roles(&self) -> [Roles; 2] {
        let of = |service, owner: &String, password: &String| Roles {
            service,
            owner_password: owner.clone(),
            service_password: password.clone(),
        };
        [
            of("store", &self.store_owner, &self.store),
            of("warehouse", &self.warehouse_owner, &self.warehouse),
        ]
    }

    pub(super) fn rabbitmq(&self) -> Passwords {
        Passwords {
            lockstep: self.rabbitmq.clone(),
            store: self.rabbitmq_store.clone(),
            warehouse: self.rabbitmq_warehouse.clone(),
            worker: self.rabbitmq_worker.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_stack_has_stays_and_what_it_lacks_is_made_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.prepare().unwrap();
        let older = r#"{"postgres": "a", "store": "b", "warehouse": "c", "rabbitmq": "d"}"#;
        folder.write(FILE, older).unwrap();
        let secrets = Secrets::load(&folder).unwrap();
        assert_eq!((&*secrets.store, &*secrets.rabbitmq), ("b", "d"));
        assert_ne!(secrets.store_owner, secrets.warehouse_owner);
        assert_eq!(Secrets::load(&folder).unwrap().store_owner, secrets.store_owner);
    }
}
