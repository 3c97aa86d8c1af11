//! Parts of the changes of one resource, for a resource that answers from the log.

use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::cursor::{Cursor, Position};
use super::entry::Event;
use super::filter::Filter;
use super::page::{check_kept, problem};
use super::storage::{LogPart, read_part, read_state};
use crate::error::Error;

/// The place from which a reader goes on: a cursor with the log that it is of, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Now: what is not over yet is still to come.
    Now,
    /// The start of the log.
    Start,
    /// The place after which a reader ended in the log of this incarnation.
    After(Uuid, Cursor),
}

/// A part of the changes of one resource.
#[derive(Debug)]
pub struct PartOfChanges {
    /// The incarnation of the log.
    pub incarnation: Uuid,
    /// The events of the changes, oldest first.
    pub events: Vec<Event>,
    /// The place after the part.
    pub next: Cursor,
    /// Whether more can be read at once.
    pub more: bool,
}

/// Fails if a place is of another log, or what follows it is no longer kept: before a writer writes.
pub async fn check_place(connection: &AsyncPgConnection, place: Place) -> Result<(), Error> {
    let Place::After(incarnation, cursor) = place else { return Ok(()) };
    let state = read_state(connection).await?;
    Ok(check_kept(incarnation, cursor, state).map_err(problem)?)
}

/// Reads the changes of a resource among the next `count` of the log. Like every reader it sees
/// nothing of transactions that are not over: the caller's own has to be committed before.
pub async fn read_changes(
    connection: &AsyncPgConnection,
    resource: &'static str,
    place: Place,
    count: usize,
) -> Result<PartOfChanges, Error> {
    let filter = Filter { resource: Some(resource), ..Filter::default() };
    let (after, count) = match place {
        Place::Now => (Cursor::at(Position::END), 0),
        Place::Start => (Cursor::START, count),
        Place::After(_, cursor) => (cursor, count),
    };
    let part = read_part(connection, after.position, count, &filter).await?;
    let LogPart { state, entries: events, last, .. } = part;
    if let Place::After(incarnation, cursor) = place {
        check_kept(incarnation, cursor, state).map_err(problem)?;
    }
    let (incarnation, more) = (state.incarnation, last.is_some());
    let next = match place {
        Place::Now => Cursor::at(state.end()),
        Place::Start | Place::After(..) => {
            let position = last.unwrap_or(state.end()).max(after.position);
            Cursor { position, from_start: after.from_start && more }
        }
    };
    Ok(PartOfChanges { incarnation, events, next, more })
}
