//! Runs of a job: one at a time, kept, and abandoned by whom nobody hears of any more.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use service_kit::error::Error;
use service_kit::runs::hold;
use test_kit::{Answer, TestService, eventually, notes};
use uuid::Uuid;

const RUNS: &str = "/v1/jobs/upstream/runs";

async fn side() -> TestService {
    TestService::start("notes", notes()).await
}

async fn begin(side: &TestService, run: Uuid, more: &Value) -> Answer {
    let mut body = json!({"run": run, "task": "pull", "hold": 60});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    side.client.post(RUNS, &body).await.with(200)
}

async fn begun(side: &TestService) -> Uuid {
    let run = Uuid::now_v7();
    assert_eq!(begin(side, run, &json!({})).await["state"], "begun");
    run
}

async fn end(side: &TestService, run: Uuid) -> Answer {
    let ended = json!({"failure": null, "counts": {"upserted": 6}, "refused": []});
    side.client.put(&format!("{RUNS}/{run}"), &ended).await
}

async fn held(side: &TestService, run: Uuid) -> bool {
    let service = side.database.connect().await;
    let mut connection = service;
    match hold(&mut connection, "upstream", run).await {
        Ok(()) => true,
        Err(Error::Refused(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_a_source_sent_cannot_keep_a_run_from_ending() {
    let side = side().await;
    let run = begun(&side).await;
    let report = json!({"seen\u{0}": ["a\u{0}b", {"c": "\u{0}"}]});
    let so_far = json!({"run": run, "cursors": {"users": "5\u{0}"}, "report": report});
    side.client.put("/v1/jobs/upstream/cursors", &so_far).await.with(204);
    let ended = json!({
        "failure": {"reason": "malformed", "detail": "found \u{0}"}, "counts": {"refused": 1},
        "refused": [{"resource": "site", "id": "7\u{0}", "detail": "name: is \u{0}"}],
    });
    let ended = side.client.put(&format!("{RUNS}/{run}"), &ended).await.with(200);
    assert_eq!(ended["failure"]["detail"], "found \u{fffd}");
    assert_eq!(ended["refused"][0]["id"], "7\u{fffd}");
    assert_eq!(ended["report"], json!({"seen\u{fffd}": ["a\u{fffd}b", {"c": "\u{fffd}"}]}));
    for path in ["/v1/jobs/%00/runs", "/v1/jobs/upstream/runs?task=%00"] {
        assert_eq!(side.client.get(path).await.with(200)["items"], json!([]), "{path}");
    }
    let odd = format!("/v1/jobs/%00/runs/{run}");
    side.client.get(&odd).await.assert_problem(404);
    side.client.post(&format!("{odd}/renew"), &json!({"hold": 60})).await.assert_problem(404);
    side.client.put("/v1/jobs/%00/cursors", &so_far).await.assert_problem(409);
}

#[tokio::test]
async fn one_run_of_a_job_is_under_way_and_others_are_told_which() {
    let side = side().await;
    let first = begun(&side).await;
    let second = Uuid::now_v7();
    let told = begin(&side, second, &json!({})).await;
    assert_eq!((&told["state"], &told["run"]["id"]), (&json!("busy"), &json!(first)));
    assert!(held(&side, first).await && !held(&side, second).await);
    assert_eq!(begin(&side, first, &json!({})).await["state"], "begun", "the answer was lost");
    let ended = end(&side, first).await.with(200);
    assert_eq!((&ended["state"], &ended["counts"]["upserted"]), (&json!("succeeded"), &json!(6)));
    assert_eq!(end(&side, first).await.with(200).body, ended.body, "repeated, it is the same");
    assert!(!held(&side, first).await);
    assert_eq!(begin(&side, second, &json!({})).await["state"], "begun");
    let again = json!({"run": first, "task": "pull", "hold": 60});
    side.client.post(RUNS, &again).await.assert_problem(409);
}

#[tokio::test]
async fn the_schedule_waits_for_its_interval_and_a_person_does_not() {
    let side = side().await;
    let scheduled = json!({"interval": 3_600_000});
    let first = Uuid::now_v7();
    assert_eq!(begin(&side, first, &scheduled).await["state"], "begun");
    end(&side, first).await.with(200);
    let early = begin(&side, Uuid::now_v7(), &scheduled).await;
    assert_eq!(early["state"], "not_due");
    let due_in = early["due_in"].as_u64().unwrap();
    assert!((3_500_000..=3_600_000).contains(&due_in), "{due_in}");
    let other_task = json!({"interval": 3_600_000, "task": "load"});
    let load = Uuid::now_v7();
    assert_eq!(begin(&side, load, &other_task).await["state"], "begun");
    end(&side, load).await.with(200);
    begun(&side).await;
}

#[tokio::test]
async fn a_run_that_failed_is_due_again_when_it_said_whoever_had_begun_it() {
    let side = side().await;
    let scheduled = json!({"interval": 3_600_000});
    let first = begun(&side).await;
    let failure = json!({"reason": "timeout", "detail": "no answer within 1s"});
    let ended = json!({"failure": failure, "counts": {}, "refused": [], "again_after": 30_000});
    let run = side.client.put(&format!("{RUNS}/{first}"), &ended).await.with(200);
    assert!(run["again_at"].as_str() > run["ended_at"].as_str(), "{}", run.body);
    let early = begin(&side, Uuid::now_v7(), &scheduled).await;
    let due_in = early["due_in"].as_u64().unwrap();
    assert!((20_000..=30_000).contains(&due_in), "{due_in}");
}

#[tokio::test]
async fn a_run_whose_worker_died_delays_no_schedule() {
    let side = side().await;
    let scheduled = json!({"interval": 3_600_000, "hold": 1});
    let first = Uuid::now_v7();
    assert_eq!(begin(&side, first, &scheduled).await["state"], "begun");
    let second = Uuid::now_v7();
    eventually("the other one begins", async || {
        (begin(&side, second, &scheduled).await["state"] == "begun").then_some(())
    })
    .await;
    let abandoned = side.client.get(&format!("{RUNS}/{first}")).await.with(200);
    assert_eq!(abandoned["state"], "abandoned");
}

#[tokio::test]
async fn a_run_whose_worker_died_is_continued_before_its_interval_by_who_resumes() {
    let side = side().await;
    let scheduled = json!({"interval": 3_600_000});
    let over = Uuid::now_v7();
    assert_eq!(begin(&side, over, &scheduled).await["state"], "begun");
    end(&side, over).await.with(200);
    let resuming = json!({"interval": 3_600_000, "resumes": true});
    assert_eq!(begin(&side, Uuid::now_v7(), &resuming).await["state"], "not_due");
    begin(&side, Uuid::now_v7(), &json!({"hold": 1})).await;
    eventually("it is continued", async || {
        (begin(&side, Uuid::now_v7(), &resuming).await["state"] == "begun").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_run_reports_what_it_has_found_so_far_and_at_its_end() {
    let side = side().await;
    let run = begun(&side).await;
    let shown = async || side.client.get(&format!("{RUNS}/{run}")).await.with(200).body;
    assert_eq!(shown().await.get("report"), None);
    let so_far = json!({"run": run, "cursors": {"at": "7"}, "report": {"compared": 7}});
    side.client.put("/v1/jobs/upstream/cursors", &so_far).await.with(204);
    assert_eq!(shown().await["report"], json!({"compared": 7}));
    let end = json!({
        "failure": null, "counts": {}, "refused": [], "cursors": {}, "report": {"compared": 9},
    });
    let ended = side.client.put(&format!("{RUNS}/{run}"), &end).await.with(200);
    assert_eq!(ended["report"], json!({"compared": 9}));
    let next = begin(&side, Uuid::now_v7(), &json!({})).await;
    assert_eq!(next["cursors"], json!({}), "the end has cleared them");
    side.client.put("/v1/jobs/upstream/cursors", &so_far).await.assert_problem(409);
    assert_eq!(shown().await["report"], json!({"compared": 9}));
}

#[tokio::test]
async fn a_run_that_is_not_renewed_is_abandoned_when_another_one_begins() {
    let side = side().await;
    let first = Uuid::now_v7();
    begin(&side, first, &json!({"hold": 1})).await;
    assert!(held(&side, first).await);
    let second = Uuid::now_v7();
    let request = json!({"hold": 60});
    eventually("the other one begins", async || {
        (begin(&side, second, &request).await["state"] == "begun").then_some(())
    })
    .await;
    assert!(held(&side, second).await && !held(&side, first).await);
    let renewal = json!({"hold": 60});
    side.client.post(&format!("{RUNS}/{first}/renew"), &renewal).await.assert_problem(409);
    side.client.post(&format!("{RUNS}/{second}/renew"), &renewal).await.with(204);
    let abandoned = end(&side, first).await.with(200);
    assert_eq!(abandoned["state"], "abandoned");
    assert_eq!(abandoned["failure"]["reason"], "abandoned");
    let cursors = json!({"run": first, "cursors": {"posts": "a"}});
    side.client.put("/v1/jobs/upstream/cursors", &cursors).await.assert_problem(409);
}

#[tokio::test]
async fn a_clock_that_was_set_back_blocks_no_job_for_longer_than_a_hold() {
    let side = side().await;
    let dead = begun(&side).await;
    // As if the clock had been set back by half an hour since.
    let ahead = "update jobs set held_until = held_until + interval '30 minutes';
        update runs set began_at = began_at + interval '30 minutes'";
    side.database.connect().await.batch_execute(ahead).await.unwrap();
    let second = Uuid::now_v7();
    assert_eq!(begin(&side, second, &json!({})).await["state"], "busy");
    let far = "jobs where held_until > now() + interval '60 seconds'";
    assert_eq!(side.database.count(far).await, 0, "it is held for a minute from now");
    assert!(held(&side, dead).await, "its worker may be at work");
    side.database.run("update jobs set held_until = now()").await;
    let scheduled = json!({"interval": 3_600_000});
    assert_eq!(begin(&side, second, &scheduled).await["state"], "begun");
    end(&side, second).await.with(200);
    // The interval is that after the one that has begun since.
    assert_eq!(begin(&side, Uuid::now_v7(), &scheduled).await["state"], "not_due");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_begins_while_another_one_writes() {
    let side = side().await;
    let first = Uuid::now_v7();
    begin(&side, first, &json!({"hold": 1})).await;
    let mut writer = side.database.connect().await;
    writer.batch_execute("begin").await.unwrap();
    hold(&mut writer, "upstream", first).await.unwrap();
    let client = side.client.clone();
    let second = json!({"run": Uuid::now_v7(), "task": "pull", "hold": 60});
    let waiting = tokio::spawn(async move { client.post(RUNS, &second).await });
    eventually("it waits for the writer", async || {
        let waits = "pg_locks where not granted and locktype = 'transactionid'";
        (side.database.count(waits).await == 1).then_some(())
    })
    .await;
    writer.batch_execute("commit").await.unwrap();
    assert!(waiting.await.unwrap().with(200)["state"].is_string());
}

#[tokio::test]
async fn cursors_are_kept_for_the_next_run() {
    let side = side().await;
    let first = begun(&side).await;
    let cursors = json!({"posts": "abc", "comments": "def"});
    let set = json!({"run": first, "cursors": cursors});
    side.client.put("/v1/jobs/upstream/cursors", &set).await.with(204);
    end(&side, first).await.with(200);
    assert_eq!(begin(&side, Uuid::now_v7(), &json!({})).await["cursors"], cursors);
}

#[tokio::test]
async fn runs_are_listed_newest_first_with_what_failed_and_what_did_not_fit() {
    let side = side().await;
    let refused = json!([{"resource": "site", "id": "12", "detail": "name: is missing"}]);
    let failure = json!({"reason": "timeout", "detail": "no answer within 1s"});
    for (failure, refused) in [(json!(null), refused.clone()), (failure.clone(), json!([]))] {
        let run = begun(&side).await;
        let ended = json!({"failure": failure, "counts": {}, "refused": refused});
        side.client.put(&format!("{RUNS}/{run}"), &ended).await.with(200);
    }
    let listed = side.client.get(RUNS).await.with(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!((&items[0]["state"], &items[0]["failure"]), (&json!("failed"), &failure));
    assert_eq!((&items[1]["state"], &items[1]["refused"]), (&json!("succeeded"), &refused));
    assert!(items[0]["ended_at"].is_string());
    let one = side.client.get(&format!("{RUNS}?limit=1&task=pull")).await.with(200);
    assert_eq!(one["items"], json!([items[0]]));
    let found = side.client.get(&format!("{RUNS}/{}", items[1]["id"].as_str().unwrap())).await;
    assert_eq!(found.with(200).body, items[1]);
    assert_eq!(side.client.get("/v1/jobs/other/runs").await.with(200)["items"], json!([]));
    side.client.get(&format!("{RUNS}/{}", Uuid::now_v7())).await.assert_problem(404);
    for query in ["limit=0", "limit=101", "limit=x", "odd=1"] {
        side.client.get(&format!("{RUNS}?{query}")).await.assert_problem(400);
    }
}

/// Inserts so many runs, each a second older than the one before, the newest of them as many minutes ago.
async fn fill(side: &TestService, (state, task): (&str, &str), count: u32, minutes: u32) {
    let fill = format!(
        "insert into runs (id, job, task, requested, state, began_at)
         select gen_random_uuid(), 'upstream', '{task}', false, '{state}',
             now() - {minutes} * interval '1 minute' - i * interval '1 second'
         from generate_series(1, {count}) i"
    );
    side.database.connect().await.batch_execute(&fill).await.unwrap();
}

#[tokio::test]
async fn the_newest_success_is_found_among_failures_however_many() {
    let side = side().await;
    let newest = async |query: &str| {
        let path = format!("{RUNS}?limit=1&{query}");
        let answer = side.client.get(&path).await.with(200).body;
        answer["items"].as_array().unwrap().first().cloned()
    };
    fill(&side, ("failed", "pull"), 10, 600).await;
    assert_eq!(newest("task=pull&state=succeeded").await, None, "there has been none yet");
    fill(&side, ("succeeded", "pull"), 2, 300).await;
    fill(&side, ("failed", "pull"), 1_100, 60).await;
    fill(&side, ("succeeded", "load"), 1, 1).await;
    let succeeded = newest("task=pull&state=succeeded").await.unwrap();
    assert_eq!((&succeeded["state"], &succeeded["task"]), (&json!("succeeded"), &json!("pull")));
    assert_eq!(newest("task=pull").await.unwrap()["state"], "failed");
    assert_eq!(newest("state=succeeded").await.unwrap()["task"], "load");
    assert_eq!(newest("state=abandoned").await, None);
    begun(&side).await;
    assert_eq!(newest("state=running").await.unwrap()["task"], "pull");
    assert_eq!(newest("task=pull&state=succeeded").await, Some(succeeded), "and kept");
    assert_eq!(side.database.count("runs where task = 'pull'").await, 1_001);
    side.client.get(&format!("{RUNS}?state=over")).await.assert_problem(400);
}

#[tokio::test]
async fn what_a_worker_may_not_ask_is_refused() {
    let side = side().await;
    let run = Uuid::now_v7();
    let cases = [
        ("hold", json!({"run": run, "task": "pull", "hold": 0})),
        ("hold", json!({"run": run, "task": "pull", "hold": 3_601})),
        ("task", json!({"run": run, "task": "Pull!", "hold": 60})),
        ("run", json!({"run": "x", "task": "pull", "hold": 60})),
    ];
    for (field, body) in cases {
        side.client.post(RUNS, &body).await.assert_refuses(422, field);
    }
    let body = json!({"run": run, "task": "pull", "hold": 60});
    side.client.post("/v1/jobs/Odd%20name/runs", &body).await.assert_refuses(422, "job");
    let unknown = end(&side, run).await;
    unknown.assert_problem(409);
}

#[tokio::test]
async fn only_the_newest_thousand_runs_are_kept() {
    let side = side().await;
    fill(&side, ("succeeded", "pull"), 1_100, 60).await;
    begun(&side).await;
    assert_eq!(side.database.count("runs").await, 1_000);
}
