//! Clients that come and go: what they upload and catch up with, against one statement that writes as
//! much.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use program_kit::access::Role;
use serde::Deserialize;
use test_kit::http;
use tokio::task::JoinSet;

use super::PATIENCE;
use super::figures::{number, per_second};
use crate::baseline::pgbench::{self, Script};
use crate::load::latencies;
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::World;
use process_kit::secured::headers;

/// The number of clients, and of readings that each uploads.
const CLIENTS: u64 = 10_000;
const UPLOADED: u64 = 50;
/// The readings of a large upload, and the number of these.
const MANY: u64 = 1_000;
const ROUNDS: u64 = 200;
/// Twice as many as there are cores, so that none waits for the network.
const CONNECTIONS: usize = 4;
const TABLE: &str =
    include_str!("../../../../warehouse-svc/migrations/readings/2026-11-28-110000_readings/up.sql");

/// Writes what an upload of new readings writes: the same rows, the same indexes.
const UPSERT: &str = "
\\set base random(1, 100000000000)
with new as materialized (
    select lpad((:base::bigint + n)::text, 13, '0') as gtin, now() as at from generate_series(1, {count}) as n),
written as (
    insert into readings
        (gtin, updated_at, expiration_date, expires_at, deleted, version, changed_at)
    select gtin, at, '2027-03-31', '2027-03-31T00:00:00Z', false, 1, at from new
    on conflict (gtin) do update set
        updated_at = excluded.updated_at, version = readings.version + 1
    returning gtin),
recorded as (
    insert into changes (at, version, event_id, to_publish, resource, key, kind, origin, body)
    select at, 1, gen_random_uuid(), true, 'reading', gtin, 'reading.changed', 'warehouse',
        '{\"schema\":1,\"kind\":\"reading.changed\",\"gtin\":\"' || gtin || repeat('.', 270) || '\"}'
    from new returning seq)
insert into outbox (seq) select seq from recorded;
";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Told<'a>>,
    cursor: String,
    more: bool,
}

#[derive(Deserialize)]
struct Told<'a> {
    gtin: &'a str,
}

/// A client on one connection.
struct Client {
    http: reqwest::Client,
    url: String,
    cursor: String,
    /// How often it was told of each reading, and of how many.
    told: Vec<u8>,
    readings: u64,
    latencies: Histogram<u64>,
}

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
    finding: &mut Finding,
) -> Result<()> {
    world.stand_still().await?;
    world.baseline.run(&format!("drop table if exists readings; {TABLE}")).await?;
    world.baseline.run("grant select, insert, update on readings to public").await?;
    let (mut alone, mut synced) = (vec![], vec![]);
    for turn in 1..=scale.long_turns {
        progress.begin(format!("{CLIENTS} clients, {turn} of {}", scale.long_turns));
        progress.doing("one statement, by pgbench");
        let script = prepared(world, UPLOADED).await?;
        let ran = pgbench::run(world, &script, CONNECTIONS, scale.lasts).await?;
        alone.push(ran.rate * number(UPLOADED));
        progress.doing("the warehouse");
        synced.push(clients(world).await?);
    }
    let name = format!("{CLIENTS} clients upload {UPLOADED} readings each and catch up");
    finding.measures.push(Measure::new(name, "readings/s", &synced).against(
        "pgbench, one bulk upsert",
        &alone,
        Target::RatioAtLeast(0.6),
    ));
    progress.begin(format!("uploads of {MANY} readings"));
    progress.doing("one statement, by pgbench");
    let (ran, took) = pgbench::run_times(world, &prepared(world, MANY).await?, ROUNDS).await?;
    progress.doing("the warehouse");
    clear(world).await?;
    let mut client = Client::new(world).await?;
    let began = Instant::now();
    for round in 0..ROUNDS {
        client.sync(&upload(round * MANY, MANY)).await?;
    }
    let rate = per_second(ROUNDS * MANY, began.elapsed());
    let p99 = |took: &Histogram<u64>| number(took.value_at_quantile(0.99)) / 1e3;
    let name = format!("uploads of {MANY} readings, one after the other");
    let baseline = [ran.rate * number(MANY)];
    finding.measures.push(Measure::new(&name, "readings/s", &[rate]).against(
        "pgbench, the same upsert",
        &baseline,
        Target::RatioAtLeast(0.6),
    ));
    finding.measures.push(
        Measure::new(format!("{name}, p99"), "ms", &[p99(&client.latencies)]).against(
            "pgbench, p99 of the same upsert",
            &[p99(&took)],
            Target::ValueAtMost(30.0),
        ),
    );
    Ok(())
}

/// Clears the baseline, and returns the upsert of so many readings.
async fn prepared(world: &World, count: u64) -> Result<Script> {
    world.clear().await?;
    world.baseline.run("truncate readings").await?;
    Ok(Script { text: UPSERT.replace("{count}", &count.to_string()), variables: vec![] })
}

async fn clear(world: &World) -> Result<()> {
    world.clear().await?;
    world.databases.warehouse.run("truncate readings").await
}

/// Has all clients come once, each with a cursor from just before, and returns the rate of their
/// readings. Checks that each connection is told once of each reading of the others.
async fn clients(world: &World) -> Result<f64> {
    clear(world).await?;
    let next = Arc::new(AtomicU64::new(0));
    let mut all = vec![];
    for _ in 0..CONNECTIONS {
        all.push(Client::new(world).await?);
    }
    let (began, mut running) = (Instant::now(), JoinSet::new());
    for mut client in all {
        let next = Arc::clone(&next);
        running.spawn(async move {
            let mut uploaded = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= CLIENTS {
                    return Ok::<_, anyhow::Error>((client, uploaded));
                }
                client.sync(&upload(number * UPLOADED, UPLOADED)).await?;
                uploaded += UPLOADED;
            }
        });
    }
    let ended = running.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    let rate = per_second(CLIENTS * UPLOADED, began.elapsed());
    for (mut client, uploaded) in ended {
        let (others, until) = (CLIENTS * UPLOADED - uploaded, Instant::now() + PATIENCE);
        while client.readings < others {
            ensure!(Instant::now() < until, "told of {} of {others}", client.readings);
            client.sync("").await?;
        }
        let repeated = client.told.iter().filter(|times| **times > 1).count();
        ensure!(
            repeated == 0 && client.readings == others,
            "told of {} readings of {others}, of {repeated} repeatedly",
            client.readings
        );
    }
    Ok(rate)
}

/// Returns readings of the GTINs from a number on, as JSON.
fn upload(first: u64, count: u64) -> String {
    let mut text = String::new();
    for gtin in first..first + count {
        let between = if gtin == first { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(
            text,
            r#"{between}{{"gtin":"{gtin:013}","updated_at":"2026-11-20T10:00:00Z","expiration_date":"2027-03-31"}}"#
        );
    }
    text
}

impl Client {
    /// Creates a client that has seen nothing and wants nothing of before.
    async fn new(world: &World) -> Result<Self> {
        let http = http().default_headers(headers(Role::Write)).build()?;
        let url = format!("{}/v1/sync", world.warehouse.url());
        let cursor = "start".to_owned();
        let (told, latencies) = (vec![], latencies());
        let mut client = Self { http, url, cursor, told, readings: 0, latencies };
        while client.sync("").await? {}
        client.latencies.reset();
        Ok(client)
    }

    /// Uploads readings, and takes over the answer; returns whether there is more.
    async fn sync(&mut self, readings: &str) -> Result<bool> {
        let cursor = &self.cursor;
        let body = format!(r#"{{"cursor":"{cursor}","newly_created_records":[{readings}]}}"#);
        let began = Instant::now();
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let answer = request.body(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let took = began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        ensure!(status.is_success(), "{status}: {text}");
        let answer = serde_json::from_str::<Answer<'_>>(&text).context("an answer to a sync")?;
        self.latencies.saturating_record(took);
        for Told { gtin } in answer.data {
            let gtin = gtin.parse::<usize>()?;
            self.told.resize(self.told.len().max(gtin + 1), 0);
            self.readings += u64::from(self.told[gtin] == 0);
            self.told[gtin] = self.told[gtin].saturating_add(1);
        }
        self.cursor = answer.cursor;
        Ok(answer.more)
    }
}
