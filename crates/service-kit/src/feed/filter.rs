//! The query of a feed: the choice of changes, the cursor, and the size of a page. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use program_kit::http::page::{MAX_LIMIT, unreadable};
use program_kit::http::problem::Problem;
use sha2::{Digest as _, Sha256};
use shared_models::side::Side;

use super::Entry;
use crate::resource::{Resource, Resources};

/// The default number of changes on a page.
const DEFAULT_LIMIT: u16 = 100;
/// The longest wait for a change, in seconds.
pub(crate) const MAX_WAIT: u64 = 60;

/// A choice of changes: those that match every part that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The name of the resource.
    pub resource: Option<&'static str>,
    /// The key of the record.
    pub key: Option<String>,
    /// The kind of change.
    pub kind: Option<String>,
    /// The side that made the change.
    pub origin: Option<Side>,
    /// The values within the event: the index of the resource's filter, its name, the value.
    pub values: Vec<(usize, &'static str, String)>,
}

/// The query of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedQuery {
    /// The choice of changes.
    pub filter: Filter,
    /// The cursor.
    pub cursor: Option<String>,
    /// The most changes on a page, if given.
    pub limit: Option<u16>,
    /// The time to wait for a change, if given.
    pub wait: Option<Duration>,
}

impl Filter {
    /// Returns a digest of the choice among the changes of a side.
    #[must_use]
    pub fn digest(&self, side: Side) -> u64 {
        let Self { resource, key, kind, origin, values } = self;
        let origin = origin.map(Side::as_str);
        // By their names: a further filter is to change no digest.
        let mut values = values.iter().map(|(_, name, value)| (name, value)).collect::<Vec<_>>();
        values.sort_unstable();
        let digest =
            Sha256::digest(format!("{side} {resource:?} {key:?} {kind:?} {origin:?} {values:?}"));
        digest.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
    }

    /// Returns whether the choice contains a change.
    #[must_use]
    pub fn contains(&self, entry: &Entry, resources: &Resources) -> bool {
        let Self { resource, key, kind, origin, values } = self;
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        is(*resource, &entry.resource)
            && is(key.as_deref(), &entry.key)
            && is(kind.as_deref(), &entry.kind)
            && is(origin.map(Side::as_str), &entry.origin)
            && values.iter().all(|(index, _, wanted)| {
                let found = entry.values(resources).get(*index).and_then(Option::as_deref);
                found == Some(wanted)
            })
    }
}

impl FeedQuery {
    /// Parses the query of the feed of a resource, or of all.
    pub fn parse(
        pairs: Vec<(String, String)>,
        of: Option<&str>,
        resources: &Resources,
    ) -> Result<Self, Problem> {
        let mut given = BTreeMap::new();
        for (name, value) in pairs {
            if given.insert(name.clone(), value).is_some() {
                return Err(unreadable(format!("{name} is given twice")));
            }
        }
        let resource = match (of, given.remove("resource")) {
            (Some(_), Some(_)) => return Err(unreadable("this feed is of one resource already")),
            (Some(name), None) => resources.named(name),
            (None, Some(name)) => Some(known(&name, resources)?),
            (None, None) => None,
        };
        let key = given.remove("key").map(|key| checked_key(&key, resource)).transpose()?;
        let kind = given.remove("kind").map(|kind| checked_kind(kind, resource)).transpose()?;
        let origin = given.remove("origin").map(|origin| side(&origin)).transpose()?;
        let cursor = given.remove("cursor");
        let limit = given.remove("limit").map(|limit| number(&limit, "limit", 1, MAX_LIMIT));
        let wait = given.remove("wait").map(|wait| number(&wait, "wait", 0, MAX_WAIT));
        let filters = resource.map(Resource::event_filters).unwrap_or_default();
        let mut values = vec![];
        for (index, filter) in filters.iter().enumerate() {
            if let Some(value) = given.remove(filter.name) {
                let wrong = |expected| refused(filter.name, expected, &value);
                (filter.check)(&value).map_err(wrong)?;
                values.push((index, filter.name, value));
            }
        }
        if let Some(name) = given.keys().next() {
            return Err(unknown_parameter(name, of.is_none(), resource));
        }
        let resource = resource.map(Resource::name);
        let filter = Filter { resource, key, kind, origin, values };
        let (limit, wait) = (limit.transpose()?, wait.transpose()?.map(Duration::from_secs));
        Ok(Self { filter, cursor, limit, wait })
    }

    /// Returns the most changes on a page.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT).into()
    }
}

fn refused(name: &str, expected: &str, found: &str) -> Problem {
    unreadable(format!("expected {expected} as {name}; found {found:?}"))
}

fn known<'a>(name: &str, resources: &'a Resources) -> Result<&'a dyn Resource, Problem> {
    let expected = || format!("one of {}", resources.names());
    resources.named(name).ok_or_else(|| refused("resource", &expected(), name))
}

fn checked_key(text: &str, resource: Option<&dyn Resource>) -> Result<String, Problem> {
    let Some(resource) = resource else {
        return Err(unreadable("a key is one of a resource; name it, too"));
    };
    let expected = format!("a key of a record of {}", resource.name());
    resource.key(text).ok_or_else(|| refused("key", &expected, text))
}

fn checked_kind(kind: String, resource: Option<&dyn Resource>) -> Result<String, Problem> {
    let is_of = |(name, what): (&str, &str)| {
        !what.is_empty() && resource.is_none_or(|resource| resource.name() == name)
    };
    if kind.split_once('.').is_some_and(is_of) && !kind.contains('\0') {
        return Ok(kind);
    }
    let name = resource.map_or("the resource", Resource::name);
    Err(refused("kind", &format!("{name}, a dot, and what happened"), &kind))
}

fn side(text: &str) -> Result<Side, Problem> {
    let side = [Side::Store, Side::Warehouse].into_iter().find(|side| side.as_str() == text);
    side.ok_or_else(|| refused("origin", "store or warehouse", text))
}

fn number<N>(text: &str, name: &str, least: N, most: N) -> Result<N, Problem>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display + Copy,
{
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| refused(name, &format!("a number from {least} to {most}"), text))
}

fn unknown_parameter(name: &str, of_all: bool, resource: Option<&dyn Resource>) -> Problem {
    let filters = resource.map(Resource::event_filters).unwrap_or_default();
    let first = if of_all { "resource, " } else { "" };
    let more = filters.iter().map(|filter| format!(", {}", filter.name)).collect::<String>();
    unreadable(format!(
        "{name:?} is not a parameter of this feed; expected {first}key, kind, origin{more}, cursor, \
         limit or wait"
    ))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
