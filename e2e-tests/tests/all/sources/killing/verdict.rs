//! What must hold when all is healed and nothing waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sample_sources::remote::Kind;
use sample_sources::steering::Entry;
use serde_json::{Value, json};
use test_kit::eventually_within;

use super::Trial;
use super::callers::HERE;
use super::known::Known;
use super::others::THERE;

/// The longest that it takes until nothing waits.
const HEALED: Duration = Duration::from_secs(60);

impl Trial {
    /// Sends and loads until nothing waits, and holds the store against the remote, and both against what was
    /// asked for.
    pub(super) async fn verdict(&mut self) {
        self.remove_orphans();
        eventually_within(HEALED, "nothing waits", async || self.is_quiet().await.then_some(()))
            .await;
        self.world.assert_equal().await;
        self.callers.see(&self.world).await;
        self.nothing_is_there_twice();
        self.nothing_was_created_twice();
    }

    /// Removes the comments of posts that the remote has no more: one that was sent after others had removed its
    /// post stays there, as it does in json-server, and each load refuses it.
    fn remove_orphans(&self) {
        let remote = &self.world.remote;
        let posts = self.world.at_remote(Kind::Posts);
        let posts = posts.iter().filter_map(|post| post["id"].as_u64()).collect::<BTreeSet<_>>();
        for comment in self.world.at_remote(Kind::Comments) {
            let post = comment["postId"].as_u64().unwrap();
            if !posts.contains(&post) {
                let removed = self.others.removed_posts.contains(&post);
                assert!(removed, "its post was removed here, and it is there: {comment}");
                remote.remove(Kind::Comments, comment["id"].as_u64().unwrap()).unwrap();
            }
        }
    }

    /// Sends, loads, and replays what is parked. Returns whether there was nothing to do.
    async fn is_quiet(&self) -> bool {
        let world = &self.world;
        let (flush, load) = (world.run("flush").await, world.run("load").await);
        self.remove_orphans();
        let parked = world.parked().await;
        if !parked.is_empty() {
            println!("parked: {parked:?}");
            let ids = parked.iter().map(|it| it["id"].clone()).collect::<Vec<_>>();
            world.worker.post("/v1/parked/replay", &json!({ "ids": ids })).await.with(200);
        }
        let mut waiting = 0;
        for kind in [Kind::Posts, Kind::Comments] {
            let rows =
                format!("{kind} where changed_version > sent_version or attempt is not null");
            waiting += world.stack.store_count(&rows).await;
        }
        println!("{waiting} wait; {} {}", flush["counts"], load["counts"]);
        let is_idle = |run: &Value| {
            let counts = run["counts"].as_object().unwrap().iter();
            let mut done = counts.filter(|(name, _)| *name != "unchanged");
            run["state"] == "succeeded" && done.all(|(_, count)| count == 0)
        };
        is_idle(&flush.body) && is_idle(&load.body) && parked.is_empty() && waiting == 0
    }

    fn nothing_is_there_twice(&self) {
        let mut titles = BTreeSet::new();
        for kind in [Kind::Posts, Kind::Comments] {
            for record in self.world.at_remote(kind) {
                let title =
                    title(&record).filter(|it| [HERE, THERE].iter().any(|by| it.starts_with(by)));
                let is_new = title.is_none_or(|title| titles.insert(title));
                assert!(is_new, "there twice: {record}");
            }
        }
    }

    /// The remote's own ledger: no record of the store was created twice, and nothing that a load brought was
    /// sent back.
    fn nothing_was_created_twice(&self) {
        let given = |known: &Known, title: &String| known.given.contains(title);
        let mut creates = BTreeMap::<usize, Vec<Entry>>::new();
        let (mut all, mut sent) = (0, 0);
        for entry in self.world.remote.steering().ledger() {
            if !["POST", "PUT"].contains(&entry.method.as_str()) {
                continue;
            }
            let body = entry.body.as_deref().unwrap_or_default();
            let body = serde_json::from_str::<Value>(body).unwrap();
            let title = title(&body).unwrap();
            let of = self.callers.known.0.iter().position(|known| given(known, &title));
            sent += 1;
            let Some(of) = of else {
                assert!(self.goes_with_its_post(&entry, &title), "nobody here wrote it: {entry:?}");
                continue;
            };
            if entry.method == "POST" && entry.applied {
                all += 1;
                creates.entry(of).or_default().push(entry);
            }
        }
        for (index, entries) in creates {
            let known = &self.callers.known.0[index];
            let most = self.callers.known.most_creates(known);
            assert!(entries.len() <= most, "more than {most}: {entries:#?} of {known:?}");
        }
        println!("{sent} records were sent, and {all} of them were created");
    }

    /// Whether it may be a comment of others that is sent with its post: a post that was removed there, and edited
    /// here, is created anew with all its comments.
    fn goes_with_its_post(&self, entry: &Entry, title: &str) -> bool {
        let mut known = self.callers.known.0.iter();
        entry.path.starts_with("/comments")
            && title.starts_with(THERE)
            && known.any(|known| known.kind == Kind::Posts && known.removals_there > 0)
    }
}

/// The title of a post, or the name of a comment.
fn title(record: &Value) -> Option<String> {
    let title = record.get("title").or_else(|| record.get("name"));
    title.and_then(Value::as_str).map(str::to_owned)
}
