//! Other clients of the remote, which create, change and remove records there.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use sample_sources::remote::{Kind, Record as Fields, Remote};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Sources;
use super::written::{Record, SharedWritten, Wish, Written, with};
use crate::actor::Actor;

/// The rest between two changes, in milliseconds.
const REST: std::ops::Range<u64> = 100..600;

/// The other clients.
#[derive(Debug)]
pub struct Others {
    rng: Rng,
    sources: Arc<Sources>,
    titles: u64,
    written: SharedWritten,
}

impl Others {
    /// Other clients of the remote; takes note of what it has at first.
    #[must_use]
    pub fn new(sources: Arc<Sources>, rng: Rng, written: SharedWritten) -> Self {
        with(&written, |written| note_all(&sources.remote, written));
        Self { rng, sources, titles: 0, written }
    }

    // Each changes the remote while nobody else notes what was written: the note comes with the change.

    fn create(&mut self, kind: Kind) {
        let (title, is_theirs) = (self.title(), kind == Kind::Posts && self.rng.u8(..3) == 0);
        let (rng, remote) = (&mut self.rng, &self.sources.remote);
        with(&self.written, |written| {
            let posts = written.open_there(Kind::Posts);
            let post = rng.choice(&posts).copied();
            let (fields, post) = match (kind, post) {
                (Kind::Comments, Some(post)) => {
                    let email = "bo@quay.example";
                    let post_id = written.records[post].remote_id;
                    (
                        json!({"postId": post_id, "name": title, "email": email, "body": "Well."}),
                        Some(post),
                    )
                }
                (Kind::Posts, _) => {
                    (json!({"userId": 2, "title": title, "body": "Another text."}), None)
                }
                (Kind::Comments, None) => return,
            };
            let id = remote.create(kind, object(&fields)).unwrap();
            if let Some(post) = post.and_then(|post| written.records[post].remote_id)
                && remote.record(Kind::Posts, post).is_none()
            {
                // Its post was removed here, and then there.
                remote.remove(kind, id).unwrap();
                return;
            }
            let record = Record { remote_id: Some(id), post, is_theirs, ..Record::new(kind) };
            let place = written.add(record);
            written.changed_there(place, Wish::Title(title));
        });
    }

    fn edit(&mut self, kind: Kind) {
        let title = self.title();
        self.change(
            kind,
            |_| true,
            |remote, id| {
                let mut fields = remote.record(kind, id)?;
                let name = if kind == Kind::Posts { "title" } else { "name" };
                fields.insert(name.to_owned(), title.clone().into());
                remote.store(kind, id, fields).unwrap();
                Some(Wish::Title(title))
            },
        );
    }

    fn remove(&mut self, kind: Kind) {
        let may_go = |record: &Record| kind == Kind::Comments || record.is_theirs;
        self.change(kind, may_go, |remote, id| {
            remote.remove(kind, id).unwrap().then_some(Wish::Removal)
        });
    }

    fn change(
        &mut self,
        kind: Kind,
        is_meant: impl Fn(&Record) -> bool,
        change: impl FnOnce(&Remote, u64) -> Option<Wish>,
    ) {
        let (rng, remote) = (&mut self.rng, &self.sources.remote);
        with(&self.written, |written| {
            let mut open = written.open_there(kind);
            open.retain(|place| is_meant(&written.records[*place]));
            let Some(place) = rng.choice(&open).copied() else { return };
            let Some(id) = written.records[place].remote_id else { return };
            if let Some(wish) = change(remote, id) {
                written.changed_there(place, wish);
            }
        });
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("there-{}", self.titles)
    }
}

impl Actor for Others {
    /// Makes one change, and rests.
    async fn step(&mut self) {
        let kind = if self.rng.bool() { Kind::Posts } else { Kind::Comments };
        match self.rng.u8(..10) {
            0..4 => self.create(kind),
            4..8 => self.edit(kind),
            _ => self.remove(kind),
        }
        sleep(Duration::from_millis(self.rng.u64(REST))).await;
    }
}

/// Takes note of everything that a remote has.
fn note_all(remote: &Remote, written: &mut Written) {
    for kind in [Kind::Posts, Kind::Comments] {
        for fields in remote.records(kind) {
            let post = fields.get("postId").and_then(Value::as_u64);
            let is_post = |record: &Record| record.kind == Kind::Posts && record.remote_id == post;
            let post = post.and_then(|_| written.records.iter().position(is_post));
            let title = fields.get("title").or_else(|| fields.get("name"));
            let title = title.and_then(Value::as_str).unwrap_or_default().to_owned();
            let remote_id = fields.get("id").and_then(Value::as_u64);
            let place = written.add(Record { remote_id, post, ..Record::new(kind) });
            written.changed_there(place, Wish::Title(title));
        }
    }
}

fn object(fields: &Value) -> Fields {
    fields.as_object().cloned().unwrap_or_default()
}
