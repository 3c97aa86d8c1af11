//! The origin of a report: the commit and the machine.

use std::process::Command;

use anyhow::Result;
use serde::Deserialize;
use test_kit::http;

use super::report::machine::Machine;
use super::world::World;

#[derive(Deserialize)]
struct Overview {
    rabbitmq_version: String,
}

/// This machine, and the servers on it.
pub(super) async fn machine(World { servers, .. }: &World) -> Result<Machine> {
    let version = servers.postgres.sql("postgres", "show server_version").await?;
    let overview = format!("{}/api/overview", servers.rabbitmq.api_url());
    let answer = http().build()?.get(overview).send().await?.error_for_status()?;
    let Overview { rabbitmq_version } = answer.json().await?;
    Ok(Machine::here().and("PostgreSQL", version.trim()).and("RabbitMQ", rabbitmq_version))
}

/// The commit that stands in the folder in which this runs, and whether there is more than it.
pub(super) fn commit() -> String {
    let told = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let told = told.ok().filter(|told| told.status.success());
    let commit = told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    commit.unwrap_or_else(|| "unknown".to_owned())
}
