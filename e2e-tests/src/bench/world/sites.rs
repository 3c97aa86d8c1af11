//! What is asked of the running programs, apart from the load.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use service_kit::access::Role;
use service_kit::testing::http;

use crate::program::Program;
use crate::secured::headers;

/// Whether it says that it is ready.
pub async fn is_ready(program: &Program) -> bool {
    let asked = service_kit::testing::get(&format!("{}/health/ready", program.url())).await;
    asked.is_ok_and(|answer| answer.status().is_success())
}

/// A site publishes nothing from now on.
pub async fn pause(site: &Program) -> Result<()> {
    post(site, "/v1/relay/pause").await
}

/// A site publishes again.
pub async fn resume(site: &Program) -> Result<()> {
    post(site, "/v1/relay/resume").await
}

/// Places one order.
pub async fn place(store: &Program, order: String) -> Result<()> {
    let url = format!("{}/v1/orders", store.url());
    let client = http().default_headers(headers(Role::Write)).build()?;
    let request = client.post(url).header("content-type", "application/json").body(order);
    request.send().await?.error_for_status()?;
    Ok(())
}

async fn post(program: &Program, path: &str) -> Result<()> {
    let url = format!("{}{path}", program.url());
    let client = http().default_headers(headers(Role::Admin)).build()?;
    client.post(url).send().await?.error_for_status()?;
    Ok(())
}

/// What a program answers to a question.
pub async fn ask(program: &Program, path: &str) -> Result<Value> {
    let url = format!("{}{path}", program.url());
    let client = http().default_headers(headers(Role::Read)).build()?;
    let answer = client.get(&url).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))
}
