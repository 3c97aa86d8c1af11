//! The walk of the README through the published ports, and who may do what on the way.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use launcher::wait::until;
use process_kit::lamps_and_bulbs;
use serde_json::{Value, json};

use super::project::Project;

/// The longest that an order may take to the other side, also just after the start.
const ACROSS: Duration = Duration::from_secs(30);

/// An order is placed at the store, shipped by the warehouse, and both show the same.
pub async fn order_goes_both_ways(project: &Project) -> Result<()> {
    let store = project.caller("store", Some("WRITE"))?;
    let warehouse = project.caller("warehouse", Some("WRITE"))?;
    let placed = store.post("/v1/orders", &lamps_and_bulbs()).await?.with(201)?;
    let path = format!("/v1/orders/{}", placed["id"].as_str().context("an order without id")?);
    until("the order at the warehouse", ACROSS, async || {
        warehouse.get(&path).await.is_ok_and(|answer| answer.status == 200)
    })
    .await?;
    let arrived = warehouse.get(&path).await?.with(200)?;
    ensure!(arrived["lines"][0]["unit_price"].is_null(), "the warehouse sees prices: {arrived}");
    let shipped = json!({"status": "shipped", "carrier": "DHL", "tracking": "JD0123", "bin": "B7"});
    warehouse.patch(&path, &shipped).await?.with(200)?;
    until("the tracking at the store", ACROSS, async || {
        store.get(&path).await.is_ok_and(|answer| answer.body["tracking"] == "JD0123")
    })
    .await?;
    let shown = store.get(&path).await?.with(200)?;
    ensure!(shown.get("bin").is_none(), "the store sees the bin: {shown}");
    let changes = store.get(&format!("{path}/changes")).await?.with(200)?;
    let by: Vec<&Value> = changes["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| &change["principal"])
        .collect();
    ensure!(by == ["writer", "worker"], "the store was changed by {by:?}");
    Ok(())
}

/// Without a token only health is told; each role may do what it is for.
pub async fn access_is_closed(project: &Project) -> Result<()> {
    for service in super::project::PROGRAMS {
        let nobody = project.caller(service, None)?;
        nobody.get("/health/ready").await?.with(200)?;
        nobody.get("/metrics").await?.with(401)?;
        let reader = project.caller(service, Some("READ"))?;
        reader.get("/metrics").await?.with(200)?;
    }
    let order = lamps_and_bulbs();
    for (role, status) in [(None, 401), (Some("READ"), 403), (Some("SYNC"), 403)] {
        project.caller("store", role)?.post("/v1/orders", &order).await?.with(status)?;
    }
    Ok(())
}

/// Pauses a direction as an administrator: the worker acts at the sides for its caller.
pub async fn an_administrator_pauses(project: &Project) -> Result<()> {
    let pause = "/v1/directions/store-to-warehouse/pause";
    let writer = project.caller("worker", Some("WRITE"))?;
    writer.post(pause, &json!({})).await?.with(403)?;
    let administrator = project.caller("worker", Some("ADMIN"))?;
    for path in [pause, "/v1/directions/store-to-warehouse/resume"] {
        let done = administrator.post(path, &json!({})).await?;
        ensure!(done.status < 300, "{path}: {} {}", done.status, done.body);
    }
    Ok(())
}
