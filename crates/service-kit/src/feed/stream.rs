//! A feed as server-sent events: each change as one event, until the client is gone or the service
//! stops.

use std::io::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream::unfold;
use program_kit::http::Client;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::Source;
use super::cursor::{Cursor, Scope};
use super::entry::Entry;
use super::filter::Filter;
use super::hub::{Follower, Kept};
use super::page::{ShownChange, read_page};
use crate::database::DatabaseError;
use crate::error::Error;

/// The interval of comments where there is no change: both ends notice that the other one is gone.
const COMMENT_INTERVAL: Duration = Duration::from_secs(15);
/// The pause after which a client is to come back, in milliseconds.
const RETRY: u64 = 1_000;
/// The number of changes that are read from the log at a time.
const PAGE: usize = 100;
/// The bytes that all connections together are handed at once, divided among them.
const PIECES: usize = 1 << 20;
/// The least and the most bytes that a connection is handed at once, unless one event has more: it copies
/// them into a buffer, which does not become smaller again.
const PIECE: RangeInclusive<usize> = (5 << 10)..=(64 << 10);
/// The pause after the log could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A feed on its way to one client.
struct Feed {
    source: Source,
    follower: Follower,
    filter: Filter,
    scope: Scope,
    cursor: Cursor,
    next_comment: Instant,
    client: Client,
    /// Set when the client is gone.
    is_over: bool,
}

/// Answers with the changes after a place, for as long as the client reads them.
pub(super) fn stream(
    source: Source,
    (client, follower): (Client, Follower),
    filter: Filter,
    (scope, cursor): (Scope, Cursor),
) -> HttpResponse {
    let feed = Feed {
        source,
        follower,
        filter,
        scope,
        cursor,
        next_comment: Instant::now(),
        client,
        is_over: false,
    };
    let opening = format!("retry: {RETRY}\n\n");
    let events = unfold((feed, Bytes::from(opening)), async |(mut feed, mut left)| {
        if left.is_empty() {
            left = feed.next().await?;
        } else {
            // What was handed over is sent first.
            yield_now().await;
        }
        let most = (PIECES / feed.follower.count()).clamp(*PIECE.start(), *PIECE.end());
        let text = left.split_to(piece(&left, most));
        Some((Ok::<_, Error>(text), (feed, left)))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Compressed, a change would wait for later ones.
        .insert_header((CONTENT_ENCODING, "identity"))
        // nginx would keep events back, too.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(events))
}

/// Returns the length of the next piece of some events: as many as a piece may have, but one at least.
fn piece(events: &[u8], most: usize) -> usize {
    let Some(most) = events.get(..most) else { return events.len() };
    let is_end = |pair: &[u8]| pair == b"\n\n";
    let last = most.windows(2).rposition(is_end);
    let end = last.or_else(|| events.windows(2).position(is_end));
    end.map_or(events.len(), |end| end + 2)
}

impl Feed {
    /// Returns the next events; `None` ends the stream, and the client comes back to this or another
    /// replica with the id of the last one.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_over || self.source.stopping.is_cancelled() {
                return None;
            }
            let text = match self.follower.after(self.cursor.position, self.scope.incarnation) {
                Kept::Batch(batch) => {
                    let text = batch.text_for(self).ok()?;
                    self.cursor = Cursor::at(batch.end);
                    text
                }
                Kept::InTheLog => self.read().await?,
                Kept::OtherLog => return None,
                Kept::NotYet => self.wait().await,
                Kept::Nothing(position) => {
                    self.cursor = Cursor::at(position);
                    self.wait().await
                }
            };
            if !text.is_empty() {
                self.next_comment = Instant::now() + COMMENT_INTERVAL;
                return Some(text);
            }
        }
    }

    /// Waits for changes; returns a comment if there are none for long.
    async fn wait(&mut self) -> Bytes {
        tokio::select! {
            () = self.follower.changed() => Bytes::new(),
            () = self.source.stopping.cancelled() => Bytes::new(),
            () = self.client.gone() => {
                self.is_over = true;
                Bytes::new()
            }
            () = sleep_until(self.next_comment) => {
                // An id without data is remembered by the client and dispatched to nobody.
                Bytes::from(format!(": \nid: {}\n\n", self.scope.text(self.cursor)))
            }
        }
    }

    /// Reads what the hub has no more; `None` if it is not in the log either.
    async fn read(&mut self) -> Option<Bytes> {
        let Self { source, filter, scope, cursor, .. } = &*self;
        match read_page(source, filter, *scope, *cursor, PAGE).await {
            Ok(page) => {
                let text = self.text(page.entries.iter().map(|it| &**it), page.from_start).ok()?;
                self.cursor = page.next;
                Some(text)
            }
            Err(Error::Database(DatabaseError::Unavailable(_) | DatabaseError::TooManyReaders)) => {
                self.source.stopping.run_until_cancelled(sleep(AFTER_FAILURE)).await;
                Some(Bytes::new())
            }
            // When it comes back, the client is told why.
            Err(_) => None,
        }
    }

    /// Returns the events of those entries that the feed contains.
    fn text<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
        from_start: bool,
    ) -> Result<Bytes, Error> {
        let mut text = vec![];
        for entry in entries.filter(|entry| self.filter.contains(entry, &self.source.resources)) {
            let shown = ShownChange::of(entry, self.scope, from_start)?;
            // Writing to memory cannot fail.
            let _ = write!(text, "id: {}\nevent: {}\ndata: ", shown.cursor, entry.kind);
            serde_json::to_writer(&mut text, &shown).map_err(|error| {
                tracing::error!(%error, "a change cannot be written as JSON");
                crate::error::internal()
            })?;
            text.extend_from_slice(b"\n\n");
        }
        Ok(Bytes::from(text))
    }
}

impl super::hub::Batch {
    /// Returns the events of a batch that a feed has not sent yet.
    fn text_for(&self, feed: &Feed) -> Result<Bytes, Error> {
        let position = feed.cursor.position;
        let is_whole = self.entries.first().is_some_and(|first| first.position > position);
        let left = self.entries.iter().map(|it| &**it).filter(|entry| entry.position > position);
        match is_whole {
            true => self.text(feed.scope.digest, || feed.text(left, false)),
            false => feed.text(left, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_of_whole_events() {
        const MOST: usize = 1_000;
        let event = |length: usize| [&vec![b'x'; length - 2][..], b"\n\n"].concat();
        let length = |events: &[Vec<u8>]| piece(&events.concat(), MOST);
        assert_eq!(length(&[event(10), event(20)]), 30);
        assert_eq!(length(&[event(500), event(500), event(5)]), 1_000);
        assert_eq!(length(&[event(500), event(MOST), event(5)]), 500);
        assert_eq!(length(&[event(3 * MOST), event(5)]), 3 * MOST);
    }
}
