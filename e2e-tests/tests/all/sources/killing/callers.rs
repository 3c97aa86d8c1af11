//! The callers of the store: what they have written, and what became of it. No two writes have the same title.

use std::time::Duration;

use fastrand::Rng;
use process_kit::secured::token;
use program_kit::access::Role;
use sample_sources::remote::Kind;
use serde_json::{Value, json};
use test_kit::TestClient;
use tokio::time::sleep;

use super::World;
use super::known::{AllKnown, Known, Sent};

/// What the titles begin with that callers of the store give.
pub(super) const HERE: &str = "here";
/// The longest rest between two writes, in milliseconds.
const REST: u64 = 60;
/// The records of a kind that are left when others are removed.
const LEFT: usize = 3;

/// A write whose answer was lost.
#[derive(Debug)]
enum Open {
    Create { kind: Kind, post: Option<i64>, title: String },
    Edit { index: usize, title: String },
    Removal { index: usize },
}

/// The callers, and what they know.
pub(super) struct Callers {
    store: TestClient,
    rng: Rng,
    titles: u64,
    pub(super) known: AllKnown,
    pub(super) sent: Vec<Sent>,
    open: Option<Open>,
}

const fn name_of_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Posts => "title",
        Kind::Comments => "name",
    }
}

fn path(kind: Kind, id: i64) -> String {
    format!("/{kind}/{id}/")
}

impl Callers {
    pub(super) fn new(store: TestClient, rng: Rng) -> Self {
        Self { store, rng, titles: 0, known: AllKnown::default(), sent: vec![], open: None }
    }

    /// Looks at all records of the store: nothing that was written is lost.
    pub(super) async fn see(&mut self, world: &World) {
        self.sent.clear();
        for kind in [Kind::Posts, Kind::Comments] {
            let shown = world.at_store(&kind.to_string()).await;
            let listed = listed(world, kind).await;
            let ids = shown.iter().map(|it| it["id"].as_i64().unwrap()).collect::<Vec<_>>();
            for (id, record) in ids.iter().zip(&shown) {
                self.see_one(kind, *id, record, &listed);
            }
            let missing = (0..self.known.0.len()).filter(|index| {
                let known = &self.known.0[*index];
                known.kind == kind && !ids.contains(&known.id) && !self.known.is_removed(known)
            });
            for index in missing.collect::<Vec<_>>() {
                let known = &self.known.0[index];
                assert!(
                    self.known.is_touched_there(known),
                    "lost, and nobody removed it: {known:?}"
                );
                self.known.0[index].is_removed = true;
            }
        }
    }

    fn see_one(&mut self, kind: Kind, id: i64, record: &Value, listed: &[Value]) {
        let title = record[name_of_title(kind)].as_str().unwrap().to_owned();
        if let Some(remote_id) = record["remote_id"].as_u64()
            && record["mirror"]["state"] == "sent"
        {
            let is_listed = listed.contains(&record["remote_id"]);
            self.sent.push(Sent { kind, id, remote_id, is_listed });
        }
        let known = self.known.0.iter().find(|known| (known.kind, known.id) == (kind, id));
        let Some(known) = known else {
            assert!(!title.starts_with(HERE), "nobody here has created it: {record}");
            let post = record["postId"].as_i64();
            self.known.0.push(Known { title, ..Known::new((kind, id), post) });
            return;
        };
        assert!(!self.known.is_removed(known), "removed, and here: {known:?}");
        let is_right = known.title == title || known.is_touched_there;
        assert!(is_right, "it is not as it was written last: {record}, {known:?}");
    }

    /// Leaves two creates of posts, and a create, an edit and a removal of each kind.
    pub(super) async fn leave_something_to_send(&mut self) {
        self.create(Kind::Posts).await;
        for kind in [Kind::Posts, Kind::Comments] {
            self.create(kind).await;
            self.edit_some(kind, true).await;
            self.remove_some(kind, true).await;
        }
        assert!(self.open.is_none(), "the store runs, and does not answer: {:?}", self.open);
    }

    /// Writes a few times, or until an answer is lost.
    pub(super) async fn write(&mut self) {
        for _ in 0..self.rng.usize(3..9) {
            let kind = *self.rng.choice(&[Kind::Posts, Kind::Comments]).unwrap();
            match self.rng.u8(..10) {
                0..5 => self.create(kind).await,
                5..8 => self.edit_some(kind, false).await,
                _ => self.remove_some(kind, false).await,
            }
            if self.open.is_some() {
                return;
            }
            sleep(Duration::from_millis(self.rng.u64(..REST))).await;
        }
    }

    /// A record that is here, as far as is known, and at the remote if it has to be.
    fn some(&mut self, kind: Kind, is_sent: bool) -> (usize, Option<usize>) {
        let is_here = |index: &usize| {
            let known = &self.known.0[*index];
            let here = known.kind == kind && !self.known.is_removed(known);
            let mut sent = self.sent.iter();
            here && (!is_sent || sent.any(|it| (it.kind, it.id) == (kind, known.id)))
        };
        let all = (0..self.known.0.len()).filter(is_here).collect::<Vec<_>>();
        (all.len(), self.rng.choice(&all).copied())
    }

    async fn create(&mut self, kind: Kind) {
        let title = self.title();
        let (body, post) = match kind {
            Kind::Posts => (json!({"title": title, "body": "A text.", "userId": 1}), None),
            Kind::Comments => {
                let (_, Some(post)) = self.some(Kind::Posts, true) else { return };
                let post = self.known.0[post].id;
                let email = "ann@quay.example";
                (json!({"postId": post, "name": title, "email": email, "body": "So."}), Some(post))
            }
        };
        match self.send("POST", &format!("/{kind}/"), Some(body)).await {
            Some((201, answer)) => self.created(kind, post, title, &answer),
            Some((status, answer)) => refused(status, &answer),
            None => self.open = Some(Open::Create { kind, post, title }),
        }
    }

    fn created(&mut self, kind: Kind, post: Option<i64>, title: String, shown: &Value) {
        let id = shown["id"].as_i64().unwrap();
        let given = vec![title.clone()];
        self.known.0.push(Known { title, given, is_ours: true, ..Known::new((kind, id), post) });
    }

    async fn edit_some(&mut self, kind: Kind, is_sent: bool) {
        let (_, Some(index)) = self.some(kind, is_sent) else { return };
        let title = self.title();
        self.known.0[index].given.push(title.clone());
        let body = json!({ name_of_title(kind): title });
        match self.send("PATCH", &path(kind, self.known.0[index].id), Some(body)).await {
            Some((200, _)) => self.known.0[index].title = title,
            Some((status, answer)) => refused(status, &answer),
            None => self.open = Some(Open::Edit { index, title }),
        }
    }

    async fn remove_some(&mut self, kind: Kind, is_sent: bool) {
        let (all, Some(index)) = self.some(kind, is_sent) else { return };
        if all <= LEFT {
            return;
        }
        match self.send("DELETE", &path(kind, self.known.0[index].id), None).await {
            Some((204, _)) => self.known.0[index].is_removed = true,
            Some((status, answer)) => refused(status, &answer),
            None => self.open = Some(Open::Removal { index }),
        }
    }

    /// Looks up what became of the write whose answer was lost.
    pub(super) async fn look_up(&mut self) {
        match self.open.take() {
            None => {}
            Some(Open::Create { kind, post, title }) => {
                let path = match post {
                    Some(post) => format!("/posts/{post}/comments?page_size=100"),
                    None => format!("/posts/?title={title}"),
                };
                let found = self.store.get(&path).await;
                let results = found["results"].as_array().into_iter().flatten();
                let mut results = results.filter(|it| it[name_of_title(kind)] == *title);
                if let Some(shown) = results.next() {
                    self.created(kind, post, title, shown);
                }
            }
            Some(Open::Edit { index, title }) => {
                let Known { kind, id, .. } = self.known.0[index];
                let shown = self.store.get(&path(kind, id)).await;
                if shown[name_of_title(kind)] == *title {
                    self.known.0[index].title = title;
                }
            }
            Some(Open::Removal { index }) => {
                let Known { kind, id, .. } = self.known.0[index];
                let shown = self.store.get(&path(kind, id)).await;
                self.known.0[index].is_removed |= shown.status == 404;
            }
        }
    }

    /// Sends a request; `None` if it is not known what became of it.
    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let request = self.store.request(method.parse().unwrap(), path);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        (status < 500).then(|| (status, serde_json::from_str(&text).unwrap_or_default()))
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("{HERE}-{}", self.titles)
    }
}

/// The ids at the remote that a load has seen there.
async fn listed(world: &World, kind: Kind) -> Vec<Value> {
    let store = TestClient::new(world.stack.store_svc.url()).with_token(token(Role::Sync));
    let path = format!("/v1/sync/mirror/{kind}/listed?limit=5000");
    let listed = store.get(&path).await.with(200);
    listed["remote_ids"].as_array().unwrap().clone()
}

/// A write is refused only where the remote has removed the record, or its post; `see` holds that against what
/// was removed there.
fn refused(status: u16, answer: &Value) {
    assert!([400, 404].contains(&status), "{status} {answer}");
}
