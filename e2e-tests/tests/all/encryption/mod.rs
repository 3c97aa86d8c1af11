//! Encryption of every connection that a program opens: to a PostgreSQL and a RabbitMQ that speak
//! TLS themselves, and to sides behind fronts that do.

mod servers;

use std::net::SocketAddr;

use process_kit::secured::{client, token};
use process_kit::{Program, Side, lamps_and_bulbs};
use program_kit::access::Role;
use serde_json::{Value, json};
use test_kit::{Flaw, Front, Greeting, eventually, get, http};

use servers::{Servers, text};

/// Starts a front for a program, with a certificate of the servers' CA; returns it and its URL.
async fn front(servers: &Servers, program: &Program) -> (Front, String) {
    let target: SocketAddr = program.url().trim_start_matches("http://").parse().unwrap();
    let front = Front::start(target, Greeting::None, &servers.ca.issue(Flaw::None)).await;
    let url = format!("https://{}", front.address());
    (front, url)
}

async fn is_ready(program: &Program) {
    let url = format!("{}/health/ready", program.url());
    let ready = async || get(&url).await.ok().filter(|answer| answer.status() == 200);
    eventually("it is ready", ready).await;
}

/// Waits until the program reports this reason for not being ready.
async fn says(program: &Program, reason: &str) {
    let client = client(program.url());
    let said = async || client.get("/health/ready").await.text.contains(reason).then_some(());
    eventually(reason, said).await;
}

async fn order_at(side: &Side, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let look = async || side.order(id).await.filter(|order| wanted(order));
    eventually(&format!("order {id}"), look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_crosses_both_ways_where_every_link_is_encrypted() {
    let servers = Servers::start().await;
    let mut store = servers.program("store-svc", "STORE", &servers.settings("store"));
    let mut warehouse =
        servers.program("warehouse-svc", "WAREHOUSE", &servers.settings("warehouse"));
    let (_store_front, store_url) = front(&servers, &store).await;
    let (_warehouse_front, warehouse_url) = front(&servers, &warehouse).await;
    let ca = text(servers.ca.path());
    let token = token(Role::Sync).expose().to_owned();
    let mut worker = servers.program(
        "sync-worker",
        "WORKER",
        &[
            ("BROKER__URL", servers.amqps_url()),
            ("BROKER__CA", ca.clone()),
            ("STORE__URL", store_url),
            ("STORE__CA", ca.clone()),
            ("STORE__TOKEN", token.clone()),
            ("WAREHOUSE__URL", warehouse_url),
            ("WAREHOUSE__CA", ca),
            ("WAREHOUSE__TOKEN", token),
        ],
    );
    for program in [&mut store, &mut warehouse, &mut worker] {
        program.start().await;
    }
    for program in [&store, &warehouse, &worker] {
        is_ready(program).await;
    }
    let (at_store, at_warehouse) = (Side::new(store.url()), Side::new(warehouse.url()));
    let id = at_store.place(&lamps_and_bulbs()).await;
    order_at(&at_warehouse, &id, |_| true).await;
    at_warehouse.patch(&id, json!({"status": "shipped", "carrier": "DHL"})).await;
    order_at(&at_store, &id, |order| order["status"] == "shipped").await;
    nothing_is_plain(&servers).await;
    strangers_are_refused(&servers).await;
    for program in [&mut worker, &mut store, &mut warehouse] {
        program.stop().await;
    }
}

/// Checks that no connection is unencrypted, as the servers see it.
async fn nothing_is_plain(servers: &Servers) {
    let sessions = "select string_agg(distinct ssl::text, ',') from pg_stat_ssl \
                    join pg_stat_activity using (pid) where datname in ('store', 'warehouse')";
    assert_eq!(servers.postgres.sql("postgres", sessions).await.unwrap(), "true");
    let url = format!("{}/api/connections", servers.rabbitmq.api_url());
    let connections = async || {
        let answer = http().build().unwrap().get(&url).send().await.ok()?;
        let connections = answer.json::<Vec<Value>>().await.ok()?;
        // The store's, the warehouse's, and the worker's.
        (connections.len() >= 3).then_some(connections)
    };
    let connections = eventually("RabbitMQ tells of its connections", connections).await;
    assert!(connections.iter().all(|connection| connection["ssl"] == true), "{connections:?}");
}

/// Checks that a program that trusts another CA is refused, and reports why.
async fn strangers_are_refused(servers: &Servers) {
    let another = text(servers.another_ca.path());
    for (setting, reason) in [
        (
            "DATABASE__CA",
            "PostgreSQL: the server's certificate is not from the CA in the file of database.ca",
        ),
        (
            "BROKER__CA",
            "RabbitMQ: the server's certificate is not from the CA in the file of broker.ca",
        ),
    ] {
        // A database of its own: beside another warehouse it would have nothing to publish.
        let mut set = servers.settings("stranger");
        for (name, value) in &mut set {
            if *name == setting {
                value.clone_from(&another);
            }
        }
        let mut stranger = servers.program("warehouse-svc", "WAREHOUSE", &set);
        stranger.start().await;
        says(&stranger, reason).await;
        stranger.stop().await;
    }
}
