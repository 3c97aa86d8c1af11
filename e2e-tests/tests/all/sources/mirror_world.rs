//! The setting of a test of the mirror: a remote, and a stack whose worker mirrors it.

use e2e_tests::Stack;
use sample_sources::remote::{Kind, Options, Remote};
use serde_json::{Value, json};
use test_kit::{Answer, TestBroker, TestClient};

use super::first_run_is_over;

pub(crate) struct World {
    pub(crate) remote: Remote,
    pub(crate) stack: Stack,
    pub(crate) store: TestClient,
    pub(crate) worker: TestClient,
    _broker: TestBroker,
}

impl World {
    /// A remote with three posts of five comments each, and a mirror that runs when it is asked to.
    pub(crate) async fn new() -> Self {
        Self::with(Options { seed_posts: Some(3), ..Options::default() }, &[]).await
    }

    /// The same with other settings; `{url}` in them is the address of the remote.
    pub(crate) async fn with(options: Options, settings: &[(&str, &str)]) -> Self {
        let remote = Remote::start(options).await.unwrap();
        let url = remote.url();
        let own = [
            ("MIRROR__URL", &*url),
            ("MIRROR__INTERVAL", "1h"),
            ("MIRROR__READ_TIMEOUT", "1s"),
            ("MIRROR__CREATE_GRACE", "1s"),
            ("MIRROR__BACKOFF_MIN", "1ms"),
            ("MIRROR__BACKOFF_MAX", "20ms"),
        ];
        let settings = settings.iter().map(|(name, value)| (*name, value.replace("{url}", &url)));
        let settings = settings.collect::<Vec<_>>();
        let settings = settings.iter().map(|(name, value)| (*name, &**value));
        let settings = own.into_iter().chain(settings).collect::<Vec<_>>();
        let broker = TestBroker::new().await;
        let stack = Stack::start_with(&broker, &settings).await;
        let [store, _, worker] = stack.clients();
        let world = Self { remote, stack, store, worker, _broker: broker };
        first_run_is_over(&world.worker).await;
        world
    }

    /// Runs a task, and returns the run.
    pub(crate) async fn run(&self, task: &str) -> Answer {
        self.worker.post(&format!("/v1/mirror/{task}"), &json!(null)).await.with(200)
    }

    /// Runs a task that has to succeed, and returns its figures.
    pub(crate) async fn runs(&self, task: &str) -> Value {
        let run = self.run(task).await;
        assert_eq!(run["state"], "succeeded", "{}", run.text);
        run["counts"].clone()
    }

    pub(crate) async fn place(&self, title: &str) -> Value {
        let post = json!({"title": title, "body": "A text.", "userId": 1});
        self.store.post("/posts/", &post).await.with(201).body
    }

    pub(crate) async fn comment(&self, post: &Value) -> Value {
        let comment = json!({"postId": post["id"], "name": "Ann", "email": "ann@quay.example", "body": "So."});
        self.store.post("/comments/", &comment).await.with(201).body
    }

    pub(crate) async fn edit(&self, post: &Value, title: &str) -> Value {
        self.store.patch(&path(post), &json!({ "title": title })).await.with(200).body
    }

    pub(crate) async fn remove(&self, post: &Value) {
        self.store.delete(&path(post)).await.with(204);
    }

    pub(crate) async fn replay_all(&self) {
        self.worker.post("/v1/parked/replay", &json!({"all": true})).await.with(200);
    }

    pub(crate) async fn post(&self, post: &Value) -> Value {
        self.store.get(&path(post)).await.with(200).body
    }

    /// Everything that the remote has of a kind, by id.
    pub(crate) fn at_remote(&self, kind: Kind) -> Vec<Value> {
        let mut records =
            self.remote.records(kind).into_iter().map(Value::from).collect::<Vec<_>>();
        records.sort_by_key(|record| record["id"].as_i64());
        records
    }

    /// Everything that the store has of a kind, by id at the remote.
    pub(crate) async fn at_store(&self, plural: &str) -> Vec<Value> {
        let mut records = vec![];
        for number in 1.. {
            let path = format!("/{plural}/?page_size=100&page={number}");
            let page = self.store.get(&path).await.with(200);
            records.extend(page["results"].as_array().unwrap().iter().cloned());
            if page["next"].is_null() {
                break;
            }
        }
        records.sort_by_key(|record| record["remote_id"].as_i64());
        records
    }

    /// The store and the remote have the same posts with the same contents.
    pub(crate) async fn assert_equal(&self) {
        let fields = |record: &Value, id: &str| {
            let [title, body, user] = ["title", "body", "userId"].map(|name| record[name].clone());
            (record[id].as_i64(), title, body, user)
        };
        let here = self.at_store("posts").await;
        let here = here.iter().map(|post| fields(post, "remote_id")).collect::<Vec<_>>();
        let there = self.at_remote(Kind::Posts);
        let there = there.iter().map(|post| fields(post, "id")).collect::<Vec<_>>();
        assert_eq!(here, there);
        let fields = |record: &Value, id: &str| {
            let [name, body, email] = ["name", "body", "email"].map(|name| record[name].clone());
            (record[id].as_i64(), name, body, email)
        };
        let here = self.at_store("comments").await;
        let here = here.iter().map(|it| fields(it, "remote_id")).collect::<Vec<_>>();
        let there = self.at_remote(Kind::Comments);
        let there = there.iter().map(|it| fields(it, "id")).collect::<Vec<_>>();
        assert_eq!(here, there);
    }

    /// The number of requests of a method and path, such as `POST /posts`.
    pub(crate) fn requests(&self, what: &str) -> u64 {
        self.remote.steering().counts().of(what)
    }

    /// The parked changes, newest first.
    pub(crate) async fn parked(&self) -> Vec<Value> {
        let listed = self.worker.get("/v1/parked").await.with(200);
        listed["items"].as_array().unwrap().clone()
    }
}

pub(crate) fn path(post: &Value) -> String {
    format!("/posts/{}/", post["id"])
}
