//! The cursor of a feed: a position in the log, and the feed that it was made for. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;
use uuid::Uuid;

/// A position in the log: that of a change, or between two of them. Readers pass the changes in the
/// order of their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction that orders the change (docs/decisions/0025).
    pub xid: i64,
    /// The sequence number, among the changes of the same transaction.
    pub seq: i64,
}

impl Position {
    /// The position before every change.
    pub const START: Self = Self { xid: 0, seq: 0 };
    /// The position after every change.
    pub const END: Self = Self { xid: i64::MAX, seq: 0 };
}

/// The position after which a reader goes on in a log, and how it came there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The position of the last change that was read, or passed over.
    pub position: Position,
    /// Set for a reader who began at the start of the log and has not caught up: of what is trimmed, now
    /// or before it comes there, it gets only the newest change of each record.
    pub from_start: bool,
}

impl Cursor {
    /// The start of the log.
    pub const START: Self = Self { position: Position::START, from_start: true };

    /// Returns the place of a reader who gets every change.
    #[must_use]
    pub const fn at(position: Position) -> Self {
        Self { position, from_start: false }
    }
}

/// A feed that cursors are made for: a log, and a choice of its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The incarnation of the log.
    pub incarnation: Uuid,
    /// The digest of the choice.
    pub digest: u64,
}

/// The reason why a cursor cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// The text is no cursor.
    #[error(
        "the cursor cannot be parsed; copy it unchanged from an answer of this feed, or use \
         cursor=start for the oldest change that is kept"
    )]
    Unreadable,
    /// The cursor was made for another choice of changes, or by the other side.
    #[error(
        "the cursor belongs to another feed; repeat the path and the filters that it was made with, \
         or omit the cursor"
    )]
    OtherFeed,
    /// The cursor was made for another log.
    #[error("the cursor belongs to another database than the present one. {BEGIN_AGAIN}")]
    OtherLog,
    /// Changes after the cursor are not kept any more.
    #[error("changes after the cursor are no longer kept. {BEGIN_AGAIN}")]
    Trimmed,
}

/// What a reader does who has missed changes.
const BEGIN_AGAIN: &str = "Begin again with cursor=start, which gives the newest change of each \
    record that is kept and every later one; or read the records, and follow the feed from a cursor \
    that was made before that (GET without a cursor)";

/// The number of bytes of a cursor.
const BYTES: usize = 16 + 8 + 8 + 8 + 1;

impl Scope {
    /// Returns the text of a cursor.
    #[must_use]
    pub fn text(self, cursor: Cursor) -> String {
        let Cursor { position, from_start } = cursor;
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(self.incarnation.as_bytes());
        bytes[16..24].copy_from_slice(&self.digest.to_be_bytes());
        bytes[24..32].copy_from_slice(&position.xid.to_be_bytes());
        bytes[32..40].copy_from_slice(&position.seq.to_be_bytes());
        bytes[40] = from_start.into();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Parses a cursor that was made for this feed.
    pub fn parse(self, text: &str) -> Result<Cursor, Unusable> {
        if text == "start" {
            return Ok(Cursor::START);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unusable::Unreadable)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| Unusable::Unreadable)?;
        let number = |from: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[from..from + 8]);
            i64::from_be_bytes(number)
        };
        let position = Position { xid: number(24), seq: number(32) };
        if position.xid < 0 || position.seq < 0 || bytes[40] > 1 {
            return Err(Unusable::Unreadable);
        }
        if bytes[16..24] != self.digest.to_be_bytes() {
            return Err(Unusable::OtherFeed);
        }
        if bytes[..16] != *self.incarnation.as_bytes() {
            return Err(Unusable::OtherLog);
        }
        Ok(Cursor { position, from_start: bytes[40] == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: Scope = Scope { incarnation: Uuid::from_u128(7), digest: 9 };

    fn at(xid: i64, seq: i64) -> Cursor {
        Cursor::at(Position { xid, seq })
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let from_start = Cursor { from_start: true, ..at(3, 1) };
        for cursor in [Cursor::START, from_start, at(88, 0), at(1 << 40, 5)] {
            assert_eq!(FEED.parse(&FEED.text(cursor)), Ok(cursor));
        }
        assert_eq!(FEED.parse("start"), Ok(Cursor::START));
    }

    #[test]
    fn positions_follow_the_transactions_and_then_the_sequence_numbers() {
        let at = |xid, seq| Position { xid, seq };
        let ordered = [Position::START, at(3, 9), at(4, 1), at(4, 2), Position::END];
        assert!(ordered.is_sorted());
    }

    #[test]
    fn a_cursor_of_another_feed_or_log_is_refused() {
        let text = FEED.text(at(3, 4));
        let other = Scope { digest: 10, ..FEED };
        assert_eq!(other.parse(&text), Err(Unusable::OtherFeed));
        let other = Scope { incarnation: Uuid::from_u128(8), ..FEED };
        assert_eq!(other.parse(&text), Err(Unusable::OtherLog));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let negative = FEED.text(at(-1, 4));
        for text in ["", "begin", "%00", "e30", &"A".repeat(54), &"_".repeat(55), &negative] {
            assert_eq!(FEED.parse(text), Err(Unusable::Unreadable), "{text}");
        }
        assert_eq!(FEED.parse(&"A".repeat(55)), Err(Unusable::OtherFeed));
    }
}
