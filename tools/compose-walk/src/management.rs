//! The names that the management UI shows: they tell a person what each thing is.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use launcher::wait::until;
use serde_json::Value;
use shared_models::names::{exchange, parked_queue, queue};
use shared_models::side::{Direction, Side};
use test_kit::http;

use super::project::Project;

/// RabbitMQ counts connections every five seconds.
const SHOWN: Duration = Duration::from_secs(30);

/// By which user each program is connected, and for what.
const CONNECTIONS: [(&str, &str); 4] = [
    ("store-svc relay", "store"),
    ("warehouse-svc relay", "warehouse"),
    ("sync-worker store-to-warehouse", "worker"),
    ("sync-worker warehouse-to-store", "worker"),
];

/// Opens the page and asks its API, as a person who has logged in.
pub async fn shows_the_names(project: &Project) -> Result<()> {
    let page = get(project, "/").await?;
    ensure!(page.contains("RabbitMQ"), "that is not the management UI");
    let exchanges = names(&api(project, "exchanges").await?)?;
    let queues = names(&api(project, "queues").await?)?;
    for side in Side::ALL {
        ensure!(exchanges.contains(exchange(side)), "no exchange of the {side}: {exchanges:?}");
    }
    let ours = Direction::ALL.iter().flat_map(|of| [queue(*of), parked_queue(*of)]);
    let expected: BTreeSet<String> = ours.map(str::to_owned).collect();
    ensure!(queues == expected, "the queues are {queues:?}");
    let users = names(&api(project, "users").await?)?;
    let expected = ["lockstep", "store", "warehouse", "worker"].map(str::to_owned);
    ensure!(users == BTreeSet::from(expected), "the users are {users:?}");
    until("the names of the connections", SHOWN, async || {
        connections(project).await.is_ok_and(|shown| shows_all(&shown))
    })
    .await?;
    let shown = connections(project).await?;
    let known = |of: &&(String, String)| CONNECTIONS.contains(&(of.0.as_str(), of.1.as_str()));
    let strange: Vec<_> = shown.iter().filter(|of| !known(of)).collect();
    ensure!(strange.is_empty(), "connections nobody knows: {strange:?}");
    Ok(())
}

fn shows_all(shown: &BTreeSet<(String, String)>) -> bool {
    CONNECTIONS.iter().all(|(name, user)| shown.contains(&((*name).into(), (*user).into())))
}

async fn connections(project: &Project) -> Result<BTreeSet<(String, String)>> {
    let connections = api(project, "connections").await?;
    let text = |value: &Value| value.as_str().unwrap_or("nameless").to_owned();
    let named = |it: &Value| (text(&it["client_properties"]["connection_name"]), text(&it["user"]));
    Ok(connections.iter().map(named).collect())
}

fn names(things: &[Value]) -> Result<BTreeSet<String>> {
    let name = |thing: &Value| thing["name"].as_str().map(str::to_owned).context("no name");
    things.iter().map(name).collect()
}

async fn api(project: &Project, what: &str) -> Result<Vec<Value>> {
    Ok(serde_json::from_str(&get(project, &format!("/api/{what}")).await?)?)
}

async fn get(project: &Project, path: &str) -> Result<String> {
    let url = format!("http://127.0.0.1:{}{path}", project.port("RABBITMQ_UI_PORT"));
    let password = project.password("RABBITMQ_LOCKSTEP_PASSWORD");
    let client = http().timeout(Duration::from_secs(10)).build()?;
    let answer = client.get(url).basic_auth("lockstep", Some(password)).send().await?;
    Ok(answer.error_for_status()?.text().await?)
}
