//! A caller of the store that writes posts and comments.

use std::time::Duration;

use fastrand::Rng;
use process_kit::secured::headers;
use program_kit::access::Role;
use reqwest::Method;
use sample_sources::remote::Kind;
use serde_json::{Value, json};
use test_kit::http;
use tokio::time::sleep;

use super::written::{Outcome, Record, SharedWritten, Wish, with};
use crate::actor::Actor;

/// The time that a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// The rest between two writes, in milliseconds.
const REST: std::ops::Range<u64> = 20..250;
/// The records of a kind that are left when others are removed.
const LEFT: usize = 3;

/// A caller.
#[derive(Debug)]
pub struct Caller {
    rng: Rng,
    http: reqwest::Client,
    url: String,
    titles: u64,
    written: SharedWritten,
}

impl Caller {
    /// A caller of the store at a URL. It may change what was loaded, too.
    #[must_use]
    pub fn new(url: &str, rng: Rng, written: SharedWritten) -> Self {
        let http = http().timeout(PATIENCE).default_headers(headers(Role::Admin)).build().unwrap();
        Self { rng, http, url: url.to_owned(), titles: 0, written }
    }

    async fn create(&mut self, kind: Kind) {
        let title = self.title();
        let (post, body) = match kind {
            Kind::Posts => (None, json!({"title": title, "body": "A text.", "userId": 1})),
            Kind::Comments => {
                let posts = with(&self.written, |written| written.to_comment());
                let Some(post) = self.rng.choice(&posts).copied() else { return };
                let id = with(&self.written, |written| written.records[post].id);
                let email = "ann@quay.example";
                let body = json!({"postId": id, "name": title, "email": email, "body": "So."});
                (Some(post), body)
            }
        };
        let place = with(&self.written, |written| {
            let place = written.add(Record { post, is_ours: true, ..Record::new(kind) });
            written.begin(place, Wish::Title(title));
            place
        });
        let (outcome, shown) = self.send(Method::POST, &format!("{kind}/"), Some(body)).await;
        with(&self.written, |written| {
            written.records[place].id = shown["id"].as_i64();
            written.end(place, outcome);
        });
    }

    async fn edit(&mut self, kind: Kind) {
        let open = with(&self.written, |written| written.open_here(kind));
        let Some(place) = self.rng.choice(&open).copied() else { return };
        let title = self.title();
        let name = if kind == Kind::Posts { "title" } else { "name" };
        let body = json!({ name: title });
        self.write(Method::PATCH, place, Wish::Title(title), Some(body)).await;
    }

    async fn remove(&mut self, kind: Kind) {
        let open = with(&self.written, |written| written.open_here(kind));
        let Some(place) = self.rng.choice(&open).copied().filter(|_| open.len() > LEFT) else {
            return;
        };
        self.write(Method::DELETE, place, Wish::Removal, None).await;
    }

    async fn write(&self, method: Method, place: usize, wish: Wish, body: Option<Value>) {
        let (kind, id) = with(&self.written, |written| {
            written.begin(place, wish);
            let record = &written.records[place];
            (record.kind, record.id.unwrap_or_default())
        });
        let (outcome, _) = self.send(method, &format!("{kind}/{id}/"), body).await;
        with(&self.written, |written| written.end(place, outcome));
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (Outcome, Value) {
        let request = self.http.request(method, format!("{}/{path}", self.url));
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let Ok(response) = request.send().await else { return (Outcome::Open, Value::Null) };
        let status = response.status();
        // An answer that breaks off is none; one without a body is whole.
        let Ok(text) = response.text().await else { return (Outcome::Open, Value::Null) };
        let shown = serde_json::from_str(&text).unwrap_or_default();
        let outcome = match status {
            _ if status.is_success() => Outcome::Done,
            _ if status.is_client_error() => Outcome::Refused,
            _ => Outcome::Open,
        };
        (outcome, shown)
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("here-{}", self.titles)
    }
}

impl Actor for Caller {
    /// Writes once, and rests.
    async fn step(&mut self) {
        let kind = if self.rng.bool() { Kind::Posts } else { Kind::Comments };
        match self.rng.u8(..10) {
            0..4 => self.create(kind).await,
            4..8 => self.edit(kind).await,
            _ => self.remove(kind).await,
        }
        sleep(Duration::from_millis(self.rng.u64(REST))).await;
    }
}
