//! The rules that hold for operators and sites once a pull has nothing to change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::violation::{Rule, Violation};

/// The fields of an operator, and of a site, that the upstream owns.
const OPERATOR: [&str; 5] = ["username", "email", "employee_id", "first_name", "last_name"];
const SITE: [&str; 10] =
    ["name", "line1", "line2", "site", "city", "state", "zip_code", "country", "fax", "phone"];
/// The name of the upstream.
const SOURCE: &str = "upstream";

/// What the warehouse has, each record with all columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Pulled {
    /// Operators.
    pub operators: Vec<Value>,
    /// Sites.
    pub sites: Vec<Value>,
    /// The sites of the operators.
    pub links: Vec<Value>,
}

/// Everything that the warehouse has otherwise than its upstream lists it: users, each with its
/// `warehouses`.
#[must_use]
pub fn check(listed: &[Value], pulled: &Pulled) -> Vec<Violation> {
    let sites = |user: &Value| user["warehouses"].as_array().cloned().unwrap_or_default();
    let mut found = unequal("operator", &OPERATOR, listed, &pulled.operators);
    let all = listed.iter().flat_map(sites).map(|site| (site["id"].as_u64(), site));
    let all = all.collect::<BTreeMap<_, _>>().into_values().collect::<Vec<_>>();
    found.extend(unequal("site", &SITE, &all, &pulled.sites));
    let of = |user: &Value| sites(user).into_iter().map(|site| site["id"].as_u64());
    let wanted = listed.iter().flat_map(|user| of(user).map(|site| (user["id"].as_u64(), site)));
    let wanted = wanted.collect::<BTreeSet<_>>();
    let active = pulled.links.iter().filter(|link| is_active(link));
    let active = active.map(|link| (link["operator"].as_u64(), link["site"].as_u64()));
    let active = active.collect::<BTreeSet<_>>();
    let different = wanted.symmetric_difference(&active);
    found.extend(different.map(|link| format!("the link {link:?} is only at one of them")));
    found.into_iter().map(|why| Violation::of_all(Rule::Pulled, why)).collect()
}

fn is_active(record: &Value) -> bool {
    record["active"] == true && record["source"] == SOURCE
}

/// The records that are listed, and not active here with the same fields, or the other way round.
fn unequal(kind: &str, fields: &[&str], listed: &[Value], here: &[Value]) -> Vec<String> {
    let active = here.iter().filter(|record| is_active(record));
    let mut active =
        active.map(|record| (record["id"].as_u64(), record)).collect::<BTreeMap<_, _>>();
    let mut found = vec![];
    for listed in listed {
        match active.remove(&listed["id"].as_u64()) {
            None => found.push(format!("the {kind} is not active here: {listed}")),
            Some(here) if fields.iter().any(|field| here[field] != listed[field]) => {
                found.push(format!("the {kind} is {here}, and listed as {listed}"));
            }
            Some(_) => {}
        }
    }
    found.extend(active.into_values().map(|here| format!("the {kind} is not listed: {here}")));
    found
}
