//! The choice of the ports of a stack: the default ones, if they are free.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use crate::ports::{self, Choice};

const FILE: &str = "ports.json";

/// The ports that are shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ports {
    pub(super) store: u16,
    pub(super) warehouse: u16,
    pub(super) worker: u16,
    pub(super) management: u16,
    pub(super) amqp: u16,
    pub(super) postgres: u16,
}

const DEFAULTS: Ports = Ports {
    store: 8001,
    warehouse: 8002,
    worker: 8003,
    management: 15672,
    amqp: 5672,
    postgres: 5432,
};

/// Chooses the ports, keeps them for the next start, and calls `say` for each that is not the
/// default.
pub(super) fn settle(folder: &Folder, mut say: impl FnMut(&str)) -> Result<Ports> {
    let last: Option<Ports> = folder.read(FILE)?;
    let mut one = |what: &str, of: fn(&Ports) -> u16| {
        let default = of(&DEFAULTS);
        let port = match ports::choose(default, last.as_ref().map(of), ports::claim) {
            Choice::Default(port) => return Ok(port),
            Choice::Last(port) => port,
            Choice::Any => ports::free()?,
        };
        say(&format!("port {default} is taken: {what} gets {port}"));
        anyhow::Ok(port)
    };
    let settled = Ports {
        store: one("the store", |ports| ports.store)?,
        warehouse: one("the warehouse", |ports| ports.warehouse)?,
        worker: one("the worker", |ports| ports.worker)?,
        management: one("RabbitMQ's management UI", |ports| ports.management)?,
        amqp: one("RabbitMQ", |ports| ports.amqp)?,
        postgres: one("PostgreSQL", |ports| ports.postgres)?,
    };
    folder.write_json(FILE, &settled)?;
    Ok(settled)
}
