//! `/v1/directions`: the state and the counters of each direction.

use serde_json::{Value, json};
use test_kit::eventually;
use wiremock::ResponseTemplate;

use crate::events::{edited, id};
use crate::world::{PARKED, QUEUE, TO_STORE, TO_WAREHOUSE, World};

#[tokio::test(flavor = "multi_thread")]
async fn each_direction_shows_its_state_and_its_counters() {
    let (_world, worker) = World::with_worker().await;
    let expected = json!({
        "name": "store-to-warehouse", "from": "store", "to": "warehouse",
        "state": "consuming", "reason": null,
        "breaker": {
            "state": "closed", "failures": 0, "next_try": null,
            "opened": 0, "half_opened": 0, "closed": 1,
        },
        "rates": {"received": 0.0, "carried": 0.0},
        "counters": {
            "received": 0, "carried": 0, "parked": 0, "given_back": 0, "requests": 0,
            "dropped": {"echo": 0, "nothing_shared": 0, "default_status": 0},
            "results": {"applied": 0, "merged": 0, "stale": 0, "rejected": 0},
        },
        "comparison": {
            "waits_for": "it is switched off", "compared_to": 0, "newest": 0,
            "as_of": null, "finished_at": null,
            "compared": 0, "missing": 0, "behind": 0, "different": 0, "source_behind": 0,
            "offered": 0, "left": 0, "left_at": null,
        },
    });
    let mut told = worker.direction(TO_WAREHOUSE).await;
    // What the source says of itself is its own affair.
    told.as_object_mut().unwrap().remove("source");
    let queues = told.as_object_mut().unwrap().remove("queues").unwrap();
    let depth = told.as_object_mut().unwrap().remove("depth").unwrap();
    assert_eq!(told, expected);
    assert_eq!(queues["sync"]["name"], QUEUE);
    assert_eq!(queues["parked"]["name"], PARKED);
    assert_eq!(queues["sync"]["replaced"], 0, "{queues}");
    assert_eq!(queues["leftover"], json!([]));
    assert_eq!((&depth["queue"], &depth["parked"]), (&json!(0), &json!(0)), "{depth}");
    let ready = worker.request("GET", "/health/ready").await;
    let parts = ready.json::<Value>().await.unwrap()["parts"].clone();
    let consuming = json!({"state": "consuming", "detail": null});
    assert_eq!(parts, json!({TO_WAREHOUSE: consuming.clone(), TO_STORE: consuming}));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direction_shows_its_rates_and_what_waits() {
    let (world, worker) = World::with_worker().await;
    world.publish_all(&[edited(id(), 1), edited(id(), 1)]).await;
    worker.wait_for_counter("carried", 2).await;
    let rates = worker.direction(TO_WAREHOUSE).await["rates"].clone();
    assert!(
        rates["received"].as_f64() > Some(0.0) && rates["carried"] == rates["received"],
        "{rates}"
    );
    assert_eq!(worker.direction(TO_STORE).await["rates"]["received"], 0.0);

    world.warehouse.set_ready(503);
    world.warehouse.answer_changes(|_| ResponseTemplate::new(503));
    world.publish_all(&[edited(id(), 1), edited(id(), 1), edited(id(), 1)]).await;
    let three_wait = async || {
        let depth = worker.direction(TO_WAREHOUSE).await["depth"].clone();
        (depth["queue"] == 3).then_some(depth)
    };
    let depth = eventually("three wait", three_wait).await;
    let at: chrono::DateTime<chrono::Utc> = depth["at"].as_str().unwrap().parse().unwrap();
    assert!((chrono::Utc::now() - at).num_seconds() < 10, "{depth}");
    let told = worker.request("GET", "/metrics").await.text().await.unwrap();
    let line = format!("lockstep_queue_messages{{direction=\"{TO_WAREHOUSE}\",queue=\"sync\"}} 3");
    assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_other_paths_are_refused_as_problems() {
    let (_world, worker) = World::with_worker().await;
    for path in ["/v1/directions", "/health/live", "/health/ready"] {
        let refused = worker.request("POST", path).await;
        assert_eq!(refused.status(), 405);
        assert_eq!(refused.headers()["allow"], "GET, HEAD");
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(worker.request("GET", "/v1/nothing").await.status(), 404);
    assert_eq!(worker.request("HEAD", "/v1/directions").await.status(), 200);
    worker.stop().await;
}
