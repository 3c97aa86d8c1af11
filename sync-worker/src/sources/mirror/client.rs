//! The client of the remote that is mirrored.

use std::cmp::Reverse;

use program_kit::http::metrics::Registry;
use reqwest::header::{CACHE_CONTROL, HeaderValue};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use shared_models::mirror::{JOB, MAX_FOUND, Mirrored};
use uuid::Uuid;

use super::list::List;
use super::names::{Written, has, id, parameters};
use crate::settings::mirror::Remote;
use crate::sources::figures::RequestFigures;
use crate::sources::outbound::{Failure, Limits, Outbound, Reason};
use crate::sources::pace::SharedPace;

/// The largest answer besides a list of all records, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// What a look-up has found.
pub(super) struct LookedUp {
    /// The ids, the newest first.
    pub(super) ids: Vec<i64>,
    /// Set if the remote has listed all that it has.
    pub(super) is_whole: bool,
}

/// A client of the remote.
#[derive(Clone, Debug)]
pub(super) struct RemoteClient {
    pub(super) remote: Remote,
    http: Outbound,
    pub(super) pace: SharedPace,
}

impl RemoteClient {
    pub(super) fn new(remote: Remote, registry: &Registry) -> Result<Self, String> {
        let settings = &remote.settings;
        let limits = Limits {
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            max_answer: MAX_ANSWER,
        };
        let figures = RequestFigures::new(registry, JOB);
        let http = Outbound::new("mirror", &remote.tls, limits, figures)?;
        Ok(Self { remote, http, pace: SharedPace::new() })
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
        id(&answer, &settings.fields).ok_or_else(|| self.without_id())
    }

    fn without_id(&self) -> Failure {
        let name = &self.remote.settings.fields.id;
        let detail = format!("it has created the record, without a whole number as its {name}");
        Failure { reason: Reason::Malformed, detail, retry_after: None }
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
    ) -> Result<LookedUp, Failure> {
        let settings = &self.remote.settings;
        let by = match &settings.marker_field {
            Some(field) => vec![(field.clone(), key.to_string())],
            None => parameters(sent, &settings.fields),
        };
        let request = self.http.http().get(self.url(kind).clone()).query(&by);
        let mut list = self.open(request).await?;
        let key = Value::from(key.to_string());
        // A remote that knows no such filter lists everything.
        let is_it = |record: &Value| match &settings.marker_field {
            Some(field) => record.get(field) == Some(&key),
            None => has(record, sent),
        };
        let mut ids = vec![];
        while let Some(elements) = list.next().await? {
            let found = elements.iter().map(|element| &element.record).filter(|it| is_it(it));
            for record in found {
                // Not found would mean that it is created once more.
                ids.push(id(record, &settings.fields).ok_or_else(|| self.without_id())?);
            }
        }
        let is_whole = !list.is_a_part();
        if ids.is_empty() && !is_whole {
            return Err(listed_a_part());
        }
        ids.sort_unstable_by_key(|id| Reverse(*id));
        ids.truncate(MAX_FOUND);
        Ok(LookedUp { ids, is_whole })
    }

    /// Returns the ids of all records, sorted; `None` if the remote lists a part of them, or one without an id.
    pub(super) async fn ids(&self, kind: Mirrored) -> Result<Option<Vec<i64>>, Failure> {
        let (mut list, mut ids) = (self.list(kind).await?, vec![]);
        let fields = &self.remote.settings.fields;
        while let Some(elements) = list.next().await? {
            ids.extend(elements.iter().filter_map(|element| id(&element.record, fields)));
        }
        ids.sort_unstable();
        let is_whole = !list.is_a_part() && ids.len() as u64 == list.count();
        Ok(is_whole.then_some(ids))
    }

    /// Returns whether the remote has a record.
    pub(super) async fn exists(&self, kind: Mirrored, remote_id: i64) -> Result<bool, Failure> {
        let request = self.http.http().get(self.record_url(kind, remote_id));
        let request = request.header(CACHE_CONTROL, "no-cache");
        match self.http.send(self.authorized(request)).await {
            Ok(_) => Ok(true),
            Err(Failure { reason: Reason::Status(404 | 410), .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Begins to read all records of a kind.
    pub(super) async fn list(&self, kind: Mirrored) -> Result<List, Failure> {
        self.open(self.http.http().get(self.url(kind).clone())).await
    }

    async fn open(&self, request: RequestBuilder) -> Result<List, Failure> {
        // What a cache has kept is no answer to whether a record is there.
        let request = self.authorized(request).header(CACHE_CONTROL, "no-cache");
        let response = self.http.open(request).await?;
        Ok(List::new(self.http.clone(), response, &self.remote.settings))
    }
}

/// The failure of a look-up in a list that is not whole.
pub(super) fn listed_a_part() -> Failure {
    let detail = "it listed a part of its records: whether it has created the one that is looked up is not known";
    Failure { reason: Reason::Malformed, detail: detail.to_owned(), retry_after: None }
}
