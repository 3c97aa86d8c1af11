//! A follower of each side's feed: it reads the changes of all orders as server-sent events for the
//! whole run, and resumes where it was cut off.
//!
//! A set-back (`set_back`) changes rows of `orders` and leaves the log alone, and PostgreSQL keeps what
//! it has committed when it is killed. So no cursor may ever be refused, and what one reading gives,
//! resumed as often as may be, is the log: each change once, in its order. What set-backs do change is
//! in the checker: versions that count again, and an order that is older than its last event.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use process_kit::secured::headers;
use program_kit::access::Role;
use reqwest::header::ACCEPT;
use serde::Deserialize;
use shared_models::event::OrderEvent;
use shared_models::side::Side;
use test_kit::http;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::checker::case::Followed;

/// A feed without a change has a comment every 15 s: what is silent for longer is cut off.
const SILENCE: Duration = Duration::from_secs(20);
/// The pause after the first failure, and the longest one.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The follower of a side's feed. Dropping it ends it.
#[derive(Debug)]
pub struct Follower {
    reading: Arc<Mutex<Reading>>,
    _task: JoinSet<()>,
}

/// What has been read since the follower last began at the start.
#[derive(Debug, Default)]
struct Reading {
    /// The last id: that of an event, or of a comment.
    last: Option<String>,
    ids: HashSet<String>,
    orders: HashMap<Uuid, Followed>,
    wrong: Vec<String>,
}

/// An event of the feed, as far as the follower looks at it.
#[derive(Deserialize)]
struct Data {
    cursor: String,
    version: i64,
    event: OrderEvent,
}

impl Follower {
    /// Starts the follower of the side at this URL.
    pub fn start(side: Side, url: &str) -> Self {
        let reading = Arc::<Mutex<Reading>>::default();
        let (shared, url) = (Arc::clone(&reading), format!("{url}/v1/orders/changes?cursor=start"));
        let mut task = JoinSet::new();
        task.spawn(async move { match follow(side, &url, &shared).await {} });
        Self { reading, _task: task }
    }

    /// Returns the number of events in this reading.
    #[must_use]
    pub fn events(&self) -> usize {
        lock(&self.reading).ids.len()
    }

    /// Returns what was read of each of these orders.
    #[must_use]
    pub fn orders(&self, wanted: impl Fn(&Uuid) -> bool) -> HashMap<Uuid, Followed> {
        let reading = lock(&self.reading);
        let orders = reading.orders.iter().filter(|(id, _)| wanted(id));
        orders.map(|(id, followed)| (*id, followed.clone())).collect()
    }

    /// Returns what was wrong since this was asked last.
    pub fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.reading).wrong)
    }
}

fn lock(reading: &Mutex<Reading>) -> MutexGuard<'_, Reading> {
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(side: Side, url: &str, reading: &Mutex<Reading>) -> Infallible {
    let mut pause = PAUSE;
    loop {
        let before = lock(reading).ids.len();
        if let Err(error) = read(url, reading).await {
            let mut reading = lock(reading);
            let wrong = format!("the feed of the {side}: {error:#}");
            *reading = Reading { wrong: std::mem::take(&mut reading.wrong), ..Reading::default() };
            reading.wrong.push(wrong);
        }
        let is_new = lock(reading).ids.len() != before;
        pause = if is_new { PAUSE } else { LONGEST_PAUSE.min(2 * pause) };
        sleep(pause).await;
    }
}

/// Reads events until the connection ends; an error is a violation.
async fn read(url: &str, reading: &Mutex<Reading>) -> Result<()> {
    let http = http().read_timeout(SILENCE).default_headers(headers(Role::Read)).build().unwrap();
    let mut request = http.get(url).header(ACCEPT, "text/event-stream");
    if let Some(last) = &lock(reading).last {
        request = request.header("last-event-id", last);
    }
    let Ok(mut answer) = request.send().await else { return Ok(()) };
    let status = answer.status();
    if !status.is_success() {
        let body = answer.text().await.unwrap_or_default();
        ensure!(status.is_server_error(), "{status} {body}");
        return Ok(());
    }
    let mut text = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let block = text.drain(..end + 2).collect::<Vec<_>>();
            lock(reading).take(str::from_utf8(&block)?)?;
        }
    }
    Ok(())
}

impl Reading {
    /// Takes a block of the stream: an event, or a comment with an id.
    fn take(&mut self, block: &str) -> Result<()> {
        let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
        if let Some(data) = field("data: ") {
            let Data { cursor, version, event } =
                serde_json::from_str(data).with_context(|| data.to_owned())?;
            ensure!(field("id: ") == Some(&*cursor), "another id than the cursor: {block}");
            if !self.ids.insert(cursor) {
                bail!("it comes twice: {block}");
            }
            self.orders.entry(event.order_id).or_default().add(version, event);
        }
        self.last = field("id: ").map(str::to_owned).or(self.last.take());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_with_an_id_moves_the_reading_and_one_without_does_not() {
        let mut reading = Reading::default();
        for (block, last) in
            [("retry: 1000\n\n", None), (": \nid: a\n\n", Some("a")), (":\n\n", Some("a"))]
        {
            reading.take(block).unwrap();
            assert_eq!(reading.last.as_deref(), last);
        }
        assert_eq!(reading.ids.len(), 0);
    }
}
