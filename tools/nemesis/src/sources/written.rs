//! What was written to posts and comments, here and at the remote, since both last had the same. Pure.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sample_sources::remote::Kind;

/// A state that a writer wants of a record. No two writes give the same title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The record has this title, or a comment this name.
    Title(String),
    /// The record is gone.
    Removal,
}

/// What a caller of the store was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The write was acknowledged.
    Done,
    /// Nobody knows what became of it.
    Open,
    /// There is no such record.
    Refused,
}

/// A post or comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which of the two.
    pub kind: Kind,
    /// The id here; none until it is known.
    pub id: Option<i64>,
    /// The id at the remote; none until it is known.
    pub remote_id: Option<u64>,
    /// Of a comment, the place of its post among all records.
    pub post: Option<usize>,
    /// Set for a post that others may remove at the remote. Nobody here comments on it: a comment that no
    /// load has seen there would stay here.
    pub is_theirs: bool,
    /// Set if it was created here.
    pub is_ours: bool,
    /// The title that both sides had when they last had the same; none if it was not there.
    pub agreed: Option<String>,
    /// The writes here since, in their order. After one of open outcome there is none.
    pub here: Vec<(Wish, Outcome)>,
    /// The changes at the remote since, in their order.
    pub there: Vec<Wish>,
    /// All titles that callers here ever gave it.
    pub given: BTreeSet<String>,
    /// How often it was removed at the remote.
    pub removals_there: usize,
}

impl Record {
    /// A record of which nothing is known yet.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            id: None,
            remote_id: None,
            post: None,
            is_theirs: false,
            is_ours: false,
            agreed: None,
            here: vec![],
            there: vec![],
            given: BTreeSet::new(),
            removals_there: 0,
        }
    }

    /// Whether callers here may write to it: it is here as far as they know, and no write is open.
    fn is_open_here(&self) -> bool {
        let last = self.here.iter().rfind(|(_, outcome)| *outcome != Outcome::Refused);
        self.id.is_some()
            && !matches!(last, Some((Wish::Removal, _) | (_, Outcome::Open)))
            && (self.agreed.is_some() || last.is_some())
    }

    /// Whether others may change it at the remote: a load has seen it there, or it was made there.
    fn is_open_there(&self) -> bool {
        let is_there = self.agreed.is_some() || !self.there.is_empty();
        self.remote_id.is_some() && is_there && self.there.last() != Some(&Wish::Removal)
    }
}

/// A record as it is, when both sides are to have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Which kind.
    pub kind: Kind,
    /// The id here.
    pub id: i64,
    /// The id at the remote.
    pub remote_id: Option<u64>,
    /// The title.
    pub title: String,
}

/// All posts and comments that ever were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The records. The place of one never changes.
    pub records: Vec<Record>,
    /// The posts that others have removed at the remote, by their ids there.
    pub removed_posts: BTreeSet<u64>,
}

/// What the writers and the run share.
pub type SharedWritten = Arc<Mutex<Written>>;

/// Does something with what was written.
pub fn with<T>(written: &SharedWritten, what: impl FnOnce(&mut Written) -> T) -> T {
    what(&mut written.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Written {
    /// Adds a record; returns its place.
    pub fn add(&mut self, record: Record) -> usize {
        self.records.push(record);
        self.records.len() - 1
    }

    /// The places of the records of a kind to which callers here may write.
    #[must_use]
    pub fn open_here(&self, kind: Kind) -> Vec<usize> {
        let of = |record: &Record| record.kind == kind && record.is_open_here();
        let post =
            |record: &Record| record.post.is_none_or(|post| self.records[post].is_open_here());
        self.places(|record| of(record) && post(record))
    }

    /// The places of the posts on which callers here may comment.
    #[must_use]
    pub fn to_comment(&self) -> Vec<usize> {
        let posts = self.open_here(Kind::Posts).into_iter();
        posts.filter(|place| !self.records[*place].is_theirs).collect()
    }

    /// The places of the records of a kind that others may change at the remote.
    #[must_use]
    pub fn open_there(&self, kind: Kind) -> Vec<usize> {
        let post =
            |record: &Record| record.post.is_none_or(|post| self.records[post].is_open_there());
        self.places(|record| record.kind == kind && record.is_open_there() && post(record))
    }

    fn places(&self, is_meant: impl Fn(&Record) -> bool) -> Vec<usize> {
        (0..self.records.len()).filter(|place| is_meant(&self.records[*place])).collect()
    }

    /// A caller here begins to write to a record.
    pub fn begin(&mut self, place: usize, wish: Wish) {
        let record = &mut self.records[place];
        if let Wish::Title(title) = &wish {
            record.given.insert(title.clone());
        }
        record.here.push((wish, Outcome::Open));
    }

    /// The caller was told what became of it.
    pub fn end(&mut self, place: usize, outcome: Outcome) {
        if let Some(last) = self.records[place].here.last_mut() {
            last.1 = outcome;
        }
    }

    /// Others have changed a record at the remote.
    pub fn changed_there(&mut self, place: usize, wish: Wish) {
        let record = &mut self.records[place];
        if record.kind == Kind::Posts && wish == Wish::Removal {
            self.removed_posts.extend(record.remote_id);
        }
        record.removals_there += usize::from(wish == Wish::Removal);
        record.there.push(wish);
    }

    /// The place of the record that is found here. One whose creation nobody knows of is found by its title.
    #[must_use]
    pub fn place_of(&self, found: &Agreed) -> Option<usize> {
        let is_it = |record: &Record| match (record.id, record.remote_id) {
            (Some(id), _) => id == found.id,
            (None, Some(remote_id)) => Some(remote_id) == found.remote_id,
            (None, None) => record.given.contains(&found.title),
        };
        self.records.iter().position(|record| record.kind == found.kind && is_it(record))
    }

    /// Both sides have the same: this.
    pub fn agree(&mut self, all: &[Agreed]) {
        let places = all.iter().map(|found| self.place_of(found)).collect::<Vec<_>>();
        for record in &mut self.records {
            record.agreed = None;
            record.here.clear();
            record.there.clear();
        }
        for (found, place) in all.iter().zip(places) {
            let Some(place) = place else { continue };
            let record = &mut self.records[place];
            (record.id, record.remote_id) = (Some(found.id), found.remote_id);
            record.agreed = Some(found.title.clone());
        }
    }
}
