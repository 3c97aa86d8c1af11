//! The requests to the running programs, apart from the load.

use anyhow::{Context, Result, ensure};
use program_kit::access::Role;
use reqwest::Method;
use serde_json::Value;
use shared_models::side::Direction;
use test_kit::http;

use process_kit::Program;
use process_kit::secured::headers;

/// Returns whether the program says that it is ready.
pub async fn is_ready(program: &Program) -> bool {
    let asked = test_kit::get(&format!("{}/health/ready", program.url())).await;
    asked.is_ok_and(|answer| answer.status().is_success())
}

/// A side publishes nothing from now on.
pub async fn pause(side: &Program) -> Result<()> {
    send(side, Method::POST, Role::Admin, "/v1/relay/pause", "").await.map(drop)
}

/// A side publishes again.
pub async fn resume(side: &Program) -> Result<()> {
    send(side, Method::POST, Role::Admin, "/v1/relay/resume", "").await.map(drop)
}

/// Asks a side for an offer; gives its id.
pub async fn offer(side: &Program, which: &Value) -> Result<i64> {
    let path = "/v1/sync/offer";
    let told = send(side, Method::POST, Role::Admin, path, which.to_string()).await?;
    let told: Value = serde_json::from_str(&told)?;
    told["id"].as_i64().with_context(|| format!("an offer without an id: {told}"))
}

/// Ends an offer, where it has not ended by itself.
pub async fn end_offer(side: &Program, offer: i64) -> Result<()> {
    let client = http().default_headers(headers(Role::Admin)).build()?;
    let url = format!("{}/v1/offers/{offer}", side.url());
    let status = client.delete(url).send().await?.status();
    ensure!(status.is_success() || status == 404, "ending an offer: {status}");
    Ok(())
}

/// Returns whether a side has nothing more in hand that it would publish.
pub async fn is_paused(side: &Program) -> bool {
    ask(side, "/v1/relay").await.is_ok_and(|relay| relay["state"] == "paused")
}

/// The number of requests that the worker has sent in a direction since it was started.
pub async fn requests(worker: &Program, direction: Direction) -> Result<u64> {
    let requests = shown(worker, direction).await?["counters"]["requests"].as_u64();
    requests.context("a direction without this figure")
}

/// The figures of a direction's comparison since the worker was started.
pub async fn comparison(worker: &Program, direction: Direction) -> Result<Value> {
    Ok(shown(worker, direction).await?["comparison"].take())
}

async fn shown(worker: &Program, direction: Direction) -> Result<Value> {
    let mut told = ask(worker, "/v1/directions").await?;
    let directions = told["directions"].as_array_mut().into_iter().flatten();
    let mut this = directions.filter(|it| it["name"] == direction.as_str());
    this.next().map(Value::take).with_context(|| format!("no direction {direction}"))
}

/// Places one order.
pub async fn place(store: &Program, order: String) -> Result<()> {
    send(store, Method::POST, Role::Write, "/v1/orders", order).await.map(drop)
}

/// Patches something.
pub async fn patch(side: &Program, role: Role, path: &str, patch: &Value) -> Result<()> {
    send(side, Method::PATCH, role, path, patch.to_string()).await.map(drop)
}

/// The answer of a program to a request.
pub async fn ask(program: &Program, path: &str) -> Result<Value> {
    let text = send(program, Method::GET, Role::Read, path, "").await?;
    serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))
}

/// The number of changes that RabbitMQ has confirmed to a side since it was started.
pub async fn confirmed(side: &Program) -> Result<u64> {
    let text = send(side, Method::GET, Role::Read, "/metrics", "").await?;
    let figure = text.lines().find_map(|line| line.strip_prefix("lockstep_relay_confirmed_total "));
    Ok(figure.context("a side without this figure")?.trim().parse()?)
}

/// Has the worker run a task of a source, and returns the figures of the run. It has to succeed, and to
/// refuse nothing.
pub async fn run_task(worker: &Program, path: &str) -> Result<Value> {
    let told = send(worker, Method::POST, Role::Write, path, "").await?;
    let mut run: Value = serde_json::from_str(&told)?;
    let is_clean = run["state"] == "succeeded" && run["counts"]["refused"].is_null();
    ensure!(is_clean, "{path}: {run}");
    Ok(run["counts"].take())
}

/// Has the worker begin an audit; returns its number.
pub async fn begin_audit(worker: &Program) -> Result<u64> {
    let told = send(worker, Method::POST, Role::Write, "/v1/audits", "").await?;
    let begun: Value = serde_json::from_str(&told)?;
    begun["number"].as_u64().with_context(|| format!("the answer has no number: {begun}"))
}

async fn send(
    program: &Program,
    method: Method,
    role: Role,
    path: &str,
    body: impl Into<reqwest::Body>,
) -> Result<String> {
    let client = http().default_headers(headers(role)).build()?;
    let request = client.request(method, format!("{}{path}", program.url()));
    let answer = request.header("content-type", "application/json").body(body).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok(text)
}
