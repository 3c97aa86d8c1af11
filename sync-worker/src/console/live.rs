//! `GET /live`: the parts of the overview that change, as server-sent events. The figures are read
//! once a second for all who follow, and only while somebody does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use program_kit::http::problem::Problem;
use program_kit::http::{Client, keep_open};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::guard::Known;
use super::overview::{Origin, View, live_parts};
use super::session::{Sessions, Visitor};

/// The interval at which the figures are read.
const INTERVAL: Duration = Duration::from_secs(1);
/// The most browsers that follow with one token at the same time, so that nobody can take the places of
/// others.
const MAX_OF_ONE: usize = 20;
/// The most where no tokens are configured.
const MAX_OF_ALL: usize = 100;
/// The interval at which a follower's session is looked at again.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// The figures as they change.
pub(super) struct Live {
    pub(super) origin: Origin,
    sender: watch::Sender<Option<Arc<View>>>,
    followed: Notify,
    stopping: CancellationToken,
    /// The number of followers with each token.
    followers: Mutex<HashMap<Option<String>, usize>>,
}

/// A place among those who follow, until it is dropped.
struct Place {
    live: Data<Live>,
    name: Option<String>,
}

impl Place {
    /// Takes a place for a person, or tells how many are taken.
    fn take(live: &Data<Live>, name: Option<&str>) -> Result<Self, usize> {
        let name = name.map(str::to_owned);
        let most = if name.is_some() { MAX_OF_ONE } else { MAX_OF_ALL };
        let mut followers = live.followers();
        let count = followers.entry(name.clone()).or_default();
        if *count >= most {
            return Err(most);
        }
        *count += 1;
        Ok(Self { live: live.clone(), name })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut followers = self.live.followers();
        followers.entry(self.name.clone()).and_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Live {
    /// Creates it; nothing is read until somebody follows.
    pub(super) fn new(origin: Origin, stopping: CancellationToken) -> Self {
        Self {
            origin,
            sender: watch::Sender::new(None),
            followed: Notify::new(),
            stopping,
            followers: Mutex::default(),
        }
    }

    fn followers(&self) -> MutexGuard<'_, HashMap<Option<String>, usize>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the figures while somebody follows, until the program stops.
    pub(super) async fn run(&self) {
        let reading = async {
            let mut ticks = interval(INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                if self.sender.receiver_count() == 0 {
                    self.followed.notified().await;
                }
                ticks.tick().await;
                self.sender.send_replace(Some(Arc::new(self.origin.view().await)));
            }
        };
        self.stopping.run_until_cancelled(reading).await;
    }
}

/// A browser that follows.
struct Follower {
    live: Data<Live>,
    _place: Place,
    views: watch::Receiver<Option<Arc<View>>>,
    client: Client,
    visitor: Arc<Visitor>,
    sessions: Data<Sessions>,
    session: Option<String>,
    next_check: Instant,
}

/// Answers with the parts that change, for as long as the browser listens.
pub(super) async fn follow(
    request: HttpRequest,
    live: Data<Live>,
    sessions: Data<Sessions>,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let place = Place::take(&live, known.0.caller.name()).map_err(|taken| {
        Problem::unavailable(format!("{taken} browsers follow already; try again later"))
    })?;
    keep_open(&request);
    let views = live.sender.subscribe();
    live.followed.notify_one();
    let follower = Follower {
        _place: place,
        views,
        client: Client::of(&request),
        visitor: known.0,
        sessions,
        session: super::guard::session_id(&request),
        next_check: Instant::now() + CHECK_INTERVAL,
        live,
    };
    let events = unfold((follower, true), async |(mut follower, is_first)| {
        let text = match is_first {
            true => "retry: 1000\n\n".to_owned(),
            false => follower.next().await?,
        };
        Some((Ok::<_, Problem>(Bytes::from(text)), (follower, false)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Compressed, an event would wait for later ones; nginx would keep it back, too.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(events)))
}

impl Follower {
    /// Returns the next event; `None` ends the stream: the browser or the session is gone, or the
    /// program stops.
    async fn next(&mut self) -> Option<String> {
        let changed = tokio::select! {
            changed = timeout(CHECK_INTERVAL, self.views.changed()) => changed,
            () = self.client.gone() => return None,
            () = self.live.stopping.cancelled() => return None,
        };
        if Instant::now() >= self.next_check {
            self.next_check = Instant::now() + CHECK_INTERVAL;
            let now = std::time::Instant::now();
            self.visitor = Arc::new(self.sessions.visitor(self.session.as_deref(), now)?);
        }
        let view = self.views.borrow_and_update().clone();
        match (changed, view) {
            (Ok(Ok(())), Some(view)) => Some(event(&view, &self.visitor)),
            (Ok(Err(_)), _) => None,
            // Both ends notice that the other one is gone.
            (Ok(Ok(())), None) | (Err(_), _) => Some(": \n\n".to_owned()),
        }
    }
}

fn event(view: &View, visitor: &Visitor) -> String {
    let parts = live_parts(view, visitor);
    let parts = parts.map(|(name, part)| (name.to_owned(), Value::String(part.into_string())));
    let data = json!({"at": view.at, "parts": Map::from_iter(parts)});
    format!("event: overview\ndata: {data}\n\n")
}
