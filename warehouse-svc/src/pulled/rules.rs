//! The decisions about what was pulled: what it changes, and what becomes inactive. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use program_kit::http::problem::FieldError;

use super::request::{Pull, Refused, Sent};
use crate::operators::{Link, Links, MAX_SITES, OPERATORS, lists};
use crate::owned::{Desired, Kind, Record, Written, as_pulled, written};
use crate::sites::SITES;

/// What is here, locked.
#[derive(Debug, Default)]
pub(super) struct Here {
    /// The sites that the pull may concern, by id.
    pub(super) sites: BTreeMap<i64, Record>,
    /// The operators that it may concern, by id.
    pub(super) operators: BTreeMap<i64, Record>,
    /// The links of these operators.
    pub(super) links: BTreeMap<i64, Links>,
    /// Those of the sites that the source lists for other operators.
    pub(super) listed_elsewhere: HashSet<i64>,
}

/// The records of a kind that are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Writes {
    /// Those that are not here.
    pub(super) new: Vec<Written>,
    /// Those that are here.
    pub(super) changed: Vec<Written>,
}

/// What a pull comes to.
#[derive(Debug, Default)]
pub(super) struct Decision {
    pub(super) sites: Writes,
    pub(super) operators: Writes,
    /// The links that are made or changed: operator, site, and the link.
    pub(super) links: Vec<(i64, i64, Link)>,
    /// The records that did not fit.
    pub(super) refused: Vec<Refused>,
    /// The number of records that fit.
    pub(super) upserted: usize,
    /// The number of those that changed.
    pub(super) changed: usize,
    /// The number of records that became inactive.
    pub(super) deactivated: usize,
}

/// Decides about a pull. `docs/sources.md` has the same rules.
pub(super) fn decide(pull: &Pull, here: &Here, now: DateTime<Utc>) -> Decision {
    let mut refused = pull.refused.clone();
    let mut sites = desired(&SITES, &pull.sites, &here.sites, &pull.source, &mut refused);
    let mut operators =
        desired(&OPERATORS, &pull.operators, &here.operators, &pull.source, &mut refused);
    let fit = Fit::of(&sites, &operators);
    let links = links_after(pull, here, &fit, &mut refused);
    let changed_links = changed_links(here, &links);
    deactivate_sites(pull, here, &links, &mut sites);
    deactivate_operators(pull, here, &changed_links, &mut operators);

    let mut decision = Decision { refused, upserted: fit.count(), ..Decision::default() };
    for (id, desired) in sites {
        let before = here.sites.get(&id);
        let written = written(before, desired, false, now);
        let fits = fit.sites.contains(&id);
        decision.count(before, written.as_ref(), fits);
        decision.sites.add(before, written);
    }
    let relinked = changed_links.iter().map(|(operator, ..)| *operator).collect::<HashSet<_>>();
    for (id, desired) in operators {
        let before = here.operators.get(&id);
        let has_other_links = relinked.contains(&id);
        let mut written = written(before, desired, has_other_links, now);
        if let Some(written) = &mut written {
            written.more = lists(links.get(&id).unwrap_or(&Links::new()));
        }
        decision.count(before, written.as_ref(), fit.operators.contains(&id));
        decision.operators.add(before, written);
    }
    decision.links = changed_links;
    decision
}

/// The ids of the records that fit.
struct Fit {
    sites: BTreeSet<i64>,
    operators: BTreeSet<i64>,
}

impl Fit {
    fn of(sites: &BTreeMap<i64, Desired>, operators: &BTreeMap<i64, Desired>) -> Self {
        let ids = |all: &BTreeMap<i64, Desired>| all.keys().copied().collect();
        Self { sites: ids(sites), operators: ids(operators) }
    }

    fn count(&self) -> usize {
        self.sites.len() + self.operators.len()
    }
}

impl Writes {
    fn add(&mut self, before: Option<&Record>, written: Option<Written>) {
        match before {
            None => self.new.extend(written),
            Some(_) => self.changed.extend(written),
        }
    }
}

impl Decision {
    fn count(&mut self, before: Option<&Record>, written: Option<&Written>, fits: bool) {
        let Some(written) = written else { return };
        let was_active = before.is_some_and(|before| before.active && !before.deleted);
        self.changed += usize::from(fits);
        self.deactivated += usize::from(was_active && !written.record.active);
    }
}

/// Returns the records as the source sends them; one that another upstream owns does not fit.
fn desired(
    kind: &'static Kind,
    sent: &BTreeMap<i64, Sent>,
    here: &BTreeMap<i64, Record>,
    source: &str,
    refused: &mut Vec<Refused>,
) -> BTreeMap<i64, Desired> {
    let mut all = BTreeMap::new();
    for (id, Sent { fields, place }) in sent {
        match as_pulled(kind, here.get(id), *id, fields.clone(), source) {
            Ok(desired) => drop(all.insert(*id, desired)),
            Err(owner) => {
                let problem = format!("the record is owned by {owner}");
                let expected =
                    |_: &str| Some("one upstream for each id; to release it, remove it here");
                let errors = vec![FieldError::new("id", problem, expected)];
                refused.push(Refused { kind, id: Some(*id), place: place.clone(), errors });
            }
        }
    }
    all
}

fn is_of(record: &Record, source: &str) -> bool {
    !record.deleted && record.source.as_deref() == Some(source)
}

/// Returns the links of all operators that are here or come, as they are to be.
fn links_after(
    pull: &Pull,
    here: &Here,
    fit: &Fit,
    refused: &mut Vec<Refused>,
) -> BTreeMap<i64, Links> {
    let source = pull.source.as_str();
    let exists = |site: &i64| {
        fit.sites.contains(site) || here.sites.get(site).is_some_and(|site| !site.deleted)
    };
    let mut after = here.links.clone();
    for (operator, listed) in &pull.lists {
        let is_here = here.operators.get(operator).is_some_and(|it| is_of(it, source));
        if !fit.operators.contains(operator) && !is_here {
            continue;
        }
        let before = here.links.get(operator).cloned().unwrap_or_default();
        let links = as_listed(before, listed, exists, source);
        if links.len() > MAX_SITES {
            let problem = format!("would be {}, with those that were linked before", links.len());
            let expected = |_: &str| Some("up to 10000; its links are left as they are");
            let errors = vec![FieldError::new("sites", problem, expected)];
            let place =
                pull.operators.get(operator).map_or_else(String::new, |it| it.place.clone());
            refused.push(Refused { kind: &OPERATORS, id: Some(*operator), place, errors });
            continue;
        }
        after.insert(*operator, links);
    }
    for operator in unlisted_operators(pull, here) {
        let before = here.links.get(&operator.id).cloned().unwrap_or_default();
        after.insert(operator.id, as_listed(before, &BTreeSet::new(), exists, source));
    }
    after
}

/// Returns the operators that the source lists no more: it has told all of its operators, and these are not
/// among them.
fn unlisted_operators<'a>(pull: &'a Pull, here: &'a Here) -> impl Iterator<Item = &'a Record> {
    let ours = here.operators.values().filter(|it| is_of(it, &pull.source));
    ours.filter(|it| {
        let is_listed =
            |all: &BTreeSet<i64>| all.contains(&it.id) || pull.lists.contains_key(&it.id);
        pull.all_operators.as_ref().is_some_and(|all| !is_listed(all))
    })
}

/// Returns the links of an operator for which the source lists these sites. Those of callers stay.
fn as_listed(
    mut links: Links,
    listed: &BTreeSet<i64>,
    exists: impl Fn(&i64) -> bool,
    source: &str,
) -> Links {
    for (site, link) in &mut links {
        if link.is_listed_by(source) && !listed.contains(site) {
            link.active = false;
        }
    }
    for site in listed.iter().filter(|site| exists(site)) {
        links.insert(*site, Link { active: true, source: Some(source.to_owned()) });
    }
    links
}

fn changed_links(here: &Here, after: &BTreeMap<i64, Links>) -> Vec<(i64, i64, Link)> {
    let mut changed = vec![];
    for (operator, links) in after {
        let before = here.links.get(operator);
        let is_new =
            |(site, link): &(&i64, &Link)| before.and_then(|it| it.get(site)) != Some(link);
        let new = links.iter().filter(is_new);
        changed.extend(new.map(|(site, link)| (*operator, *site, link.clone())));
    }
    changed
}

/// A site of the source is active if the source lists it for an operator.
fn deactivate_sites(
    pull: &Pull,
    here: &Here,
    links: &BTreeMap<i64, Links>,
    sites: &mut BTreeMap<i64, Desired>,
) {
    let of_links = links.values().flatten().filter(|(_, link)| link.is_listed_by(&pull.source));
    let listed = of_links.map(|(site, _)| site).chain(&here.listed_elsewhere);
    let listed = listed.collect::<HashSet<_>>();
    for (id, site) in here.sites.iter().filter(|(_, site)| is_of(site, &pull.source)) {
        sites.entry(*id).or_insert_with(|| unchanged(site));
    }
    for (id, desired) in sites {
        desired.record.active = listed.contains(id);
    }
}

/// An operator that the source lists no more is inactive. The operators whose links alone have changed are
/// added, too.
fn deactivate_operators(
    pull: &Pull,
    here: &Here,
    changed_links: &[(i64, i64, Link)],
    operators: &mut BTreeMap<i64, Desired>,
) {
    for (id, ..) in changed_links {
        if let Some(operator) = here.operators.get(id) {
            operators.entry(*id).or_insert_with(|| unchanged(operator));
        }
    }
    for operator in unlisted_operators(pull, here) {
        operators.entry(operator.id).or_insert_with(|| unchanged(operator)).record.active = false;
    }
}

fn unchanged(record: &Record) -> Desired {
    Desired { record: record.clone(), conflicts: vec![] }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
