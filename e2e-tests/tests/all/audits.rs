//! Audits: all orders of both sides are compared, what differs is healed, and a receipt is kept.

use std::time::{Duration, Instant};

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use process_kit::secured::client;
use serde_json::{Value, json};
use test_kit::{Answer, TestBroker, eventually, eventually_within};

/// The timeout of an audit: comparing what changed lately may have to pass a few places first.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The settings of a worker that compares quickly, and begins no audit by itself.
const QUICK: [(&str, &str); 4] = [
    ("COMPARE__INTERVAL", "200ms"),
    ("COMPARE__GRACE", "1s"),
    ("COMPARE__REST", "1"),
    ("COMPARE__AUDIT_INTERVAL", "never"),
];
/// Orders that are in both databases without ever having been placed: 24 pages of them.
const MANY: u64 = 12_000;

async fn start(broker: &TestBroker) -> Stack {
    Stack::start_with(broker, &QUICK).await
}

async fn begin(stack: &Stack) -> Answer {
    client(stack.worker.url()).post("/v1/audits", &Value::Null).await
}

/// Begins an audit, and returns its number.
async fn begun(stack: &Stack) -> u64 {
    begin(stack).await.with(202)["number"].as_u64().unwrap()
}

async fn shown(stack: &Stack, number: u64) -> Option<Value> {
    let answer = client(stack.worker.url()).get(&format!("/v1/audits/{number}")).await;
    (answer.status == 200).then_some(answer.body)
}

/// Waits for the end of an audit; returns its receipt, and its differences.
async fn receipt(stack: &Stack, number: u64) -> (Value, Vec<Value>) {
    let audit = eventually_within(TIMEOUT, "the audit comes to its end", async || {
        // The next worker may not have reported yet.
        let is_over = |state: &Value| state != "running" && state != "abandoned";
        shown(stack, number).await.filter(|audit| is_over(&audit["state"]))
    })
    .await;
    assert_eq!(audit["state"], "succeeded", "{audit}");
    (audit["receipt"].clone(), audit["differences"].as_array().unwrap().clone())
}

async fn audited(stack: &Stack) -> (Value, Vec<Value>) {
    let number = begun(stack).await;
    receipt(stack, number).await
}

async fn place_some(stack: &Stack, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = stack.store.place(&lamps_and_bulbs()).await;
        stack.agree_on(&id).await;
        ids.push(id);
    }
    ids
}

/// Waits until what changed lately is compared: then only an audit finds what is changed by hand.
async fn compared(stack: &Stack) {
    eventually("both logs are compared", async || {
        let listing = client(stack.worker.url()).get("/v1/directions").await.with(200);
        let is_compared = |index: usize| {
            let log = &listing["directions"][index]["comparison"];
            log["compared_to"] == log["newest"]
        };
        (is_compared(0) && is_compared(1)).then_some(())
    })
    .await;
}

fn figures(receipt: &Value) -> [u64; 4] {
    ["compared", "differences", "healed", "left"].map(|name| receipt[name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sides_that_agree_have_equal_digests_and_a_receipt() {
    let broker = TestBroker::new().await;
    let mut stack = start(&broker).await;
    let placed = place_some(&stack, 3).await;
    stack.store.void(&placed[2]).await;
    stack.agree_on(&placed[2]).await;
    let (first, differences) = audited(&stack).await;
    assert_eq!((figures(&first), differences), ([3, 0, 0, 0], vec![]));
    assert_eq!(first["digests"]["store"], first["digests"]["warehouse"]);
    assert_eq!(first["agrees"], true);
    let (same, _) = audited(&stack).await;
    assert_eq!(same["digests"], first["digests"]);
    stack.warehouse.patch(&placed[0], json!({"status": "picking"})).await;
    stack.agree_on(&placed[0]).await;
    let (later, _) = audited(&stack).await;
    assert_ne!(later["digests"], first["digests"]);
    let listed = client(stack.worker.url()).get("/v1/audits").await.with(200);
    let numbers = listed["items"].as_array().unwrap().iter().map(|audit| &audit["number"]);
    assert_eq!(numbers.collect::<Vec<_>>(), [3, 2, 1], "newest first");
    let metrics = client(stack.worker.url()).get("/metrics").await.with(200).text;
    assert!(metrics.contains("lockstep_audit_differences 0"), "{metrics}");
    assert!(metrics.contains("lockstep_audit_left 0"), "{metrics}");
    let runs =
        "lockstep_source_runs_total{source=\"orders\",task=\"audit\",outcome=\"succeeded\"} 3";
    assert!(metrics.contains(runs), "{metrics}");
    assert!(!metrics.contains("lockstep_audit_receipt_timestamp_seconds 0\n"), "{metrics}");
    let receipt = |metrics: &str| {
        let line = metrics.lines().find(|it| it.starts_with("lockstep_audit_receipt_timestamp"));
        line.map(str::to_owned)
    };
    let told = receipt(&metrics).unwrap();
    stack.worker.kill().await;
    stack.worker.start().await;
    // It has made none itself.
    let known = eventually("the next worker knows the receipt", async || {
        receipt(&client(stack.worker.url()).get("/metrics").await.with(200).text)
    });
    assert_eq!(known.await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_by_hand_is_found_and_healed() {
    let broker = TestBroker::new().await;
    let stack = start(&broker).await;
    let placed = place_some(&stack, 6).await;
    let [corrupted, at_store, at_warehouse, behind, source_behind, _] = &placed[..] else {
        panic!("six were placed");
    };
    let backup = "create table backup as select * from orders";
    stack.store_runs(backup).await;
    stack.warehouse_runs(backup).await;
    stack.store.patch(behind, json!({"address": "2 Side Street"})).await;
    stack.warehouse.patch(source_behind, json!({"status": "picking"})).await;
    for id in [behind, source_behind] {
        stack.agree_on(id).await;
    }
    compared(&stack).await;
    let set_back = |id: &str| {
        format!(
            "update orders set delivery = backup.delivery, progress = backup.progress,
                 status = backup.status, version = backup.version
             from backup where orders.id = backup.id and orders.id = '{id}'"
        )
    };
    let corrupt = format!(
        "update orders set delivery = jsonb_set(delivery, '{{address}}', '\"elsewhere\"')
         where id = '{corrupted}'"
    );
    stack.warehouse_runs(&corrupt).await;
    stack.store_runs(&format!("delete from orders where id = '{at_store}'")).await;
    stack.warehouse_runs(&format!("delete from orders where id = '{at_warehouse}'")).await;
    stack.warehouse_runs(&set_back(behind)).await;
    stack.store_runs(&set_back(source_behind)).await;
    let (found, differences) = audited(&stack).await;
    assert_eq!(figures(&found), [6, 5, 5, 0], "{found} {differences:?}");
    let expected = [
        (corrupted, "different"),
        (at_store, "missing_at_store"),
        (at_warehouse, "missing_at_warehouse"),
        (behind, "warehouse_behind"),
        (source_behind, "store_behind"),
    ];
    for (order, kind) in expected {
        let expected = json!({"order": order, "kind": kind, "outcome": "healed"});
        assert!(differences.contains(&expected), "{expected} {differences:?}");
    }
    for id in &placed {
        stack.agree_on(id).await;
    }
    let (clean, differences) = audited(&stack).await;
    assert_eq!((figures(&clean), differences), ([6, 0, 0, 0], vec![]));
    assert_eq!(clean["digests"]["store"], clean["digests"]["warehouse"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_offer_heals_is_left_and_the_command_line_says_so() {
    let broker = TestBroker::new().await;
    let stack = start(&broker).await;
    let id = place_some(&stack, 2).await.remove(0);
    let agreed = stack.worker.run(&["audit"]).await;
    let said = String::from_utf8_lossy(&agreed.stdout);
    assert!(agreed.status.success(), "{agreed:?}");
    assert!(said.contains("2 orders compared, 0 differed, 0 healed, 0 left"), "{said}");
    // A facet that nobody has changed is never carried.
    let corrupt = |status: &str| {
        format!(
            "update orders set progress = jsonb_set(progress, '{{carrier}}', '{status}')
             where id = '{id}'"
        )
    };
    stack.warehouse_runs(&corrupt("\"DHL\"")).await;
    let left = stack.worker.run(&["audit", "--json"]).await;
    assert_eq!(left.status.code(), Some(1), "{left:?}");
    let audit: Value = serde_json::from_slice(&left.stdout).unwrap();
    let difference = json!({"order": id, "kind": "different", "outcome": "left"});
    assert_eq!(audit["differences"], json!([difference]), "{audit}");
    assert_eq!(
        (figures(&audit["receipt"]), &audit["receipt"]["agrees"]),
        ([2, 1, 0, 1], &json!(false))
    );
    let said = String::from_utf8_lossy(&left.stderr);
    assert!(said.contains("the sides still differ in 1 orders"), "{said}");
}

/// Drops what is parked of an order of the store until its newest published change is dropped: comparing may
/// have offered it before it was parked.
async fn given_up(stack: &Stack, order: &str) {
    let is_dropped = format!(
        "parked where state = 'dropped' and event_id = (select event_id from changes
             where key = '{order}' and to_publish order by seq desc limit 1)"
    );
    eventually("its newest change is dropped", async || {
        let all = json!({"all": true});
        client(stack.worker.url()).post("/v1/parked/drop", &all).await.with(200);
        (stack.store_count(&is_dropped).await == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_dropped_is_not_brought_back() {
    let broker = TestBroker::new().await;
    let stack = start(&broker).await;
    let id = place_some(&stack, 2).await.remove(0);
    let refuse = "create function refuse() returns trigger language plpgsql as $$
        begin raise exception 'never'; end $$;
        create trigger refuse before update on orders for each row execute function refuse()";
    stack.warehouse_runs(refuse).await;
    stack.store.patch(&id, json!({"address": "2 Side Street"})).await;
    given_up(&stack, &id).await;
    compared(&stack).await;
    let offered = stack.store_count("changes where kind = 'order.offered'").await;
    for _ in 0..2 {
        let (found, differences) = audited(&stack).await;
        assert_eq!((figures(&found), &found["dropped"]), ([2, 0, 0, 0], &json!(1)), "{found}");
        assert_eq!(found["agrees"], false, "{found}");
        let difference = json!({"order": id, "kind": "dropped", "outcome": "left"});
        assert_eq!(differences, [difference]);
    }
    let ran = stack.worker.run(&["audit"]).await;
    assert!(ran.status.success(), "a person has decided: {ran:?}");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("0 left, 1 with a dropped change"), "{said}");
    assert_eq!(stack.store_count("changes where kind = 'order.offered'").await, offered);
    assert_eq!(stack.store_count("parked where state <> 'dropped'").await, 0);
    stack.warehouse_runs("drop trigger refuse on orders").await;
    stack.store.patch(&id, json!({"address": "3 Side Street"})).await;
    stack.agree_on(&id).await;
    let (clean, differences) = audited(&stack).await;
    assert_eq!((figures(&clean), &clean["dropped"]), ([2, 0, 0, 0], &json!(0)), "{clean}");
    assert_eq!((&clean["agrees"], differences), (&json!(true), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_are_written_all_the_while_are_no_differences() {
    let broker = TestBroker::new().await;
    let stack = start(&broker).await;
    let hot = place_some(&stack, 2).await;
    let (began, mut edits) = (Instant::now(), 0);
    let writing = async {
        while began.elapsed() < Duration::from_secs(15) {
            edits += 1;
            let id = stack.store.place(&lamps_and_bulbs()).await;
            stack.store.patch(&hot[0], json!({"comment": format!("{edits}")})).await;
            stack.warehouse.patch(&hot[1], json!({"comment": format!("{edits}")})).await;
            if edits % 3 == 0 {
                stack.store.void(&id).await;
            }
        }
    };
    let auditing = async {
        let mut receipts = vec![];
        while began.elapsed() < Duration::from_secs(15) {
            receipts.push(audited(&stack).await);
        }
        receipts
    };
    let ((), receipts) = tokio::join!(writing, auditing);
    assert!(receipts.len() > 1);
    for (receipt, differences) in receipts {
        let [compared, found, ..] = figures(&receipt);
        assert!(compared >= 2, "{receipt}");
        assert_eq!((found, differences), (0, vec![]), "{receipt}");
        assert_eq!(receipt["digests"]["store"], receipt["digests"]["warehouse"]);
    }
    assert!(edits > 10, "{edits}");
}

/// Copies an order that both sides have many times, under the same ids at both.
async fn copy(stack: &Stack) {
    let id = place_some(stack, 1).await.remove(0);
    let copies = format!(
        "insert into orders (id, delivery, progress, private, version, created_at, updated_at,
             company, status)
         select md5(number::text)::uuid, delivery, progress, private, version, created_at,
             updated_at, company, status
         from orders, generate_series(1, {MANY}) as number where id = '{id}'"
    );
    stack.store_runs(&copies).await;
    stack.warehouse_runs(&copies).await;
}

/// Waits until a part of an audit is settled, and not all; returns how many orders are.
async fn in_the_middle(stack: &Stack, number: u64) -> u64 {
    let compared = eventually("a part is compared", async || {
        let audit = shown(stack, number).await?;
        audit["progress"]["compared"].as_u64().filter(|compared| *compared > 0)
    })
    .await;
    assert!(compared < MANY, "it is over already: {compared}");
    compared
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_whose_worker_is_killed_is_continued_by_the_next_one() {
    let broker = TestBroker::new().await;
    let settings = [&QUICK[..3], &[("COMPARE__AUDIT_INTERVAL", "24h")]].concat();
    let mut stack = Stack::start_with(&broker, &settings).await;
    let (first, _) = receipt(&stack, 1).await;
    assert_eq!(figures(&first), [0; 4], "the first one is due at once");
    copy(&stack).await;
    let number = begun(&stack).await;
    begin(&stack).await.assert_problem(409);
    let compared = in_the_middle(&stack, number).await;
    stack.worker.kill().await;
    // As after the minute for which nobody has heard of the worker.
    stack.store_runs("update jobs set held_until = now() where name = 'orders'").await;
    stack.worker.start().await;
    let (receipt, differences) = receipt(&stack, number).await;
    assert_eq!((figures(&receipt), differences), ([MANY + 1, 0, 0, 0], vec![]));
    let of_number = format!("runs where report ->> 'number' = '{number}'");
    assert_eq!(stack.store_count(&of_number).await, 2, "one was abandoned");
    let abandoned = format!(
        "{of_number} and state = 'abandoned' and (report ->> 'compared')::bigint >= {compared}"
    );
    assert_eq!(stack.store_count(&abandoned).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_is_down_for_a_while_ends_no_audit() {
    let broker = TestBroker::new().await;
    let mut stack = start(&broker).await;
    copy(&stack).await;
    let number = begun(&stack).await;
    in_the_middle(&stack, number).await;
    stack.warehouse_svc.kill().await;
    stack.warehouse_svc.start().await;
    let (receipt, differences) = receipt(&stack, number).await;
    assert_eq!((figures(&receipt), differences), ([MANY + 1, 0, 0, 0], vec![]));
}
