//! Streams of server-sent events.

use std::time::Duration;

use actix_web::http::Method;
use reqwest::Response;
use serde_json::Value;
use test_kit::{NOTES, TestClient, TestDatabase, TestService, eventually};
use tokio::time::timeout;

use super::following::waits;
use super::{after, now, side};

const FEED: &str = "/v1/notes/changes";

/// A client of a stream, which has read all but the events after `buffer`.
struct Stream {
    response: Response,
    buffer: String,
    /// The id of the last event, with which the client would come back.
    last_id: Option<String>,
}

/// An event: its kind, and its data.
type Event = (String, Value);

impl Stream {
    async fn open(client: &TestClient, path: &str, last_id: Option<&str>) -> Self {
        let request = client.request(Method::GET.as_str().parse().unwrap(), path);
        let request =
            request.header("accept", "text/event-stream").header("accept-encoding", "gzip");
        let request = match last_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(content_type, "text/event-stream");
        Self { response, buffer: String::new(), last_id: last_id.map(str::to_owned) }
    }

    /// Returns the next event that has data; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.buffer = rest;
                if let Some(event) = self.read(&event) {
                    return Some(event);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    fn read(&mut self, event: &str) -> Option<Event> {
        let (mut kind, mut data) = (None, None);
        for line in event.lines() {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("id", id) => self.last_id = Some(id.to_owned()),
                ("event", name) => kind = Some(name.to_owned()),
                ("data", text) => data = Some(serde_json::from_str::<Value>(text).unwrap()),
                ("retry" | "", _) => {}
                other => panic!("{other:?} is not a field of an event"),
            }
        }
        data.map(|data| (kind.unwrap(), data))
    }

    async fn keys(&mut self, count: usize) -> Vec<String> {
        let mut keys = vec![];
        while keys.len() < count {
            // What does not come within that time does not come at all.
            let next = timeout(Duration::from_secs(60), self.next()).await;
            let (_, data) = next.unwrap_or_else(|_| panic!("nothing after {keys:?}")).unwrap();
            keys.push(data["key"].as_str().unwrap().to_owned());
        }
        keys
    }
}

fn keys(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("n-{number:05}")).collect()
}

#[tokio::test]
async fn changes_are_told_as_they_happen() {
    let side = side().await;
    NOTES.write(&side.database, &["before"]).await;
    let cursor = now(&side, FEED).await;
    let mut stream = Stream::open(&side.client, &after(FEED, &cursor), None).await;
    waits(&side, 1).await;
    NOTES.write(&side.database, &["a"]).await;
    NOTES.write(&side.database, &["b"]).await;
    let mut told = vec![];
    while told.len() < 2 {
        let (kind, data) = stream.next().await.unwrap();
        assert_eq!(stream.last_id.as_deref(), data["cursor"].as_str());
        // A transaction of another test may have held this one back when the stream began.
        if data["key"] != "before" {
            told.push((kind, data["key"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(
        told,
        [("note.written", "a"), ("note.written", "b")]
            .map(|(kind, key)| (kind.to_owned(), key.to_owned()))
    );
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_resumed_without_gap_or_repetition() {
    let side = side().await;
    let expected = keys(0..600);
    let writing = async {
        for keys in expected.chunks(20) {
            NOTES.write(&side.database, keys).await;
        }
    };
    let reading = async {
        let (mut found, mut last) = (vec![], None::<String>);
        while found.len() < expected.len() {
            let path = after(FEED, "start");
            let mut stream = Stream::open(&side.client, &path, last.as_deref()).await;
            let count = fastrand::usize(1..80).min(expected.len() - found.len());
            found.extend(stream.keys(count).await);
            last = stream.last_id;
        }
        found
    };
    let ((), found) = tokio::join!(writing, reading);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn many_streams_share_one_reader_and_each_has_everything() {
    let side = side().await;
    let mut streams = vec![];
    for number in 0..50 {
        let feed = match number % 3 {
            0 => FEED.to_owned(),
            1 => "/v1/changes".to_owned(),
            _ => format!("{FEED}?kind=note.written"),
        };
        let path = after(&feed, "start");
        streams.push(Stream::open(&side.client, &path, None).await);
    }
    waits(&side, 50).await;
    let expected = keys(0..300);
    for keys in expected.chunks(30) {
        NOTES.write(&side.database, keys).await;
    }
    for stream in &mut streams {
        assert_eq!(stream.keys(expected.len()).await, expected);
    }
    drop(streams);
    waits(&side, 0).await;
}

#[tokio::test]
async fn a_client_that_reads_late_misses_nothing_and_nothing_is_kept_for_it() {
    let side = side().await;
    let mut slow = Stream::open(&side.client, &after(FEED, "start"), None).await;
    waits(&side, 1).await;
    // More than the hub keeps, and than the sockets hold.
    let expected = keys(0..24_000);
    for keys in expected.chunks(2_000) {
        NOTES.write(&side.database, keys).await;
    }
    assert_eq!(slow.keys(expected.len()).await, expected);
}

#[tokio::test]
async fn a_quiet_stream_outlives_the_deadline_of_a_connection() {
    let side = TestService::start_with("notes", test_kit::notes(), |settings| {
        settings.limits.header_timeout = Duration::from_secs(1);
        settings.limits.keep_alive = Duration::from_millis(500);
    })
    .await;
    let mut stream = Stream::open(&side.client, FEED, None).await;
    // Connections that send nothing are closed meanwhile, three of them one after the other.
    for _ in 0..3 {
        side.client.send_raw(b"").await;
    }
    NOTES.write(&side.database, &["a"]).await;
    assert_eq!(stream.keys(1).await, ["a"]);
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_a_client_goes_on_elsewhere() {
    let side = side().await;
    let mut stream = Stream::open(&side.client, &after(FEED, "start"), None).await;
    NOTES.write(&side.database, &["a"]).await;
    assert_eq!(stream.keys(1).await, ["a"]);
    let began = std::time::Instant::now();
    let database = side.stop().await;
    assert_eq!(stream.next().await, None, "the stream ends");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    NOTES.write(&database, &["b"]).await;
    let other = TestService::start_over("notes", test_kit::notes(), database, |_| {}).await;
    other.is_ready().await;
    let path = after(FEED, "start");
    let mut stream = Stream::open(&other.client, &path, stream.last_id.as_deref()).await;
    assert_eq!(stream.keys(1).await, ["b"]);
}

#[tokio::test]
async fn a_database_that_was_set_back_ends_the_streams() {
    for set_back in ["update log_state set incarnation = gen_random_uuid()", "delete from changes"]
    {
        let side = side().await;
        let mut stream = Stream::open(&side.client, &after(FEED, "start"), None).await;
        NOTES.write(&side.database, &["a"]).await;
        assert_eq!(stream.keys(1).await, ["a"]);
        side.database.run(set_back).await;
        assert_eq!(stream.next().await, None, "the stream ends");
        let last = stream.last_id.unwrap();
        side.client.get(&after(FEED, &last)).await.assert_problem(410);
    }
}

#[tokio::test]
async fn a_stream_from_the_start_goes_through_what_is_trimmed() {
    let database = TestDatabase::of(&test_kit::notes()).await;
    NOTES.write(&database, &["a", "b"]).await;
    // Nothing is trimmed that readers do not see yet: a transaction of any database may be older.
    let seen = "changes where xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    eventually("readers see both", async || (database.count(seen).await == 2).then_some(())).await;
    let trim = "update log_state set (trimmed_xid, trimmed_seq) = (select xid, seq from changes
        order by xid desc, seq desc limit 1)";
    database.run(trim).await;
    // The first follower of the program: the hub has yet to read anything.
    let side = TestService::start_over("notes", test_kit::notes(), database, |_| {}).await;
    side.is_ready().await;
    for _ in 0..3 {
        let mut stream = Stream::open(&side.client, &after(FEED, "start"), None).await;
        assert_eq!(stream.keys(2).await, ["a", "b"]);
        drop(stream);
        waits(&side, 0).await;
    }
}

#[tokio::test]
async fn an_id_that_is_no_cursor_is_refused() {
    let side = side().await;
    for id in ["none", "\u{fc}"] {
        let request = side.client.request(Method::GET.as_str().parse().unwrap(), FEED);
        let request = request.header("accept", "text/event-stream").header("last-event-id", id);
        side.client.send(request).await.assert_problem(400);
    }
}

#[tokio::test]
async fn more_followers_than_half_of_the_connections_are_refused() {
    let side = TestService::start_with("notes", test_kit::notes(), |settings| {
        settings.limits.connections = 8.try_into().unwrap();
    })
    .await;
    let mut streams = vec![];
    for _ in 0..4 {
        streams.push(Stream::open(&side.client, FEED, None).await);
    }
    let refused = side.client.get(&format!("{FEED}?wait=5")).await;
    refused.assert_problem(503);
    drop(streams);
    eventually("there is room again", async || {
        (side.client.get(&format!("{FEED}?wait=1")).await.status == 200).then_some(())
    })
    .await;
}
