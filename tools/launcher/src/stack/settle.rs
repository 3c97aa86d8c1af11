//! The choice of the ports of a stack: the default ones, if they are free.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::given::Given;
use crate::ports::{self, Choice};

const FILE: &str = "ports.json";
const SOURCES_FILE: &str = "source-ports.json";

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

/// The ports of the sample sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourcePorts {
    pub(super) remote: u16,
    pub(super) upstream: u16,
}

const SOURCES_DEFAULTS: SourcePorts = SourcePorts { remote: 8004, upstream: 8005 };

/// Chooses the ports, keeps them for the next start, and calls `say` for each that is not the
/// default. A program gets the port that was given for it, and no other.
pub(super) fn settle(folder: &Folder, given: &Given, mut say: impl FnMut(&str)) -> Result<Ports> {
    let last: Option<Ports> = folder.read(FILE)?;
    let mut one = |what: &str, of: fn(&Ports) -> u16| {
        choose(what, of(&DEFAULTS), last.as_ref().map(of), &mut say)
    };
    let settled = Ports {
        store: given_or(given, "STORE", || one("the store", |ports| ports.store))?,
        warehouse: given_or(given, "WAREHOUSE", || one("the warehouse", |ports| ports.warehouse))?,
        worker: given_or(given, "WORKER", || one("the worker", |ports| ports.worker))?,
        management: one("RabbitMQ's management UI", |ports| ports.management)?,
        amqp: one("RabbitMQ", |ports| ports.amqp)?,
        postgres: one("PostgreSQL", |ports| ports.postgres)?,
    };
    folder.write_json(FILE, &settled)?;
    Ok(settled)
}

/// Chooses the ports of the sample sources in the same way.
pub(super) fn sources(folder: &Folder, mut say: impl FnMut(&str)) -> Result<SourcePorts> {
    let last: Option<SourcePorts> = folder.read(SOURCES_FILE)?;
    let mut one = |what: &str, of: fn(&SourcePorts) -> u16| {
        choose(what, of(&SOURCES_DEFAULTS), last.as_ref().map(of), &mut say)
    };
    let settled = SourcePorts {
        remote: one("the sample remote", |ports| ports.remote)?,
        upstream: one("the sample upstream", |ports| ports.upstream)?,
    };
    folder.write_json(SOURCES_FILE, &settled)?;
    Ok(settled)
}

fn choose(what: &str, default: u16, last: Option<u16>, say: &mut impl FnMut(&str)) -> Result<u16> {
    let port = match ports::choose(default, last, ports::claim) {
        Choice::Default(port) => return Ok(port),
        Choice::Last(port) => port,
        Choice::Any => ports::free()?,
    };
    say(&format!("port {default} is taken: {what} gets {port}"));
    Ok(port)
}

fn given_or(given: &Given, prefix: &str, other: impl FnOnce() -> Result<u16>) -> Result<u16> {
    match given.port(prefix)? {
        None => other(),
        Some(0) => ports::free(),
        Some(port) if ports::claim(port) => Ok(port),
        Some(port) => bail!(
            "{prefix}__HTTP__PORT is {port}, but that port is taken; stop what listens there, or \
             set another one"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_port_is_taken_or_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.prepare().unwrap();
        let port = ports::free().unwrap();
        let given = Given::from([("STORE__HTTP__PORT", &port.to_string())]);
        let error = settle(&folder, &given, |_| {}).unwrap_err().to_string();
        assert!(error.starts_with(&format!("STORE__HTTP__PORT is {port}, but that")), "{error}");
        let any = Given::from([("STORE__HTTP__PORT", "0")]);
        let settled = settle(&folder, &any, |_| {}).unwrap();
        assert!(settled.store != 0 && settled.store != DEFAULTS.store);
    }
}
