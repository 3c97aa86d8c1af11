//! The requests to a side: offers, comparing, parked changes, the relay.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared_models::SCHEMA;
use shared_models::comparison::{ChangedPage, Compared, LogState, Revisions, StatesPage};
use shared_models::parked::{
    ActionResult, ParkedAction, ParkedChange, ParkedReport, ReportedChange, Selection,
};
use uuid::Uuid;

use super::SideClient;
use super::answer::{Reply, RequestError, describe};

const OFFER: &str = "v1/sync/offer";
const COMPARED: &str = "v1/sync/compared";
const PARKED: &str = "v1/parked";

/// A command to the relay of a side.
#[derive(Clone, Copy, Debug)]
pub enum RelayCommand {
    /// Shows the state of the relay.
    Show,
    /// Pauses publishing, and shows the state.
    Pause,
    /// Resumes publishing, and shows the state.
    Resume,
}

/// The query for a page of a side's parked changes.
#[derive(Clone, Copy, Debug)]
pub struct PageQuery<'a> {
    /// The state of the changes; the side checks it.
    pub state: Option<&'a str>,
    /// The largest number on the page.
    pub limit: Option<&'a str>,
    /// The cursor at which the page begins.
    pub cursor: Option<&'a str>,
}

/// A page of a side's parked changes.
#[derive(Clone, Debug, Deserialize)]
pub struct SidePage {
    /// The changes on the page.
    pub items: Vec<ParkedChange>,
    /// The link to the next page; `None` on the last.
    pub next: Option<String>,
}

/// The answer to a note of what was compared.
#[derive(Deserialize)]
struct Noted {
    noted: bool,
}

/// Offers and comparing: the worker's own requests. Their error is the reason.
impl SideClient {
    /// Asks the side to offer all of its records.
    pub async fn request_offer(&self) -> Result<(), String> {
        self.offer(&json!({"all": true})).await
    }

    /// Asks the side to offer the records with these keys.
    pub async fn request_offer_of(&self, keys: &[Uuid]) -> Result<(), String> {
        let offered = self.offer(&json!({ "ids": keys })).await;
        offered.map_err(|reason| format!("the {}: {reason}", self.side))
    }

    async fn offer(&self, selection: &Value) -> Result<(), String> {
        match self.send(self.post(OFFER).json(selection)).await? {
            Reply { status: 202, .. } => Ok(()),
            Reply { status, body, .. } => Err(describe(status, &body)),
        }
    }

    /// Returns the state of the side's change log and, if a place is given, the oldest unpublished
    /// change up to it.
    pub async fn log_state(&self, upto: Option<i64>) -> Result<LogState, String> {
        let upto = upto.map(|place| ("upto", place));
        self.fetch(self.get(COMPARED).query(upto.as_slice())).await
    }

    /// Returns the records that the side changed, from one page of its log between two places.
    pub async fn changed(&self, after: i64, upto: i64) -> Result<ChangedPage, String> {
        self.fetch(self.get("v1/sync/changed").query(&[("after", after), ("upto", upto)])).await
    }

    /// Returns the states of those of these records that the side has.
    pub async fn revisions(&self, ids: &[Uuid]) -> Result<Revisions, String> {
        self.fetch(self.post("v1/sync/revisions").json(&json!({ "ids": ids }))).await
    }

    /// Returns a page of the states of all of the side's orders, after an order.
    pub async fn states(&self, after: Option<Uuid>) -> Result<StatesPage, String> {
        let after = after.map(|id| ("after", id));
        self.fetch(self.get("v1/sync/states").query(after.as_slice())).await
    }

    /// Notes at the side how far its log was compared; returns `false` if another worker has noted
    /// something since `compared.from`.
    pub async fn note_compared(&self, compared: Compared) -> Result<bool, String> {
        Ok(self.fetch::<Noted>(self.post(COMPARED).json(&compared)).await?.noted)
    }

    /// Reports to the side which of its changes could not be carried.
    pub async fn report(&self, changes: Vec<ReportedChange>) -> Result<(), String> {
        let report = ParkedReport { schema: SCHEMA, changes };
        let request = self.post(PARKED).timeout(self.report_timeout);
        match self.send(request.json(&report)).await? {
            Reply { status: 200, .. } => Ok(()),
            Reply { status, body, .. } => Err(describe(status, &body)),
        }
    }

    async fn fetch<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, String> {
        let fetched = async { self.parse(self.forward(request).await?) };
        fetched.await.map_err(|error: RequestError| match error {
            RequestError::Unavailable { .. } => error.to_string(),
            RequestError::Rejected(_) => format!("the {}: {error}", self.side),
        })
    }
}

/// The relay and parked changes: requests on behalf of a caller.
impl SideClient {
    /// Sends a command to the side's relay.
    pub async fn relay(&self, command: RelayCommand) -> Result<Value, RequestError> {
        let request = match command {
            RelayCommand::Show => self.get("v1/relay"),
            RelayCommand::Pause => self.post("v1/relay/pause"),
            RelayCommand::Resume => self.post("v1/relay/resume"),
        };
        self.parse(self.forward(request.timeout(self.probe_timeout)).await?)
    }

    /// Returns a page of the side's parked changes.
    pub async fn parked_page(&self, query: PageQuery<'_>) -> Result<SidePage, RequestError> {
        let PageQuery { state, limit, cursor } = query;
        let pairs = [("state", state), ("limit", limit), ("cursor", cursor)];
        let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = self.get(PARKED).query(&given.collect::<Vec<_>>());
        self.parse(self.forward(request).await?)
    }

    /// Returns one of the side's parked changes, if it has it.
    pub async fn parked_change(&self, id: Uuid) -> Result<Option<ParkedChange>, RequestError> {
        match self.forward(self.get(&format!("{PARKED}/{id}"))).await? {
            Reply { status: 404, .. } => Ok(None),
            reply => self.parse(reply).map(Some),
        }
    }

    /// Replays or drops some of the side's parked changes.
    pub async fn act_on_parked(
        &self,
        action: ParkedAction,
        selection: &Selection,
    ) -> Result<ActionResult, RequestError> {
        let request = self.post(&format!("{PARKED}/{}", action.as_str())).json(selection);
        self.parse(self.forward(request).await?)
    }

    pub(super) async fn forward(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Reply, RequestError> {
        self.send(request).await.map_err(|no_reply| self.unavailable(no_reply.into()))
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, reply: Reply) -> Result<T, RequestError> {
        match reply {
            Reply { status: 200, body, .. } => serde_json::from_slice(&body)
                .map_err(|error| self.unavailable(format!("its answer is invalid: {error}"))),
            rejected @ Reply { status: 400 | 401 | 403 | 413 | 422, .. } => {
                Err(RequestError::Rejected(rejected))
            }
            Reply { status, body, .. } => Err(self.unavailable(describe(status, &body))),
        }
    }

    fn unavailable(&self, reason: String) -> RequestError {
        RequestError::Unavailable { side: self.side, reason }
    }
}
