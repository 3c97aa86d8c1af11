//! The cursor of a client that syncs: a place in a log, and who the client is. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use service_kit::feed::{Cursor, Place, Position};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The number of bytes of a cursor.
const BYTES: usize = 16 + 16 + 8 + 8 + 1;

/// The cursor of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyncCursor {
    /// The place in the log after which the client goes on.
    pub(super) place: Place,
    /// The client: made at its first sync, and carried along in its cursors. It stands in each change
    /// that the client uploads, so that its own changes are not sent back to it.
    pub(super) client: Uuid,
}

impl SyncCursor {
    /// Returns the cursor of a client that syncs for the first time.
    pub(super) fn first(place: Place) -> Self {
        Self { place, client: Uuid::new_v4() }
    }

    /// Returns the id under which the client's changes are recorded: who reads them cannot make a cursor
    /// of that client from it.
    pub(super) fn author(self) -> Uuid {
        let digest = Sha256::digest(self.client.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes)
    }

    /// Parses a cursor; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "start" {
            return Some(Self::first(Place::Start));
        }
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let uuid = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        let number = |from: usize| {
            let number = bytes[from..from + 8].try_into().map(i64::from_be_bytes).ok();
            number.filter(|number| *number >= 0)
        };
        let from_start = match bytes[48] {
            0 => false,
            1 => true,
            _ => return None,
        };
        let position = Position { xid: number(32)?, seq: number(40)? };
        let place = Place::After(uuid(0)?, Cursor { position, from_start });
        Some(Self { place, client: uuid(16)? })
    }

    /// Returns the text of the cursor with which this client goes on.
    pub(super) fn next(self, incarnation: Uuid, Cursor { position, from_start }: Cursor) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(incarnation.as_bytes());
        bytes[16..32].copy_from_slice(self.client.as_bytes());
        bytes[32..40].copy_from_slice(&position.xid.to_be_bytes());
        bytes[40..48].copy_from_slice(&position.seq.to_be_bytes());
        bytes[48] = from_start.into();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_its_place_and_its_client() {
        let first = SyncCursor::first(Place::Start);
        let position = Position { xid: 1 << 40, seq: 7 };
        for from_start in [false, true] {
            let cursor = Cursor { position, from_start };
            let log = Uuid::from_u128(9);
            let parsed = SyncCursor::parse(&first.next(log, cursor)).unwrap();
            assert_eq!(parsed, SyncCursor { place: Place::After(log, cursor), ..first });
        }
    }

    #[test]
    fn each_first_sync_is_of_another_client() {
        let [one, other] = [(); 2].map(|()| SyncCursor::parse("start").unwrap());
        assert_eq!(one.place, Place::Start);
        assert_ne!(one.client, other.client);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let [negative, odd] = [[0xff; BYTES], [2; BYTES]].map(|it| URL_SAFE_NO_PAD.encode(it));
        for text in ["", "START", "%00", "e30", &"A".repeat(55), &"A".repeat(67), &negative, &odd] {
            assert_eq!(SyncCursor::parse(text), None, "{text}");
        }
    }
}
