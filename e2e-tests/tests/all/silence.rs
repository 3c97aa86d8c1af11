//! A part that falls silent: it refuses nothing, closes nothing, and answers nothing. All others
//! notice in time, and continue.

use std::time::{Duration, Instant};

use nemesis::fault::LinkFault;
use nemesis::parts::{Link, Part};
use nemesis::world::World;
use process_kit::secured::client;
use process_kit::{Side, lamps_and_bulbs};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{TestClient, eventually};

/// The time limit of a request while its database is silent (`database.deadline` is 10 s).
const REFUSED: Duration = Duration::from_secs(12);
/// The time limit of a request that does not need the silent part.
const ANSWERED: Duration = Duration::from_secs(4);

async fn world() -> (World, TempDir) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    (World::start(folder.path(), 1).await.unwrap(), folder)
}

fn side(world: &World, part: Part) -> Side {
    Side::new(world.url(part))
}

fn silence(world: &World, links: &[(Part, Part)], fault: Option<LinkFault>) {
    for (from, to) in links {
        world.proxies[&Link::new(*from, *to)].set(fault);
    }
}

async fn arrives(world: &World, part: Part, id: &str, wanted: impl Fn(&Value) -> bool) {
    let side = side(world, part);
    let there = async || side.order(id).await.filter(|order| wanted(order));
    eventually(&format!("order {id} is at the {part} as wanted"), there).await;
}

/// Waits until a program answers with this status to the question whether it is ready.
async fn is_ready(client: &TestClient, status: u16) {
    let answers = async || (client.get("/health/ready").await.status == status).then_some(());
    eventually(&format!("readiness is {status}"), answers).await;
}

/// Checks that the store reports its silent database, and accepts orders again afterwards.
async fn is_noticed(world: &World, silenced: impl AsyncFn(bool)) {
    let store = client(world.url(Part::Store));
    let before = side(world, Part::Store).place(&lamps_and_bulbs()).await;
    arrives(world, Part::Warehouse, &before, |_| true).await;
    silenced(true).await;
    let asked = Instant::now();
    store.post("/v1/orders", &lamps_and_bulbs()).await.assert_problem(503);
    assert!(asked.elapsed() < REFUSED, "it took {:?}", asked.elapsed());
    is_ready(&store, 503).await;
    silenced(false).await;
    is_ready(&store, 200).await;
    let after = side(world, Part::Store).place(&lamps_and_bulbs()).await;
    arrives(world, Part::Warehouse, &after, |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_heard_is_noticed_and_used_again() {
    let (world, _folder) = world().await;
    let silenced = async |silent: bool| {
        let fault = silent.then_some(LinkFault::BlackHole);
        silence(&world, &[(Part::Store, Part::Postgres)], fault);
    };
    is_noticed(&world, silenced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_stopped_is_noticed_and_used_again() {
    let (world, _folder) = world().await;
    let silenced = async |silent: bool| {
        let signal = if silent { Signal::STOP } else { Signal::CONT };
        world.postgres.lock().await.process().unwrap().signal_tree(signal);
    };
    is_noticed(&world, silenced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_rabbitmq_says_nothing_orders_are_taken_as_ever() {
    let (world, _folder) = world().await;
    let store = client(world.url(Part::Store));
    let workers = [Part::Worker1, Part::Worker2].map(|part| client(world.url(part)));
    world.rabbitmq.lock().await.process().unwrap().signal_tree(Signal::STOP);
    let mut placed = vec![];
    for _ in 0..10 {
        let asked = Instant::now();
        placed.push(side(&world, Part::Store).place(&lamps_and_bulbs()).await);
        assert!(asked.elapsed() < ANSWERED, "it took {:?}", asked.elapsed());
    }
    let waits = async || {
        let relay = store.get("/v1/relay").await.with(200);
        (relay["state"] == "waiting" && relay["waiting"] == 10).then_some(())
    };
    eventually("the relay says that it waits", waits).await;
    for worker in &workers {
        is_ready(worker, 503).await;
    }
    world.rabbitmq.lock().await.process().unwrap().signal_tree(Signal::CONT);
    for id in &placed {
        arrives(&world, Part::Warehouse, id, |_| true).await;
    }
    for worker in &workers {
        is_ready(worker, 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_warehouse_hears_nothing_the_other_direction_goes_on() {
    let (world, _folder) = world().await;
    let links = [(Part::Worker1, Part::Warehouse), (Part::Worker2, Part::Warehouse)];
    let early = side(&world, Part::Store).place(&lamps_and_bulbs()).await;
    arrives(&world, Part::Warehouse, &early, |_| true).await;
    let workers = [Part::Worker1, Part::Worker2].map(|part| client(world.url(part)));
    // An answer that is still under way would be waited for as long as a request may take.
    eventually("a worker has heard that the order is there", async || {
        let mut applied = 0;
        for worker in &workers {
            let directions = worker.get("/v1/directions").await.with(200);
            applied += directions["directions"][0]["counters"]["results"]["applied"].as_u64()?;
        }
        (applied == 1).then_some(())
    })
    .await;
    silence(&world, &links, Some(LinkFault::BlackHole));
    for worker in &workers {
        let waits = async || {
            let directions = worker.get("/v1/directions").await.with(200);
            let direction = &directions["directions"][0];
            (direction["state"] == "waiting for the peer").then_some(())
        };
        eventually("the worker waits for the warehouse", waits).await;
    }
    let late = side(&world, Part::Store).place(&lamps_and_bulbs()).await;
    side(&world, Part::Warehouse).patch(&early, json!({"status": "packed"})).await;
    arrives(&world, Part::Store, &early, |order| order["status"] == "packed").await;
    assert_eq!(side(&world, Part::Warehouse).order(&late).await, None);
    silence(&world, &links, None);
    arrives(&world, Part::Warehouse, &late, |_| true).await;
}
