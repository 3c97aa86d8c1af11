//! A page of a feed, read from the log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use program_kit::http::problem::{Kind, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Source;
use super::cursor::{Cursor, Scope, Unusable};
use super::entry::Entry;
use super::filter::Filter;
use super::hub::Batch;
use super::storage::{LogPart, LogState, read_part, read_state};
use crate::error::{Error, unreadable_event};
use crate::resource::Resources;

/// The most entries that are looked at in one step, unless the page itself is longer.
const MAX_PART: usize = 1_000;
/// The most steps of a page; then it ends early.
const MAX_PARTS: usize = 10;

/// A page of a feed.
#[derive(Debug)]
pub(super) struct FeedPage {
    /// The changes, oldest first.
    pub(super) entries: Vec<Arc<Entry>>,
    /// The place after the page.
    pub(super) next: Cursor,
    /// Whether the reader began at the start, and had not caught up before this page.
    pub(super) from_start: bool,
    /// Whether more can be read at once.
    pub(super) more: bool,
}

/// A page of a feed, as sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangesPage")]
pub(crate) struct ShownPage<'a> {
    changes: Vec<ShownChange<'a>>,
    /// The cursor after the page.
    next: String,
    /// Set if more can be read at once.
    more: bool,
}

/// A change, as sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
pub(crate) struct ShownChange<'a> {
    /// The cursor after the change.
    pub(super) cursor: String,
    /// The name of the record's resource.
    resource: &'a str,
    /// The key of the record.
    key: &'a str,
    /// The kind of change.
    kind: &'a str,
    /// The side that made the change.
    origin: &'a str,
    /// The record's version after the change.
    version: i64,
    /// The time of the change at this side.
    at: DateTime<Utc>,
    /// The principal that requested the change here, if known.
    principal: Option<&'a str>,
    /// The event, as it is published.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    event: &'a RawValue,
}

impl<'a> ShownChange<'a> {
    /// Shows an entry of a feed.
    pub(super) fn of(entry: &'a Entry, scope: Scope, from_start: bool) -> Result<Self, Error> {
        let event = serde_json::from_str(&entry.body)
            .map_err(|error| unreadable_event(entry.position.seq, &error))?;
        Ok(Self {
            cursor: scope.text(Cursor { position: entry.position, from_start }),
            resource: &entry.resource,
            key: &entry.key,
            kind: &entry.kind,
            origin: &entry.origin,
            version: entry.version,
            at: entry.at,
            principal: entry.principal.as_deref(),
            event,
        })
    }
}

impl FeedPage {
    /// Adds the changes of a batch from the hub to a page without any.
    pub(super) fn add(
        &mut self,
        batch: &Batch,
        filter: &Filter,
        resources: &Resources,
        limit: usize,
    ) {
        let after = self.next.position;
        let left = batch.entries.iter().filter(|entry| entry.position > after);
        let mut chosen = left.filter(|entry| filter.contains(entry, resources)).cloned();
        self.entries.extend(chosen.by_ref().take(limit));
        self.more = chosen.next().is_some();
        let last = self.entries.last().filter(|_| self.more).map(|last| last.position);
        self.next = Cursor::at(last.unwrap_or(batch.end));
    }

    /// Shows the page of a feed.
    pub(super) fn show(&self, scope: Scope) -> Result<ShownPage<'_>, Error> {
        let changes =
            self.entries.iter().map(|entry| ShownChange::of(entry, scope, self.from_start));
        let (next, more) = (scope.text(self.next), self.more);
        Ok(ShownPage { changes: changes.collect::<Result<_, _>>()?, next, more })
    }
}

/// Returns the scope of a feed, and the place from which a reader goes on: its cursor, or now.
pub(super) async fn begin(
    source: &Source,
    filter: &Filter,
    cursor: Option<&str>,
) -> Result<(Scope, Cursor), Error> {
    let state = source.database.ask(async |connection| read_state(connection).await).await?;
    let digest = filter.digest(source.side);
    let scope = Scope { incarnation: state.incarnation, digest };
    let Some(cursor) = cursor else {
        return Ok((scope, Cursor::at(state.end())));
    };
    let cursor = scope.parse(cursor).map_err(problem)?;
    check_kept(scope.incarnation, cursor, state).map_err(problem)?;
    Ok((scope, cursor))
}

/// Fails unless the log is that of the reader, and keeps all that it is to get after a place.
pub(super) fn check_kept(
    incarnation: Uuid,
    cursor: Cursor,
    state: LogState,
) -> Result<(), Unusable> {
    let Cursor { position, from_start } = cursor;
    if incarnation != state.incarnation {
        return Err(Unusable::OtherLog);
    }
    if position < state.trimmed && !from_start {
        return Err(Unusable::Trimmed);
    }
    // The change at this place is not there any more: the database was set back.
    if position > state.end() {
        return Err(Unusable::OtherLog);
    }
    Ok(())
}

/// Returns the problem of a cursor that cannot be used.
pub(super) fn problem(unusable: Unusable) -> Problem {
    let kind = match unusable {
        Unusable::Unreadable | Unusable::OtherFeed => Kind::Unreadable,
        Unusable::OtherLog | Unusable::Trimmed => Kind::Gone,
    };
    Problem::new(kind, unusable.to_string())
}

/// Reads the page after a place.
pub(super) async fn read_page(
    source: &Source,
    filter: &Filter,
    scope: Scope,
    after: Cursor,
    limit: usize,
) -> Result<FeedPage, Error> {
    let from_start = after.from_start;
    let mut page = FeedPage { entries: vec![], next: after, from_start, more: true };
    // One more shows whether there is more.
    let mut count = limit + 1;
    for _ in 0..MAX_PARTS {
        let reading = source.database.read::<_, Error>(async |connection| {
            Ok(read_part(connection, page.next.position, count, filter).await?)
        });
        let LogPart { state, entries, looked_at, last } = reading.await?;
        check_kept(scope.incarnation, page.next, state).map_err(problem)?;
        page.more = last.is_some();
        let mut next = last.unwrap_or(state.end()).max(page.next.position);
        let before = page.entries.len();
        let chosen = entries.into_iter().filter(|it| filter.contains(it, &source.resources));
        page.entries.extend(chosen.map(Arc::new));
        let found = page.entries.len() - before;
        if page.entries.len() > limit {
            page.entries.truncate(limit);
            page.more = true;
            next = page.entries.last().map_or(next, |last| last.position);
        }
        page.next = Cursor { position: next, from_start: from_start && page.more };
        if !page.more || page.entries.len() == limit {
            break;
        }
        count = next_count(limit + 1 - page.entries.len(), looked_at, found);
    }
    Ok(page)
}

/// Returns how many entries to look at for as many as are wanted, by how many were found in the part
/// before.
fn next_count(wanted: usize, looked_at: usize, found: usize) -> usize {
    let as_before = (wanted * looked_at).checked_div(found);
    as_before.map_or(MAX_PART, |count| count.clamp(wanted, MAX_PART.max(wanted)))
}

#[cfg(test)]
mod tests {
    use super::super::cursor::Position;
    use super::*;

    #[test]
    fn the_next_part_is_as_long_as_the_share_of_what_matches_asks_for() {
        assert_eq!(next_count(50, 100, 50), 100);
        assert_eq!(next_count(50, 100, 100), 50);
        assert_eq!(next_count(50, 100, 1), MAX_PART);
        assert_eq!(next_count(50, 100, 0), MAX_PART);
    }

    #[test]
    fn a_place_that_the_log_does_not_have_is_refused() {
        let at = |seq| Position { xid: 5, seq };
        let incarnation = Uuid::from_u128(1);
        let state = LogState { incarnation, trimmed: at(3), newest: at(7) };
        let check = |cursor| check_kept(incarnation, cursor, state);
        let normal = |seq| Cursor { position: at(seq), from_start: false };
        for (seq, expected) in
            [(2, Err(Unusable::Trimmed)), (3, Ok(())), (7, Ok(())), (8, Err(Unusable::OtherLog))]
        {
            assert_eq!(check(normal(seq)), expected, "{seq}");
        }
        assert_eq!(check(Cursor::START), Ok(()));
        assert_eq!(check(Cursor { position: at(2), from_start: true }), Ok(()));
        let other = Uuid::from_u128(2);
        assert_eq!(check_kept(other, Cursor::START, state), Err(Unusable::OtherLog));
        // Nothing after it is kept; the change at it was an offer, or a removal.
        let empty = LogState { newest: Position::START, ..state };
        assert_eq!(check_kept(incarnation, normal(3), empty), Ok(()));
    }
}
