//! The three programs, as data: what each is called, what it is told, and where it answers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::endpoints::Endpoints;
use super::folder::Folder;
use super::secrets::Secrets;
use super::settle::Ports;
use crate::rabbitmq::User;
use crate::recipe::Recipe;

/// A program of ours.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Its HTTP port; `/health/ready` says 200 when it can work.
    pub(super) port: u16,
    environment: Vec<(&'static str, String)>,
    /// What else it is told when it is to bring its tables up to date; none, if it has none.
    migration: Option<(&'static str, String)>,
}

/// In the order of their start.
pub(super) fn all(ports: Ports, at: &Endpoints, secrets: &Secrets) -> [Program; 3] {
    let passwords = secrets.rabbitmq();
    let broker = |user| passwords.url(user, ports.amqp);
    let owners = secrets.roles().map(|roles| roles.owner_url(ports.postgres));
    let [store_owner, warehouse_owner] = owners;
    [
        Program {
            name: "store-svc",
            port: ports.store,
            environment: vec![
                ("STORE__HTTP__PORT", ports.store.to_string()),
                ("STORE__DATABASE__URL", at.store_database.clone()),
                ("STORE__BROKER__URL", broker(User::Store)),
            ],
            migration: Some(("STORE__DATABASE__URL", store_owner)),
        },
        Program {
            name: "warehouse-svc",
            port: ports.warehouse,
            environment: vec![
                ("WAREHOUSE__HTTP__PORT", ports.warehouse.to_string()),
                ("WAREHOUSE__DATABASE__URL", at.warehouse_database.clone()),
                ("WAREHOUSE__BROKER__URL", broker(User::Warehouse)),
            ],
            migration: Some(("WAREHOUSE__DATABASE__URL", warehouse_owner)),
        },
        Program {
            name: "sync-worker",
            port: ports.worker,
            environment: vec![
                ("WORKER__HTTP__PORT", ports.worker.to_string()),
                ("WORKER__BROKER__URL", broker(User::Worker)),
                ("WORKER__STORE__URL", at.store.clone()),
                ("WORKER__WAREHOUSE__URL", at.warehouse.clone()),
            ],
            migration: None,
        },
    ]
}

impl Program {
    pub(super) fn recipe(&self, built: &Path, folder: &Folder) -> Recipe {
        let recipe = Recipe::new(self.name, &built.join(self.name), &folder.log(self.name));
        self.environment.iter().fold(recipe, |recipe, (name, value)| recipe.env(name, value))
    }

    /// Brings its tables up to date as their owner, which it may not do itself while it serves.
    pub(super) fn migration(&self, built: &Path, folder: &Folder) -> Option<Recipe> {
        let (setting, owner) = self.migration.as_ref()?;
        let name = format!("{} migrate", self.name);
        let log = folder.log(&format!("{}.migrate", self.name));
        let recipe = Recipe::new(&name, &built.join(self.name), &log).arg("migrate");
        Some(recipe.env(setting, owner))
    }
}

/// The folder of the built programs: cargo puts them beside the launcher.
pub(super) fn built(programs: &[Program]) -> Result<PathBuf> {
    let launcher = std::env::current_exe()?;
    let folder = launcher.parent().context("the launcher is in no folder")?;
    for Program { name, .. } in programs {
        if !folder.join(name).exists() {
            bail!(
                "{name} is not built in {}: start with deploy/up, which builds it",
                folder.display()
            );
        }
    }
    Ok(folder.to_owned())
}
