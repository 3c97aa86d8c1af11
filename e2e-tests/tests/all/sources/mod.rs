//! The services outside: records pulled from an upstream, and a remote that is mirrored.

mod connecting;
mod flushing;
mod killing;
mod loading;
mod mirror_world;
mod missing;
mod pulling;
mod sending;
mod unknown;

use test_kit::{TestClient, eventually};

/// Waits for the run that the schedule begins when the worker starts.
async fn first_run_is_over(worker: &TestClient) {
    eventually("the first run is over", async || {
        let listed = worker.get("/v1/sources").await.with(200);
        let last = &listed["sources"][0]["last"];
        (last["state"].is_string() && last["state"] != "running").then_some(())
    })
    .await;
}
