//! The client of the remote that is mirrored.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderValue, LINK};
use reqwest::{RequestBuilder, Response, Url};
use serde_json::Value;
use shared_models::mirror::{MAX_FOUND, Mirrored};
use tokio::time::sleep_until;
use uuid::Uuid;

use super::array::{ArrayError, Elements};
use super::names::{Written, has, id, parameters};
use super::pace::Pace;
use crate::settings::mirror::Remote;
use crate::sources::outbound::{Failure, Limits, Outbound, Reason, too_large};

/// The largest answer besides a list of all records, in bytes.
const MAX_ANSWER: usize = 4 << 20;
/// The longest that a list may take to arrive, whatever arrives meanwhile.
const LIST_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The header in which a remote says how many records it has, where it lists a part of them.
const TOTAL: &str = "x-total-count";

/// A client of the remote.
#[derive(Clone, Debug)]
pub(super) struct RemoteClient {
    pub(super) remote: Remote,
    http: Outbound,
    /// Shared by all requests.
    pace: Arc<Mutex<Pace>>,
}

impl RemoteClient {
    pub(super) fn new(remote: Remote) -> Result<Self, String> {
        let settings = &remote.settings;
        let limits = Limits {
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            max_answer: MAX_ANSWER,
        };
        let http = Outbound::new("mirror", &remote.tls, limits)?;
        let pace = Arc::new(Mutex::new(Pace::new(Instant::now())));
        Ok(Self { remote, http, pace })
    }

    /// Waits until the pace permits a request; returns when that was.
    pub(super) async fn begin(&self) -> Instant {
        let at = self.pace().book(Instant::now());
        sleep_until(at.into()).await;
        at
    }

    /// Takes an answer into account: whether the remote takes so many requests.
    pub(super) fn answered(&self, begun: Instant, throttled: Option<Duration>) {
        match throttled {
            Some(wait) => self.pace().slow_down(begun, Instant::now(), wait),
            None => self.pace().speed_up(),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn url(&self, kind: Mirrored) -> &Url {
        match kind {
            Mirrored::Post => &self.remote.posts_url,
            Mirrored::Comment => &self.remote.comments_url,
        }
    }

    fn record_url(&self, kind: Mirrored, id: i64) -> Url {
        let mut url = self.url(kind).clone();
        url.set_path(&format!("{}/{id}", url.path().trim_end_matches('/')));
        url
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.remote.settings.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Creates a record, and returns the id that the remote gave it.
    pub(super) async fn create(
        &self,
        kind: Mirrored,
        mut sent: Written,
        key: Uuid,
    ) -> Result<i64, Failure> {
        let settings = &self.remote.settings;
        if let Some(field) = &settings.marker_field {
            sent.insert(field.clone(), key.to_string().into());
        }
        let mut request = self.http.http().post(self.url(kind).clone()).json(&sent);
        if let Some(header) = &settings.idempotency_header {
            // A UUID is a valid value.
            let value = HeaderValue::try_from(key.to_string());
            request = value.into_iter().fold(request, |it, value| it.header(header, value));
        }
        let answer = self.http.fetch::<Value>(self.authorized(request)).await?;
        id(&answer, &settings.fields).ok_or_else(|| Failure {
            reason: Reason::Malformed,
            detail: format!("its answer to a create has no {}", settings.fields.id),
            retry_after: None,
        })
    }

    /// Replaces a record.
    pub(super) async fn update(
        &self,
        kind: Mirrored,
        remote_id: i64,
        mut sent: Written,
    ) -> Result<(), Failure> {
        sent.insert(self.remote.settings.fields.id.clone(), remote_id.into());
        let request = self.http.http().put(self.record_url(kind, remote_id)).json(&sent);
        self.http.send(self.authorized(request)).await.map(drop)
    }

    /// Deletes a record.
    pub(super) async fn delete(&self, kind: Mirrored, remote_id: i64) -> Result<(), Failure> {
        let request = self.http.http().delete(self.record_url(kind, remote_id));
        self.http.send(self.authorized(request)).await.map(drop)
    }

    /// Returns the ids of the records that a create with this key may have made, the newest first: those that
    /// keep the key or, where the remote keeps none, those with the same contents. Fails if there are none,
    /// and the remote has not listed all that it has.
    pub(super) async fn look_up(
        &self,
        kind: Mirrored,
        sent: &Written,
        key: Uuid,
    ) -> Result<Vec<i64>, Failure> {
        let settings = &self.remote.settings;
        let by = match &settings.marker_field {
            Some(field) => vec![(field.clone(), key.to_string())],
            None => parameters(sent, &settings.fields),
        };
        let request = self.http.http().get(self.url(kind).clone()).query(&by);
        let mut list = self.open(request, settings.read_timeout + settings.connect_timeout).await?;
        let key = Value::from(key.to_string());
        // A remote that knows no such filter lists everything.
        let is_it = |record: &Value| match &settings.marker_field {
            Some(field) => record.get(field) == Some(&key),
            None => has(record, sent),
        };
        let mut ids = vec![];
        while let Some(elements) = list.next().await? {
            let found = elements.iter().map(|element| &element.record).filter(|it| is_it(it));
            ids.extend(found.filter_map(|record| id(record, &settings.fields)));
        }
        if ids.is_empty() && list.is_a_part() {
            let detail = "it listed a part of its records, without the one that is looked up: whether it has \
                created that is not known";
            return Err(Failure {
                reason: Reason::Malformed,
                detail: detail.to_owned(),
                retry_after: None,
            });
        }
        ids.sort_unstable_by_key(|id| Reverse(*id));
        ids.truncate(MAX_FOUND);
        Ok(ids)
    }

    /// Returns whether the remote has a record.
    pub(super) async fn exists(&self, kind: Mirrored, remote_id: i64) -> Result<bool, Failure> {
        let request = self.http.http().get(self.record_url(kind, remote_id));
        match self.http.send(self.authorized(request)).await {
            Ok(_) => Ok(true),
            Err(Failure { reason: Reason::Status(404 | 410), .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Begins to read all records of a kind.
    pub(super) async fn list(&self, kind: Mirrored) -> Result<List, Failure> {
        self.open(self.http.http().get(self.url(kind).clone()), LIST_TIMEOUT).await
    }

    /// Begins to read a list that may take so long to arrive.
    async fn open(&self, request: RequestBuilder, longest: Duration) -> Result<List, Failure> {
        let until = Instant::now() + longest;
        let response = self.http.open(self.authorized(request)).await?;
        let is_a_page = response.headers().get_all(LINK).iter().any(names_next);
        let total =
            response.headers().get(TOTAL).and_then(|value| value.to_str().ok()?.parse().ok());
        let elements = Elements::of(self.remote.settings.max_record.get());
        let http = self.http.clone();
        Ok(List { http, response, elements, longest, until, total, is_a_page, count: 0 })
    }
}

/// A list of records, while it arrives.
pub(super) struct List {
    http: Outbound,
    response: Response,
    elements: Elements,
    longest: Duration,
    until: Instant,
    /// The number of records that the remote says it has, if it does.
    pub(super) total: Option<u64>,
    /// Set if the remote says that there is a next page.
    pub(super) is_a_page: bool,
    count: u64,
}

/// A record of a list, and the bytes that it took there.
pub(super) struct Element {
    pub(super) record: Value,
    pub(super) bytes: usize,
}

/// Returns whether a `Link` (RFC 8288) names a next page.
fn names_next(link: &HeaderValue) -> bool {
    link.to_str().is_ok_and(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))
}

impl List {
    /// Returns the next records; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Element>>, Failure> {
        loop {
            if Instant::now() > self.until {
                return Err(self.too_slow());
            }
            let Some(part) = self.http.next(&mut self.response).await? else {
                self.elements.end().map_err(|error| self.failure(error))?;
                return Ok(None);
            };
            let found = self.elements.take(&part).map_err(|error| self.failure(error))?;
            if found.is_empty() {
                continue;
            }
            let parse = |element: &Vec<u8>| {
                let record = serde_json::from_slice(element)?;
                Ok::<_, serde_json::Error>(Element { record, bytes: element.len() })
            };
            let records = found.iter().map(parse).collect::<Result<Vec<_>, _>>();
            self.count += found.len() as u64;
            return records.map(Some).map_err(|_| self.failure(ArrayError::Malformed));
        }
    }

    /// The number of records so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Returns whether the remote has more records than it has listed.
    fn is_a_part(&self) -> bool {
        self.is_a_page || self.total.is_some_and(|total| total > self.count)
    }

    fn too_slow(&self) -> Failure {
        let detail = format!("its list has not ended after {} s", self.longest.as_secs());
        Failure { reason: Reason::Timeout, detail, retry_after: None }
    }

    fn failure(&self, error: ArrayError) -> Failure {
        let place = format!("after record {}", self.count);
        let malformed = |detail| Failure { reason: Reason::Malformed, detail, retry_after: None };
        match error {
            ArrayError::TooLarge => too_large(self.elements.most()),
            ArrayError::Incomplete => malformed(format!("its list ends early, {place}")),
            ArrayError::Malformed => malformed(format!("its list is not a JSON array, {place}")),
        }
    }
}
