//! Readers of a feed whose log is trimmed while they read, by true HTTP.

use std::collections::BTreeMap;

use serde_json::Value;
use test_kit::{NOTES, TestService, eventually, notes};

use super::{STEP, later, log, rows, step, these, trim, write};

const FEED: &str = "/v1/notes/changes";

/// A reader that keeps the newest version of each note.
#[derive(Debug, Default)]
struct Reader {
    cursor: String,
    notes: BTreeMap<String, i64>,
}

impl Reader {
    /// Creates a reader that begins at the start of the log.
    fn from_start() -> Self {
        Self { cursor: "start".to_owned(), ..Self::default() }
    }

    /// Creates a reader that has read so far, and begins now.
    async fn from_now(side: &TestService) -> Self {
        let notes = rows(&side.database, "select id as key, version from notes").await;
        let page = side.client.get(FEED).await.with(200);
        Self { cursor: next(&page.body), notes: notes.into_iter().collect() }
    }

    /// Reads a page; returns its changes, or `None` where it is told to begin again.
    async fn read(&mut self, side: &TestService, limit: usize) -> Option<Vec<(String, i64)>> {
        let path = format!("{FEED}?limit={limit}&cursor={}", self.cursor);
        let page = side.client.get(&path).await;
        if page.status == 410 {
            return None;
        }
        let page = page.with(200).body;
        self.cursor = next(&page);
        let changes = page["changes"].as_array().unwrap().iter().map(change).collect::<Vec<_>>();
        for (key, version) in &changes {
            let known = self.notes.insert(key.clone(), *version).unwrap_or_default();
            assert!(known <= *version, "{key} goes back from {known} to {version}");
        }
        Some(changes)
    }
}

fn next(page: &Value) -> String {
    page["next"].as_str().unwrap().to_owned()
}

fn change(change: &Value) -> (String, i64) {
    (change["key"].as_str().unwrap().to_owned(), change["version"].as_i64().unwrap())
}

async fn side() -> TestService {
    TestService::start("notes", notes()).await
}

#[tokio::test]
async fn who_begins_at_the_start_reads_on_through_what_is_trimmed_meanwhile() {
    let side = side().await;
    write(&side.database, &["a", "b", "c", "a"]).await;
    trim(&side.database, later(), 4).await;
    let mut reader = Reader::from_start();
    assert_eq!(reader.read(&side, 1).await.unwrap(), these([("b", 1)]));
    // What it has read changes again, and so does what is before it; both are trimmed.
    write(&side.database, &["b", "c", "b"]).await;
    trim(&side.database, later(), 3).await;
    assert_eq!(log(&side.database).await, these([("a", 2), ("c", 2), ("b", 3)]));
    let mut found = vec![];
    while found.len() < 3 {
        found.extend(reader.read(&side, 1).await.expect("it may read on"));
    }
    assert_eq!(found, these([("a", 2), ("c", 2), ("b", 3)]));
}

#[tokio::test]
async fn a_cursor_from_before_what_was_passed_is_gone_and_one_after_it_is_not() {
    let side = side().await;
    let mut early = Reader::from_now(&side).await;
    write(&side.database, &["a", "b", "a"]).await;
    let mut middle = Reader::default();
    eventually("all changes are seen", async || {
        middle = Reader::from_start();
        (middle.read(&side, 3).await.unwrap().len() == 3).then_some(())
    })
    .await;
    write(&side.database, &["b", "c"]).await;
    let mut connection = side.database.connect().await;
    eventually("three are passed", async || step(&mut connection, later(), 3).await).await;
    assert_eq!(early.read(&side, 10).await, None);
    eventually("who has read them goes on", async || {
        let page = middle.read(&side, 10).await.unwrap();
        (page == these([("b", 2), ("c", 1)])).then_some(())
    })
    .await;
}

/// What happens next to the log, in a test that draws it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Write,
    Publish,
    Trim,
    ReadFromStart,
    ReadFromNow,
}

const EVENTS: [Event; 8] = [
    Event::Write,
    Event::Write,
    Event::Write,
    Event::Publish,
    Event::Trim,
    Event::Trim,
    Event::ReadFromStart,
    Event::ReadFromNow,
];

/// Checks that the log has the newest change of each note.
async fn assert_complete(side: &TestService) {
    let log = log(&side.database).await.into_iter().collect::<BTreeMap<_, _>>();
    let notes = rows(&side.database, "select id as key, version from notes").await;
    assert_eq!(log, notes.into_iter().collect());
}

/// Reads until a reader has what the table has. One that is told to begin again does.
async fn ends_equal(side: &TestService, reader: &mut Reader) {
    let notes = rows(&side.database, "select id as key, version from notes").await;
    let notes = notes.into_iter().collect::<BTreeMap<_, _>>();
    eventually("the reader ends with the state of the table", async || {
        if reader.read(side, 7).await.is_none() {
            *reader = Reader::from_start();
        }
        (reader.notes == notes).then_some(())
    })
    .await;
}

async fn random_run(seed: u64) {
    let (side, mut random) = (side().await, fastrand::Rng::with_seed(seed));
    let mut connection = side.database.connect().await;
    let (mut from_start, mut from_now) = (Reader::from_start(), Reader::from_now(&side).await);
    for _ in 0..150 {
        match EVENTS[random.usize(..EVENTS.len())] {
            Event::Write => {
                let count = random.usize(1..4);
                let mut keys = (0..count).map(|_| random.u8(..12).to_string()).collect::<Vec<_>>();
                keys.sort_unstable();
                keys.dedup();
                NOTES.write(&side.database, &keys).await;
            }
            Event::Publish => {
                let some = format!("delete from outbox where seq % {} = 0", random.u8(1..4));
                side.database.run(&some).await;
            }
            Event::Trim => {
                step(&mut connection, later(), random.u16(1..20)).await;
                assert_complete(&side).await;
            }
            Event::ReadFromStart => {
                if from_start.read(&side, random.usize(1..8)).await.is_none() {
                    from_start = Reader::from_start();
                }
            }
            Event::ReadFromNow => {
                if from_now.read(&side, random.usize(1..8)).await.is_none() {
                    from_now = Reader::from_start();
                }
            }
        }
    }
    side.database.run("delete from outbox").await;
    ends_equal(&side, &mut from_start).await;
    ends_equal(&side, &mut from_now).await;
    let notes = side.database.count("notes").await;
    eventually("the log is trimmed to a change of each record", async || {
        step(&mut connection, later(), STEP).await;
        (side.database.count("changes").await == notes).then_some(())
    })
    .await;
    assert_complete(&side).await;
    ends_equal(&side, &mut Reader::from_start()).await;
}

#[tokio::test]
async fn whatever_is_trimmed_readers_end_with_the_state_of_the_table() {
    for _ in 0..4 {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        random_run(seed).await;
    }
}
