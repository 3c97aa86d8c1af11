//! The rules of a pull, each by itself.

use serde_json::{Value, json};
use shared_models::pull::{Pulled, PulledOperator};
use uuid::Uuid;

use super::*;

const SOURCE: &str = "upstream";

fn operator(id: i64) -> Value {
    json!({
        "id": id, "username": "u", "email": "e", "employee_id": "i", "first_name": "f",
        "last_name": "l",
    })
}

fn site(id: i64, name: &str) -> Value {
    json!({"id": id, "name": name, "line1": "l"})
}

/// Returns a pull of operators with the ids of their sites, and of all operators.
fn pull(operators: &[(i64, &[i64])], all: Option<&[i64]>) -> Pull {
    let with_sites = |(id, sites): &(i64, &[i64])| {
        let sites = sites.iter().map(|id| site(*id, "n")).collect();
        PulledOperator { record: operator(*id), sites }
    };
    pull_of(SOURCE, operators.iter().map(with_sites).collect(), all)
}

fn pull_of(source: &str, operators: Vec<PulledOperator>, all: Option<&[i64]>) -> Pull {
    let (source, run, all_operators) = (source.to_owned(), Uuid::nil(), all.map(<[i64]>::to_vec));
    Pull::check(Pulled { source, run, strict: false, operators, all_operators }).unwrap()
}

/// Decides about a pull, and does what is decided; returns the decision.
fn carry_out(pull: &Pull, here: &mut Here) -> Decision {
    let decision = decide(pull, here, DateTime::UNIX_EPOCH);
    for (writes, records) in
        [(&decision.sites, &mut here.sites), (&decision.operators, &mut here.operators)]
    {
        for written in writes.new.iter().chain(&writes.changed) {
            records.insert(written.record.id, written.record.clone());
        }
    }
    for (operator, site, link) in &decision.links {
        here.links.entry(*operator).or_default().insert(*site, link.clone());
    }
    decision
}

fn counts(decision: &Decision) -> [usize; 3] {
    [decision.upserted, decision.changed, decision.deactivated]
}

fn active(records: &BTreeMap<i64, Record>) -> Vec<i64> {
    records.iter().filter(|(_, record)| record.active).map(|(id, _)| *id).collect()
}

#[test]
fn what_is_pulled_again_changes_nothing() {
    let mut here = Here::default();
    let first = carry_out(&pull(&[(7, &[1, 2, 3, 4, 5])], None), &mut here);
    assert_eq!(counts(&first), [6, 6, 0]);
    assert_eq!(first.operators.new[0].more, lists(&here.links[&7]));
    let again = carry_out(&pull(&[(7, &[1, 2, 3, 4, 5])], Some(&[7])), &mut here);
    assert_eq!(counts(&again), [6, 0, 0]);
    assert_eq!((again.links, again.sites, again.operators), Default::default());
}

#[test]
fn a_site_that_is_listed_no_more_is_inactive_and_so_is_its_link() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1, 2]), (8, &[2])], None), &mut here);
    let fewer = carry_out(&pull(&[(7, &[])], None), &mut here);
    // The operator has changed, as its list of sites has; site 2 is listed for another operator.
    assert_eq!(counts(&fewer), [1, 1, 1]);
    assert_eq!(active(&here.sites), [2]);
    assert!(here.links[&7].values().all(|link| !link.active));
    let back = carry_out(&pull(&[(7, &[1])], None), &mut here);
    assert_eq!((counts(&back), active(&here.sites)), ([2, 2, 0], vec![1, 2]));
}

#[test]
fn what_is_listed_for_an_operator_elsewhere_stays_active() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1, 2])], None), &mut here);
    here.listed_elsewhere = HashSet::from([1]);
    carry_out(&pull(&[(7, &[])], None), &mut here);
    assert_eq!(active(&here.sites), [1]);
}

#[test]
fn an_operator_that_is_replaced_keeps_its_links_unless_all_operators_are_told() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1, 2, 3, 4, 5])], None), &mut here);
    let other = carry_out(&pull(&[(8, &[1, 2])], None), &mut here);
    assert_eq!(counts(&other), [3, 1, 0]);
    assert_eq!(active(&here.operators), [7, 8]);
    assert_eq!(active(&here.sites), [1, 2, 3, 4, 5]);
    let all = carry_out(&pull(&[(8, &[1, 2])], Some(&[8])), &mut here);
    assert_eq!(counts(&all), [3, 0, 4]);
    assert_eq!((active(&here.operators), active(&here.sites)), (vec![8], vec![1, 2]));
}

#[test]
fn links_of_callers_and_records_of_others_stay() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1])], None), &mut here);
    let local = Link { active: true, source: None };
    here.links.get_mut(&7).unwrap().insert(9, local.clone());
    let others = PulledOperator { record: operator(8), sites: vec![site(2, "n")] };
    carry_out(&pull_of("other", vec![others], None), &mut here);
    carry_out(&pull(&[(7, &[])], Some(&[7])), &mut here);
    assert_eq!(here.links[&7][&9], local);
    assert_eq!((active(&here.operators), active(&here.sites)), (vec![7, 8], vec![2]));
    // One that is owned by another does not fit, and is linked all the same.
    let both = carry_out(&pull(&[(7, &[2]), (8, &[1])], None), &mut here);
    let refused = both.refused.iter().map(Refused::receipt).map(|it| (it.resource, it.id));
    let expected = [("site", "2"), ("operator", "8")];
    let expected = expected.map(|(resource, id)| (resource.to_owned(), id.to_owned()));
    assert_eq!(refused.collect::<Vec<_>>(), expected);
    assert!(here.links[&7][&2].is_listed_by(SOURCE));
    assert!(!here.links[&8].contains_key(&1), "the other upstream says which sites it has");
    assert_eq!(here.sites[&2].source.as_deref(), Some("other"));
}

#[test]
fn a_record_that_does_not_fit_is_left_and_the_rest_stands() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1, 2])], None), &mut here);
    let record = json!({"id": 7, "username": null});
    let sites = vec![json!({"id": 1, "name": 5}), site(2, "new"), site(3, "new")];
    let bad = PulledOperator { record, sites };
    let decision = carry_out(&pull_of(SOURCE, vec![bad], Some(&[7])), &mut here);
    assert_eq!((counts(&decision), decision.refused.len()), ([2, 2, 0], 2));
    assert_eq!(here.operators[&7].fields[0].as_deref(), Some("u"));
    // Its list of sites is taken over: what does not fit is listed, too.
    assert_eq!(here.links[&7].keys().collect::<Vec<_>>(), [&1, &2, &3]);
    assert_eq!(active(&here.sites), [1, 2, 3]);
    assert_eq!(here.operators[&7].version, 2);
}

#[test]
fn sites_of_an_operator_that_is_not_here_and_does_not_fit_are_inactive() {
    let mut here = Here::default();
    let bad = PulledOperator { record: json!({"id": 7}), sites: vec![site(1, "n")] };
    let decision = carry_out(&pull_of(SOURCE, vec![bad], None), &mut here);
    assert_eq!((counts(&decision), decision.refused.len()), ([1, 1, 0], 1));
    assert_eq!((active(&here.sites), here.links.len()), (vec![], 0));
    carry_out(&pull(&[(7, &[1])], None), &mut here);
    assert_eq!(active(&here.sites), [1]);
}

#[test]
fn an_operator_with_too_many_links_is_refused_and_keeps_those_it_has() {
    let mut here = Here::default();
    carry_out(&pull(&[(7, &[1])], None), &mut here);
    let local = 2..=i64::try_from(MAX_SITES).unwrap();
    let local = local.map(|site| (site, Link { active: true, source: None }));
    here.links.get_mut(&7).unwrap().extend(local);
    let most = carry_out(&pull(&[(7, &[1])], None), &mut here);
    assert!(most.refused.is_empty() && most.links.is_empty());
    let more = carry_out(&pull(&[(7, &[1, 20_000])], None), &mut here);
    let detail = more.refused[0].receipt().detail;
    assert!(detail.starts_with("sites: would be 10001"), "{detail}");
    assert!(more.links.is_empty());
}
