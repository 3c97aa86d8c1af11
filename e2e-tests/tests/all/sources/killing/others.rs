//! Other clients of the remote: they create, change and remove records there.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use sample_sources::remote::{Kind, Record, Remote};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::known::Sent;

/// What the titles begin with that other clients of the remote give.
pub(super) const THERE: &str = "there";
/// The longest rest between two changes, in milliseconds.
const REST: u64 = 120;

/// A record of the store that was changed or removed at the remote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) kind: Kind,
    pub(super) id: i64,
    pub(super) is_removal: bool,
}

/// The other clients.
#[derive(Debug, Default)]
pub(super) struct Others {
    titles: u64,
    /// What was done since the last change began.
    pub(super) done: Vec<Done>,
    /// The posts that were removed, by their ids at the remote.
    pub(super) removed_posts: BTreeSet<u64>,
}

impl Others {
    /// Changes a few records. Only those are changed that the store has sent: one whose creation is under way is
    /// looked up by its contents.
    pub(super) async fn change(&mut self, remote: &Remote, sent: &[Sent], rng: &mut Rng) {
        self.done.clear();
        for _ in 0..rng.usize(1..4) {
            match (rng.u8(..10), rng.choice(sent)) {
                (0..5, Some(sent)) => self.edit(remote, *sent),
                (5..7, Some(sent)) if sent.is_listed => self.remove(remote, *sent),
                _ => self.create(remote, rng),
            }
            sleep(Duration::from_millis(rng.u64(..REST))).await;
        }
    }

    fn create(&mut self, remote: &Remote, rng: &mut Rng) {
        let title = self.title();
        let posts = remote.records(Kind::Posts);
        match rng.choice(&posts).filter(|_| rng.bool()) {
            Some(post) => {
                let record = json!({"postId": post["id"], "name": title, "email": "bo@quay.example", "body": "Well."});
                remote.create(Kind::Comments, object(&record)).unwrap();
            }
            None => {
                let record = json!({"userId": 2, "title": title, "body": "Another text."});
                remote.create(Kind::Posts, object(&record)).unwrap();
            }
        }
    }

    fn edit(&mut self, remote: &Remote, Sent { kind, id, remote_id, .. }: Sent) {
        let Some(mut record) = remote.record(kind, remote_id) else { return };
        let name = if kind == Kind::Posts { "title" } else { "name" };
        record.insert(name.to_owned(), self.title().into());
        remote.store(kind, remote_id, record).unwrap();
        self.done.push(Done { kind, id, is_removal: false });
    }

    fn remove(&mut self, remote: &Remote, Sent { kind, id, remote_id, .. }: Sent) {
        if remote.remove(kind, remote_id).unwrap() {
            self.done.push(Done { kind, id, is_removal: true });
            self.removed_posts.extend((kind == Kind::Posts).then_some(remote_id));
        }
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("{THERE}-{}", self.titles)
    }
}

fn object(record: &Value) -> Record {
    record.as_object().unwrap().clone()
}
