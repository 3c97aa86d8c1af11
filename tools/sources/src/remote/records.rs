//! The records of the remote: posts and comments. Pure; every write says what it changed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The fields of a record.
pub type Record = Map<String, Value>;

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Posts.
    Posts,
    /// Comments, each on the post that its field `postId` names.
    Comments,
}

impl Kind {
    /// Returns the kind of this name, as paths have it.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "posts" => Some(Self::Posts),
            "comments" => Some(Self::Comments),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Posts => "posts",
            Self::Comments => "comments",
        })
    }
}

/// A change of one record, as it is kept in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Change {
    /// A record was stored, new or anew.
    Stored { kind: Kind, id: u64, record: Record },
    /// A record was removed.
    Removed { kind: Kind, id: u64 },
    /// The next record gets this id, or a greater one.
    Next { kind: Kind, id: u64 },
    /// A create with an idempotency key was carried out.
    Key { key: String, digest: String, kind: Kind, id: u64 },
}

/// The create that an idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Created {
    /// The digest of the request's body.
    pub(super) digest: String,
    pub(super) kind: Kind,
    pub(super) id: u64,
}

#[derive(Clone, Debug, Default)]
struct Table {
    rows: BTreeMap<u64, Record>,
    /// The highest id that a record has had.
    highest: u64,
}

/// All records.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    posts: Table,
    comments: Table,
    keys: BTreeMap<String, Created>,
}

impl Records {
    fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Posts => &self.posts,
            Kind::Comments => &self.comments,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::Posts => &mut self.posts,
            Kind::Comments => &mut self.comments,
        }
    }

    pub(super) fn get(&self, kind: Kind, id: u64) -> Option<&Record> {
        self.table(kind).rows.get(&id)
    }

    /// Returns the records in the order of their ids.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.table(kind).rows.values()
    }

    /// Returns the id that the next new record gets: ids are not given again.
    pub(super) fn next(&self, kind: Kind) -> u64 {
        self.table(kind).highest.saturating_add(1)
    }

    /// Returns the id after the highest one in use.
    pub(super) fn lowest_free(&self, kind: Kind) -> u64 {
        self.table(kind).rows.keys().next_back().map_or(1, |highest| highest.saturating_add(1))
    }

    pub(super) fn created_by(&self, key: &str) -> Option<&Created> {
        self.keys.get(key)
    }

    /// Stores a record under an id, new or anew.
    pub(super) fn store(&mut self, kind: Kind, id: u64, mut record: Record) -> Vec<Change> {
        record.insert("id".to_owned(), id.into());
        self.apply([Change::Stored { kind, id, record }].into())
    }

    /// Removes a record, and of a post its comments, too. No change if it is not there.
    pub(super) fn remove(&mut self, kind: Kind, id: u64) -> Vec<Change> {
        if self.get(kind, id).is_none() {
            return Vec::new();
        }
        let comments = self.comments.rows.iter().filter(|(_, comment)| {
            kind == Kind::Posts && comment.get("postId").is_some_and(|post| is_id(post, id))
        });
        let comments = comments.map(|(id, _)| Change::Removed { kind: Kind::Comments, id: *id });
        let changes = comments.chain([Change::Removed { kind, id }]).collect();
        self.apply(changes)
    }

    /// Keeps which create a key stands for.
    pub(super) fn keep_key(&mut self, key: &str, created: Created) -> Vec<Change> {
        let Created { digest, kind, id } = created;
        self.apply([Change::Key { key: key.to_owned(), digest, kind, id }].into())
    }

    /// Makes the changes, and returns them.
    pub(super) fn apply(&mut self, changes: Vec<Change>) -> Vec<Change> {
        for change in &changes {
            match change.clone() {
                Change::Stored { kind, id, record } => {
                    let table = self.table_mut(kind);
                    table.highest = table.highest.max(id);
                    table.rows.insert(id, record);
                }
                Change::Removed { kind, id } => {
                    self.table_mut(kind).rows.remove(&id);
                }
                Change::Next { kind, id } => {
                    let table = self.table_mut(kind);
                    table.highest = table.highest.max(id.saturating_sub(1));
                }
                Change::Key { key, digest, kind, id } => {
                    self.keys.insert(key, Created { digest, kind, id });
                }
            }
        }
        changes
    }

    /// Returns the changes by which these records come into being.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change> {
        let kinds = [Kind::Posts, Kind::Comments];
        let stored = kinds.into_iter().flat_map(|kind| {
            let rows = self.table(kind).rows.iter();
            rows.map(move |(id, record)| Change::Stored { kind, id: *id, record: record.clone() })
        });
        let next = kinds.map(|kind| Change::Next { kind, id: self.next(kind) });
        let keys = self.keys.iter().map(|(key, created)| {
            let Created { digest, kind, id } = created.clone();
            Change::Key { key: key.clone(), digest, kind, id }
        });
        stored.chain(next).chain(keys)
    }
}

/// Returns whether a value is this id. From a form it comes as text.
fn is_id(value: &Value, id: u64) -> bool {
    value.as_u64() == Some(id) || value.as_str().is_some_and(|text| text.parse() == Ok(id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(value: Value) -> Record {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_id_is_not_given_again() {
        let mut records = Records::default();
        assert_eq!(records.next(Kind::Posts), 1);
        records.store(Kind::Posts, 7, record(json!({"title": "a", "id": "other"})));
        assert_eq!(records.get(Kind::Posts, 7).unwrap()["id"], 7);
        records.remove(Kind::Posts, 7);
        assert_eq!(records.next(Kind::Posts), 8);
        let mut again = Records::default();
        again.apply(records.changes().collect());
        assert_eq!(again.next(Kind::Posts), 8);
    }

    #[test]
    fn comments_go_with_their_post_also_where_a_form_has_named_it() {
        let mut records = Records::default();
        records.store(Kind::Posts, 1, Record::new());
        records.store(Kind::Comments, 1, record(json!({"postId": 1})));
        records.store(Kind::Comments, 2, record(json!({"postId": "1"})));
        records.store(Kind::Comments, 3, record(json!({"postId": 2})));
        assert_eq!(records.remove(Kind::Comments, 2).len(), 1);
        records.store(Kind::Comments, 2, record(json!({"postId": "1"})));
        assert_eq!(records.remove(Kind::Posts, 1).len(), 3);
        let left: Vec<_> = records.all(Kind::Comments).map(|comment| &comment["id"]).collect();
        assert_eq!(left, [3]);
        assert_eq!(records.remove(Kind::Posts, 1), []);
    }

    #[test]
    fn the_changes_make_the_same_records() {
        let mut records = Records::default();
        records.store(Kind::Posts, 1, record(json!({"title": "a"})));
        let created = Created { digest: "d".to_owned(), kind: Kind::Posts, id: 1 };
        records.keep_key("k", created.clone());
        let mut again = Records::default();
        again.apply(records.changes().collect());
        assert_eq!(again.created_by("k"), Some(&created));
        assert!(again.changes().eq(records.changes()));
    }
}
