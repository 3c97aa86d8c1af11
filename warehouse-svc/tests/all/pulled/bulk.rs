//! Large pulls, and pulls beside callers that write the same records.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Run, assert_counts, one_operator, one_site, with_sites};
use crate::links::racing::{OUT_OF_ORDER, WRONG_LISTS};
use crate::links::{operator, site};
use crate::owned::{OPERATORS, SITES};
use crate::samples::warehouse;

/// The time in which a request of this size is answered, many times what it takes: one statement for each
/// record would take longer.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_thousand_operators_with_five_sites_each_are_one_request() {
    let warehouse = warehouse().await;
    let run = Run::begin(&warehouse.client, "upstream").await;
    let of = |id: i64| with_sites(id, &[5 * id, 5 * id + 1, 5 * id + 2, 5 * id + 3, 5 * id + 4]);
    let mut pulled = (1..=1_000).map(of).collect::<Value>();
    let timed = async |pulled: &Value| {
        let began = Instant::now();
        let answer = run.send_all(pulled).await;
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        answer
    };
    assert_counts(&timed(&pulled).await, 6_000, 6_000, 0);
    assert_counts(&timed(&pulled).await, 6_000, 0, 0);
    for operator in pulled.as_array_mut().unwrap() {
        operator["record"]["first_name"] = json!("Bea");
        operator["sites"].as_array_mut().unwrap().pop();
    }
    assert_counts(&timed(&pulled).await, 5_000, 1_000, 1_000);
    assert_counts(&timed(&json!([])).await, 0, 0, 5_000);
    for wrong in [OUT_OF_ORDER, WRONG_LISTS] {
        assert_eq!(warehouse.database.count(wrong).await, 0);
    }
}

#[tokio::test]
async fn what_is_not_listed_becomes_inactive_however_much_it_is() {
    const COUNT: i64 = 2_500;
    let warehouse = warehouse().await;
    let run = Run::begin(&warehouse.client, "upstream").await;
    let ids = (1..=COUNT).collect::<Vec<_>>();
    for some in ids.chunks(1_000) {
        // All have the first site, and each has one of its own.
        let pulled = some.iter().map(|id| with_sites(*id, &[1, 10_000 + id]));
        run.send(&pulled.collect::<Value>()).await.with(200);
    }
    // These sites have no operator any more.
    let unlinked = "delete from operator_sites where site > 11250";
    warehouse.database.run(unlinked).await;
    let removed = COUNT as u64 - 1;
    assert_counts(&run.send_all(&json!([with_sites(1, &[1, 10_001])])).await, 3, 0, 2 * removed);
    for of in ["operators", "sites"] {
        let left = format!("{of} where active and id not in (1, 10001)");
        assert_eq!(warehouse.database.count(&left).await, 0, "{of}");
    }
    assert_eq!(warehouse.database.count("operator_sites where active").await, 2);
}

#[tokio::test]
async fn pulls_of_the_same_new_records_beside_callers_do_not_deadlock() {
    const COUNT: i64 = 20;
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    let [one, other] = ["upstream", "other"].map(|source| Run::begin(client, source));
    let runs = [one.await, other.await];
    let pull = async |number: usize| {
        let mut rng = fastrand::Rng::with_seed(number as u64);
        for _ in 0..8 {
            let any = async |rng: &mut fastrand::Rng| {
                let mut ids = (1..=COUNT).collect::<Vec<_>>();
                rng.shuffle(&mut ids);
                ids.truncate(8);
                ids
            };
            let mut operators = vec![];
            for id in any(&mut rng).await {
                operators.push(with_sites(id, &any(&mut rng).await));
            }
            let (run, operators) = (&runs[number % 2], Value::from(operators));
            let answer = match rng.bool() {
                true => run.send(&operators).await,
                false => run.send_all(&operators).await,
            };
            // Where many callers create what it creates, it may give up.
            assert!([200, 503].contains(&answer.status), "{}", answer.text);
        }
    };
    let call = async |seed: usize| {
        let mut rng = fastrand::Rng::with_seed(1_000 + seed as u64);
        for _ in 0..40 {
            let [of_site, of_operator] = [(); 2].map(|()| rng.i64(1..=COUNT));
            let link = format!("{}/sites/{of_site}", one_operator(of_operator));
            let answer = match rng.u8(..8) {
                0 => client.delete(&one_site(of_site)).await,
                1 => client.delete(&one_operator(of_operator)).await,
                2 => client.post(SITES, &site(of_site)).await,
                3 => client.post(OPERATORS, &operator(of_operator)).await,
                4 => client.patch(&one_site(of_site), &json!({"city": seed.to_string()})).await,
                5 => client.delete(&link).await,
                _ => client.put(&link, &Value::Null).await,
            };
            assert!([200, 201, 204, 404, 409].contains(&answer.status), "{}", answer.text);
        }
    };
    tokio::join!(join_all((0..6).map(pull)), join_all((0..8).map(call)));
    for wrong in [OUT_OF_ORDER, WRONG_LISTS] {
        assert_eq!(warehouse.database.count(wrong).await, 0);
    }
    let dangling = "operator_sites where not exists
        (select from sites where id = operator_sites.site and not deleted) or not exists
        (select from operators where id = operator and not deleted)";
    assert_eq!(warehouse.database.count(dangling).await, 0);
}
