//! Operators and sites that the warehouse has otherwise than the upstream, and runs that overlap.

use serde_json::{Value, json};

use super::*;
use crate::checker::pulled::{self, Pulled};
use crate::checker::runs::{self, Run};

fn listed() -> Vec<Value> {
    vec![
        json!({"id": 233, "last_name": "Ada", "warehouses": [{"id": 1, "name": "Quay", "fax": null}]}),
    ]
}

fn good() -> Pulled {
    let of = |active, record: Value| {
        let mut record = record;
        (record["active"], record["source"]) = (json!(active), json!("upstream"));
        record
    };
    Pulled {
        operators: vec![
            of(true, json!({"id": 233, "last_name": "Ada"})),
            of(false, json!({"id": 234})),
        ],
        sites: vec![of(true, json!({"id": 1, "name": "Quay"})), of(false, json!({"id": 2}))],
        links: vec![
            of(true, json!({"operator": 233, "site": 1})),
            of(false, json!({"operator": 233, "site": 2})),
        ],
    }
}

#[test]
fn what_is_listed_is_active_and_nothing_else_is() {
    assert_eq!(pulled::check(&listed(), &good()), []);
}

#[test]
fn what_is_not_as_it_is_listed_is_noticed() {
    let broken = |change: fn(&mut Pulled)| {
        let mut pulled = good();
        change(&mut pulled);
        let found = pulled::check(&listed(), &pulled);
        found.iter().map(|violation| violation.rule).collect::<Vec<_>>()
    };
    for change in [
        (|it| it.operators[0]["last_name"] = json!("Eve")) as fn(&mut Pulled),
        |it| it.operators[0]["active"] = json!(false),
        |it| it.operators[1]["active"] = json!(true),
        |it| it.sites[0]["name"] = json!("Old"),
        |it| it.sites[0]["fax"] = json!("+49"),
        |it| it.sites[1]["active"] = json!(true),
        |it| it.sites.truncate(0),
        |it| it.links[0]["active"] = json!(false),
        |it| it.links[1]["active"] = json!(true),
    ] {
        assert_eq!(broken(change), [Rule::Pulled]);
    }
}

#[test]
fn a_run_begins_when_the_one_before_is_over() {
    let run = |job: &str, began, ended| {
        let (job, task) = (job.to_owned(), "flush".to_owned());
        Run { job, task, began, ended, is_abandoned: false }
    };
    let good = [
        run("mirror", 1, Some(3)),
        run("mirror", 3, Some(4)),
        run("mirror", 5, None),
        run("upstream", 2, Some(6)),
    ];
    assert_eq!(runs::check(&good), []);
    let broken =
        |runs: &[Run]| runs::check(runs).iter().map(|found| found.rule).collect::<Vec<_>>();
    assert_eq!(broken(&[run("mirror", 1, Some(3)), run("mirror", 2, Some(4))]), [Rule::Alone]);
    assert_eq!(broken(&[run("mirror", 1, None), run("mirror", 9, None)]), [Rule::Alone]);
    let abandoned = |ended| Run { is_abandoned: true, ..run("mirror", 1, Some(ended)) };
    assert_eq!(broken(&[abandoned(10_000_001)]), []);
    assert_eq!(broken(&[abandoned(9_000_000)]), [Rule::Alone]);
}
