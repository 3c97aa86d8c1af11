//! The three programs, as data: name, settings, and port of each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::endpoints::{Endpoints, quoted};
use super::folder::Folder;
use super::given::Given;
use super::secrets::Secrets;
use super::settle::Ports;
use super::sources::Sources;
use crate::postgres::Roles;
use crate::rabbitmq::User;
use crate::recipe::Recipe;

/// A program of the three.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// The prefix of its settings.
    prefix: &'static str,
    /// The HTTP port; `/health/ready` answers 200 when the program can work.
    pub(super) port: u16,
    environment: Vec<(String, String)>,
    /// The variables that it may not inherit.
    not_inherited: Vec<OsString>,
    /// The database URL for the owner of its tables; none, if it has none.
    owner: Option<String>,
}

/// Returns the programs in the order of their start. What was given stands over what is set here:
/// a person who sets it wants it so.
pub(super) fn all(
    ports: Ports,
    at: &Endpoints,
    secrets: &Secrets,
    sources: Option<&Sources>,
    given: &Given,
) -> [Program; 3] {
    let passwords = secrets.rabbitmq();
    let broker = |user| passwords.url(user, ports.amqp);
    let [store, warehouse] = secrets.roles();
    let service = |name, prefix, port, roles: &Roles, user| {
        let database = roles.service_url(ports.postgres);
        let settings = [("DATABASE__URL", database), ("BROKER__URL", broker(user))];
        let owner = Some(roles.owner_url(ports.postgres));
        Program { owner, ..Program::new(name, prefix, port, at, &settings) }
    };
    let mut to_sides = vec![
        ("BROKER__URL", broker(User::Worker)),
        ("STORE__URL", at.store.clone()),
        ("WAREHOUSE__URL", at.warehouse.clone()),
    ];
    if let Some(tokens) = &at.tokens {
        to_sides.extend(["STORE__TOKEN", "WAREHOUSE__TOKEN"].map(|it| (it, tokens.sync.clone())));
    }
    let mut worker = Program::new("sync-worker", "WORKER", ports.worker, at, &to_sides);
    worker.environment.extend(sources.into_iter().flat_map(|sources| sources.settings(given)));
    [
        service("store-svc", "STORE", ports.store, &store, User::Store),
        service("warehouse-svc", "WAREHOUSE", ports.warehouse, &warehouse, User::Warehouse),
        worker,
    ]
    .map(|program| program.with(given))
}

impl Program {
    fn new(
        name: &'static str,
        prefix: &'static str,
        port: u16,
        at: &Endpoints,
        settings: &[(&str, String)],
    ) -> Self {
        let mut environment = vec![(format!("{prefix}__HTTP__PORT"), port.to_string())];
        environment.extend(
            settings.iter().map(|(name, value)| (format!("{prefix}__{name}"), value.clone())),
        );
        environment.extend(at.tokens.iter().flat_map(|tokens| tokens.settings(prefix)));
        Self { name, prefix, port, environment, not_inherited: Vec::new(), owner: None }
    }

    /// Adds what was given for it. Its port is known: one that was given as 0 has been chosen.
    fn with(mut self, given: &Given) -> Self {
        let port = format!("{}__HTTP__PORT", self.prefix);
        let given_to_it = given.of_program(self.prefix).filter(|(name, _)| **name != port);
        self.environment.extend(given_to_it.map(|(name, value)| (name.clone(), value.clone())));
        self.not_inherited = given.variables().to_vec();
        self
    }

    pub(super) fn recipe(&self, built: &Path, folder: &Folder) -> Recipe {
        self.environed(Recipe::new(self.name, &built.join(self.name), &folder.log(self.name)))
    }

    /// Returns the recipe that migrates its database as the owner, which the service itself is not
    /// permitted to do.
    pub(super) fn migration(&self, built: &Path, folder: &Folder) -> Option<Recipe> {
        let (owner, setting) = (self.owner.as_ref()?, format!("{}__DATABASE__URL", self.prefix));
        let name = format!("{} migrate", self.name);
        let log = folder.log(&format!("{}.migrate", self.name));
        let recipe = Recipe::new(&name, &built.join(self.name), &log).arg("migrate");
        Some(self.environed(recipe).env(&setting, owner))
    }

    fn environed(&self, recipe: Recipe) -> Recipe {
        let recipe = recipe.without(&self.not_inherited);
        self.environment.iter().fold(recipe, |recipe, (name, value)| recipe.env(name, value))
    }
}

/// The file by which `deploy/worker` runs the command line of the worker.
pub(super) const WORKER_FILE: &str = "worker.env";

/// Returns lines by which a POSIX shell knows the worker, and has its environment, and an administrator's token.
pub(super) fn worker_file(programs: &[Program; 3], at: &Endpoints) -> Result<String> {
    let [_, _, worker] = programs;
    let token = at.tokens.as_ref().map(|tokens| ("WORKER_TOKEN".to_owned(), tokens.admin.clone()));
    let lines = token.iter().chain(&worker.environment);
    let lines = lines.map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    let program = built(&[worker.name])?.join(worker.name).display().to_string();
    Ok(lines.chain([format!("program={}\n", quoted(&program))]).collect())
}

/// Returns the folder of the built programs: cargo puts them beside the launcher.
pub(super) fn built(names: &[&str]) -> Result<PathBuf> {
    let launcher = std::env::current_exe()?;
    let folder = launcher.parent().context("the launcher is in no folder")?;
    for name in names {
        if !folder.join(name).exists() {
            bail!(
                "{name} is not built in {}: start with deploy/up, which builds it",
                folder.display()
            );
        }
    }
    Ok(folder.to_owned())
}
