//! The changes that could not be carried, from both sides: each is asked, and the answers are
//! merged. Shared by the worker's HTTP API and its command line.

pub mod cli;
mod place;
mod settled;

use futures_util::future::join_all;
use program_kit::access::Token;
use serde::Serialize;
use shared_models::parked::{Deed, ParkedChange, Selection, Settled};
use shared_models::side::{Direction, Side};
use uuid::Uuid;

use crate::settings::SidesSettings;
use crate::side_client::{BuildError, PageQuery, Refusal, SideClient, SidePage};

pub use place::Place;
use settled::merged;

/// A parked change, and the side that keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// The side that published it, and keeps it.
    pub side: Side,
    /// The direction in which it could not be carried.
    pub direction: &'static str,
    /// The change.
    #[serde(flatten)]
    pub change: ParkedChange,
}

impl Kept {
    fn at(side: Side, change: ParkedChange) -> Self {
        Self { side, direction: Direction { from: side }.as_str(), change }
    }
}

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The state of the changes; the sides check it.
    pub state: Option<String>,
    /// The largest number on a page.
    pub limit: Option<String>,
    /// The side that keeps them; both if `None`.
    pub side: Option<Side>,
}

/// A page of one side's parked changes.
#[derive(Clone, Debug)]
pub struct Page {
    /// The changes on the page.
    pub items: Vec<Kept>,
    /// The start of the next page; `None` on the last.
    pub next: Option<Place>,
}

/// The parked changes of both sides.
#[derive(Clone)]
pub struct Parked {
    clients: [(Side, SideClient); 2],
}

impl Parked {
    /// Builds the clients of the sides in the settings.
    pub fn new(settings: &SidesSettings) -> Result<Self, BuildError> {
        let client = |side| Ok::<_, BuildError>((side, SideClient::new(side, settings)?));
        Ok(Self { clients: [client(Side::Store)?, client(Side::Warehouse)?] })
    }

    /// Returns the same for another caller, with the caller's token and permissions.
    #[must_use]
    pub fn on_behalf_of(&self, token: Option<&Token>) -> Self {
        let clients = self.clients.each_ref();
        Self { clients: clients.map(|(side, client)| (*side, client.on_behalf_of(token))) }
    }

    /// Returns the page that starts at `place`. A page is from one side; a side without any is
    /// skipped.
    pub async fn page(&self, wanted: &Wanted, mut place: Place) -> Result<Page, Refusal> {
        loop {
            let query = PageQuery {
                state: wanted.state.as_deref(),
                limit: wanted.limit.as_deref(),
                cursor: place.cursor.as_deref(),
            };
            let SidePage { items, next } = self.client(place.side).parked_page(query).await?;
            let next = place.next(next.as_deref(), wanted.side);
            match next {
                Some(next) if items.is_empty() && next.side != place.side => place = next,
                next => {
                    let items = items.into_iter().map(|change| Kept::at(place.side, change));
                    return Ok(Page { items: items.collect(), next });
                }
            }
        }
    }

    /// Returns the parked change with this id, if there is one.
    pub async fn change(&self, id: Uuid) -> Result<Option<Kept>, Refusal> {
        let asked = self.clients.iter().map(async |(side, client)| {
            Ok(client.parked_change(id).await?.map(|change| Kept::at(*side, change)))
        });
        let (mut unanswered, answers) = (None, join_all(asked).await);
        for answer in answers {
            match answer {
                Ok(Some(kept)) => return Ok(Some(kept)),
                Ok(None) => {}
                Err(refusal) => unanswered = Some(refusal),
            }
        }
        unanswered.map_or(Ok(None), Err)
    }

    /// Replays or drops the selected changes. If one side cannot be asked, the other has done it
    /// all the same: repeating it does no harm.
    pub async fn settle(
        &self,
        deed: Deed,
        selection: &Selection,
        side: Option<Side>,
    ) -> Result<Settled, Refusal> {
        let meant = self.clients.iter().filter(|(at, _)| side.is_none_or(|side| side == *at));
        let answers = join_all(meant.map(|(_, client)| client.settle(deed, selection))).await;
        Ok(merged(answers.into_iter().collect::<Result<_, _>>()?))
    }

    fn client(&self, side: Side) -> &SideClient {
        let [(_, store), (_, warehouse)] = &self.clients;
        match side {
            Side::Store => store,
            Side::Warehouse => warehouse,
        }
    }
}
