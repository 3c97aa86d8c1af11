//! The receiving side alone: what a side has to tell, told to its peer without relay, RabbitMQ and
//! worker, in requests as the worker sends them.

use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::vec::IntoIter;

use anyhow::{Context, Result, ensure};
use process_kit::secured::headers;
use program_kit::access::Role;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use shared_models::SCHEMA;
use shared_models::event::OrderEvent;
use shared_models::rules::{Facts, RULES, Verdict, decide};
use shared_models::side::Direction;
use shared_models::sync::{MAX_CHANGES, OrderChange, Outcome, SyncRequest, SyncResponse};
use test_kit::http;

use crate::world::World;

/// Over so many connections at once the worker tells a side what its peer has decided.
const CONNECTIONS: usize = 1;

/// The outbox of a side, as it would be published.
pub async fn messages(world: &World, direction: Direction) -> Result<Vec<String>> {
    let waiting = "select body from changes join outbox using (seq) order by seq";
    let rows = world.databases.at(direction.from).rows(waiting).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Tells the peer all of it, and gives how many changes a second it took.
pub async fn apply(world: &World, direction: Direction, messages: &[String]) -> Result<f64> {
    let requests = messages.chunks(MAX_CHANGES).map(|batch| request(direction, batch));
    let requests = requests.collect::<Result<Vec<_>>>()?;
    let requests = Arc::new(Mutex::new(requests.into_iter()));
    let url = format!("{}/v1/sync/orders", world.program(direction.to()).url());
    let client = http().default_headers(headers(Role::Sync)).build()?;
    let began = Instant::now();
    let telling = (0..CONNECTIONS)
        .map(|_| tokio::spawn(tell(client.clone(), url.clone(), Arc::clone(&requests))));
    for told in telling.collect::<Vec<_>>() {
        told.await??;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = messages.len() as f64;
    Ok(count / began.elapsed().as_secs_f64())
}

fn request(direction: Direction, messages: &[String]) -> Result<String> {
    let changes = messages.iter().map(|message| {
        let event: OrderEvent = serde_json::from_str(message)?;
        match decide(&RULES, Facts::of(direction.from, &event)) {
            Verdict::Carry(cargo) => Ok(OrderChange::of(event, cargo)),
            Verdict::Drop(rule) => anyhow::bail!("{} is not carried: {rule:?}", event.id),
        }
    });
    let changes = changes.collect::<Result<Vec<_>>>()?;
    Ok(serde_json::to_string(&SyncRequest {
        schema: SCHEMA,
        source: direction.from,
        changes,
        traces: vec![],
    })?)
}

/// The connection that is free sends the next request.
async fn tell(client: Client, url: String, requests: Arc<Mutex<IntoIter<String>>>) -> Result<()> {
    let next = || requests.lock().ok()?.next();
    while let Some(body) = next() {
        let request = client.post(&url).header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        let SyncResponse { results } = serde_json::from_slice(&answer).context("the answer")?;
        let other = results.iter().find(|result| result.outcome != Outcome::Applied);
        ensure!(other.is_none(), "a new change was not applied: {other:?}");
    }
    Ok(())
}
