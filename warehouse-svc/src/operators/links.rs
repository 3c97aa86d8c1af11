//! Links between operators and sites: what they are, and what callers change. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::owned::Shown;

/// The most sites of one operator: each event of an operator has the list of them.
pub(crate) const MAX_SITES: usize = 10_000;

/// The state of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Link {
    /// `false` if the upstream that made it lists it no more.
    pub(crate) active: bool,
    /// The name of the upstream that made it; none if a caller has.
    pub(crate) source: Option<String>,
}

impl Link {
    /// A link that a caller makes.
    pub(super) const OF_CALLER: Self = Self { active: true, source: None };

    /// Returns whether an upstream lists this link.
    pub(crate) fn is_listed_by(&self, source: &str) -> bool {
        self.active && self.source.as_deref() == Some(source)
    }
}

/// The links of an operator, by site.
pub(crate) type Links = BTreeMap<i64, Link>;

/// What becomes of a link that a caller makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// There was none.
    New,
    /// There was one that its upstream lists no more: it is active again, and of the caller.
    Renewed,
    /// The link is there.
    Same(Link),
    /// The operator has as many sites as one may have.
    TooMany,
}

/// Decides about a link that a caller makes. `count` is the number of the operator's links.
pub(super) fn put(here: Option<Link>, count: usize) -> Put {
    match here {
        Some(link) if link.active => Put::Same(link),
        Some(_) => Put::Renewed,
        None if count >= MAX_SITES => Put::TooMany,
        None => Put::New,
    }
}

/// Returns what the events of an operator say of its links: the ids of its sites.
pub(crate) fn lists(links: &Links) -> Map<String, Value> {
    let of = |active| {
        let sites = links.iter().filter(|(_, link)| link.active == active);
        Value::from_iter(sites.map(|(site, _)| *site))
    };
    Map::from_iter([("sites".into(), of(true)), ("inactive_sites".into(), of(false))])
}

/// A site of an operator, as sent to a caller.
#[derive(Debug, Serialize)]
pub(super) struct LinkedSite {
    #[serde(flatten)]
    pub(super) site: Shown,
    pub(super) link: Link,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(active: bool) -> Link {
        Link { active, source: Some("upstream".into()) }
    }

    #[test]
    fn a_link_that_stands_is_not_made_again() {
        assert_eq!(put(None, 0), Put::New);
        assert_eq!(put(None, MAX_SITES), Put::TooMany);
        assert_eq!(put(Some(listed(true)), MAX_SITES), Put::Same(listed(true)));
        assert_eq!(put(Some(listed(false)), MAX_SITES), Put::Renewed);
    }

    #[test]
    fn an_event_lists_the_sites_by_whether_they_are_active() {
        let links = [(3, listed(true)), (1, Link::OF_CALLER), (2, listed(false))];
        let lists = Value::from(lists(&links.into()));
        assert_eq!(lists, json!({"sites": [1, 3], "inactive_sites": [2]}));
    }
}
