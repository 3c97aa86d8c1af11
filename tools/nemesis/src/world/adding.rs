//! A program of a run: its settings, with a proxy before everything that it connects to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use launcher::postgres::Roles;
use launcher::process::Process;
use launcher::rabbitmq::User;
use launcher::recipe::Recipe;
use program_kit::access::Role;

use super::World;
use crate::parts::{Link, Part};
use crate::proxy::Proxy;
use process_kit::secured::token;
use process_kit::{Program, binary};

/// By which settings a worker finds the sides, and shows them who it is.
const SIDES: [(&str, &str, Part); 2] = [
    ("STORE__URL", "STORE__TOKEN", Part::Store),
    ("WAREHOUSE__URL", "WAREHOUSE__TOKEN", Part::Warehouse),
];

/// A program, what the names of its settings begin with, and who it is at RabbitMQ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) program: &'static str,
    prefix: &'static str,
    user: User,
}

impl Kind {
    pub(super) const STORE: Self =
        Self { program: "store-svc", prefix: "STORE", user: User::Store };
    pub(super) const WAREHOUSE: Self =
        Self { program: "warehouse-svc", prefix: "WAREHOUSE", user: User::Warehouse };
    pub(super) const WORKER: Self =
        Self { program: "sync-worker", prefix: "WORKER", user: User::Worker };

    fn of(part: Part) -> Result<Self> {
        match part {
            Part::Store => Ok(Self::STORE),
            Part::Warehouse => Ok(Self::WAREHOUSE),
            Part::Worker1 | Part::Worker2 => Ok(Self::WORKER),
            Part::RabbitMq | Part::Postgres => bail!("{part} is no program of ours"),
        }
    }
}

impl World {
    /// Starts a program; what it connects to is behind proxies.
    pub(super) async fn add(
        &mut self,
        part: Part,
        logs: &Path,
        ports: &BTreeMap<Part, u16>,
    ) -> Result<Program> {
        for link in Link::ALL.into_iter().filter(|link| link.from == part) {
            let upstream = ports.get(&link.to).context("the order of the parts")?;
            self.proxies.insert(link, Proxy::start(*upstream).await?);
        }
        let kind = Kind::of(part)?;
        let file = self.file(kind)?;
        if let Some(roles) = self.roles_of(part) {
            let owner = roles.owner_url(ports[&Part::Postgres]);
            migrate(kind, &file, &owner, &logs.join(format!("{part}.migrate.log"))).await?;
        }
        let settings = self.settings(part, kind)?;
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        let mut program = Program::of(part.as_str(), &file, kind.prefix, logs, &settings);
        program.try_to_start().await?;
        Ok(program)
    }

    /// A run has files of its own, so that nobody builds others under it; they stay with the logs.
    fn file(&self, kind: Kind) -> Result<PathBuf> {
        let file = self.folder.join(kind.program);
        if !file.exists() {
            std::fs::copy(binary(kind.program), &file)?;
        }
        Ok(file)
    }

    /// The roles in PostgreSQL of a part that is a service.
    fn roles_of(&self, part: Part) -> Option<&Roles> {
        self.roles.iter().find(|roles| roles.service == part.as_str())
    }

    fn settings(&mut self, part: Part, kind: Kind) -> Result<Vec<(&'static str, String)>> {
        let amqp = self.rabbitmq.get_mut().amqp_url(kind.user);
        let port = |to| self.proxies[&Link::new(part, to)].port();
        let mut settings = vec![
            ("LOG__FILTER", "info,lapin=off,actix_server=warn".to_owned()),
            ("BROKER__URL", through(&amqp, port(Part::RabbitMq))?),
        ];
        match self.roles_of(part) {
            Some(roles) => {
                settings.push(("DATABASE__URL", roles.service_url(port(Part::Postgres))));
            }
            None => {
                // So that a silent queue is replaced within a round.
                settings.push(("CARRY__REPLACE_QUEUE_AFTER", "10s".to_owned()));
                for (url, token_of, side) in SIDES {
                    settings.push((url, format!("http://127.0.0.1:{}", port(side))));
                    settings.push((token_of, token(Role::Sync).expose().to_owned()));
                }
            }
        }
        Ok(settings)
    }
}

/// Has a service make its tables, as their owner.
async fn migrate(kind: Kind, file: &Path, owner: &str, log: &Path) -> Result<()> {
    let recipe = Recipe::new("migrate", file, log).arg("migrate");
    Process::complete(recipe.env(&format!("{}__DATABASE__URL", kind.prefix), owner)).await
}

/// A URL with another port.
fn through(url: &str, port: u16) -> Result<String> {
    let (before, after) = url.rsplit_once(':').context("a URL with a port")?;
    let path = after.split_once('/').map_or("", |(_, path)| path);
    Ok(format!("{before}:{port}/{path}"))
}
