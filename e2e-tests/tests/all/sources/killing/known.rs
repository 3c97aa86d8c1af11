//! What is known of the records of the store.

use sample_sources::remote::Kind;

use super::others::Done;

/// A record of the store.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) id: i64,
    /// The post of a comment.
    pub(super) post: Option<i64>,
    /// The title of the last write that is known to be done.
    pub(super) title: String,
    /// All titles that callers gave it.
    pub(super) given: Vec<String>,
    /// Set if it was created here.
    pub(super) is_ours: bool,
    /// Set if it was removed here.
    pub(super) is_removed: bool,
    /// Set if it was changed or removed at the remote.
    pub(super) is_touched_there: bool,
    /// How often it was removed at the remote.
    pub(super) removals_there: usize,
}

/// A record that the remote has as it is here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    pub(super) id: i64,
    pub(super) remote_id: u64,
    /// Set if a load has seen it there: only then it is removed here when it is missing.
    pub(super) is_listed: bool,
}

impl Known {
    /// A record of which nothing is known yet.
    pub(super) const fn new((kind, id): (Kind, i64), post: Option<i64>) -> Self {
        Self {
            kind,
            id,
            post,
            title: String::new(),
            given: vec![],
            is_ours: false,
            is_removed: false,
            is_touched_there: false,
            removals_there: 0,
        }
    }
}

/// All records that are or were in the store.
#[derive(Debug, Default)]
pub(super) struct AllKnown(pub(super) Vec<Known>);

impl AllKnown {
    fn post_of(&self, known: &Known) -> Option<&Known> {
        let of = |post: &&Known| post.kind == Kind::Posts && Some(post.id) == known.post;
        self.0.iter().find(of)
    }

    /// Whether the record was removed here, or its post was.
    pub(super) fn is_removed(&self, known: &Known) -> bool {
        known.is_removed || self.post_of(known).is_some_and(|post| post.is_removed)
    }

    /// Whether the record was changed or removed at the remote, or its post was.
    pub(super) fn is_touched_there(&self, known: &Known) -> bool {
        known.is_touched_there || self.post_of(known).is_some_and(|post| post.is_touched_there)
    }

    /// How often the record may have been created at the remote: once if it was created here, and again after
    /// each removal there, of which an edit here may have known nothing.
    pub(super) fn most_creates(&self, known: &Known) -> usize {
        let with_post = self.post_of(known).map_or(0, |post| post.removals_there);
        usize::from(known.is_ours) + known.removals_there + with_post
    }

    /// Takes note of what was done at the remote.
    pub(super) fn note(&mut self, done: &[Done]) {
        for Done { kind, id, is_removal } in done {
            let of = |known: &&mut Known| (known.kind, known.id) == (*kind, *id);
            if let Some(known) = self.0.iter_mut().find(of) {
                known.is_touched_there = true;
                known.removals_there += usize::from(*is_removal);
            }
        }
    }
}
