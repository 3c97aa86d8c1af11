//! The kinds of mirrored records, and of their events.

use serde::{Deserialize, Serialize};

/// A kind of records that is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mirrored {
    /// Posts.
    Post,
    /// Comments, each of a post.
    Comment,
}

impl Mirrored {
    /// All kinds, parents first.
    pub const ALL: [Self; 2] = [Self::Post, Self::Comment];

    /// Returns the name of the resource, which also stands before the dot of its events.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
        }
    }

    /// Returns the name in paths, at the store and at the remote.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Comment => "comments",
        }
    }

    /// Returns the kind with this name in paths.
    #[must_use]
    pub fn of_plural(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == name)
    }
}

/// What happened to a mirrored record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MirrorEvent {
    /// A caller created the record.
    Created,
    /// A caller changed the record.
    Changed,
    /// The record was removed: by a caller or, where the event's `source` is `remote`, by the mirror.
    Removed,
    /// The record was offered again, as it is.
    Offered,
    /// The mirror loaded it from the remote: new, changed there, or in conflict with a change here.
    Loaded,
    /// The mirror stored what the remote answered: its id, and the version that it has.
    Sent,
}

impl MirrorEvent {
    /// All events.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Changed, Self::Removed, Self::Offered, Self::Loaded, Self::Sent];

    /// Returns the name of the event of such a record, which is also its routing key.
    #[must_use]
    pub const fn of(self, record: Mirrored) -> &'static str {
        match (record, self) {
            (Mirrored::Post, Self::Created) => "post.created",
            (Mirrored::Post, Self::Changed) => "post.changed",
            (Mirrored::Post, Self::Removed) => "post.removed",
            (Mirrored::Post, Self::Offered) => "post.offered",
            (Mirrored::Post, Self::Loaded) => "post.loaded",
            (Mirrored::Post, Self::Sent) => "post.sent",
            (Mirrored::Comment, Self::Created) => "comment.created",
            (Mirrored::Comment, Self::Changed) => "comment.changed",
            (Mirrored::Comment, Self::Removed) => "comment.removed",
            (Mirrored::Comment, Self::Offered) => "comment.offered",
            (Mirrored::Comment, Self::Loaded) => "comment.loaded",
            (Mirrored::Comment, Self::Sent) => "comment.sent",
        }
    }

    /// Returns the record and the event that a name stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<(Mirrored, Self)> {
        let each = Mirrored::ALL.into_iter().flat_map(|record| Self::ALL.map(|it| (record, it)));
        each.into_iter().find(|(record, event)| event.of(*record) == name)
    }
}
