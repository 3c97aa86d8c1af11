//! A program of a run: its settings, with a proxy before everything that it connects to.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use launcher::postgres::Roles;
use launcher::rabbitmq::User;
use process_kit::{Program, copy_of, migrate, settings_of_sides};

use super::World;
use crate::parts::{Link, Part};
use crate::proxy::Proxy;

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
        let file = copy_of(kind.program, &self.folder)?;
        if let Some(roles) = self.roles_of(part) {
            let owner = roles.owner_url(ports[&Part::Postgres]);
            let log = logs.join(format!("{part}.migrate.log"));
            migrate(&file, kind.prefix, &owner, &log).await?;
        }
        let settings = self.settings(part, kind)?;
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        let mut program = Program::of(part.as_str(), &file, kind.prefix, logs, &settings);
        program.try_to_start().await?;
        Ok(program)
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
                let url = |side| format!("http://127.0.0.1:{}", port(side));
                let (store, warehouse) = (url(Part::Store), url(Part::Warehouse));
                let sides = settings_of_sides(&store, &warehouse);
                settings.extend(sides.map(|(name, value)| (name, value.to_owned())));
                settings.extend(self.sources.settings());
            }
        }
        Ok(settings)
    }
}

/// A URL with another port.
fn through(url: &str, port: u16) -> Result<String> {
    let (before, after) = url.rsplit_once(':').context("a URL with a port")?;
    let path = after.split_once('/').map_or("", |(_, path)| path);
    Ok(format!("{before}:{port}/{path}"))
}
