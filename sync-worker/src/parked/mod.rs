//! The changes that could not be carried, from both sides: each is asked, and the answers are
//! merged. Shared by the worker's HTTP API and its command line.

pub mod cli;
mod place;

use std::collections::HashMap;

use futures_util::future::join_all;
use program_kit::access::Token;
use schemars::JsonSchema;
use serde::Serialize;
use shared_models::parked::{ActionResult, LeftAlone, ParkedAction, ParkedChange, Selection};
use shared_models::side::{Direction, Side};
use uuid::Uuid;

use crate::settings::SidesSettings;
use crate::side_client::{BuildError, PageQuery, RequestError, SideClient, SidePage};

pub use place::Place;

/// A parked change, and the side that keeps it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ParkedAtSide {
    /// The side that published it, and keeps it.
    pub side: Side,
    /// The direction in which it could not be carried.
    pub direction: &'static str,
    /// The change.
    #[serde(flatten)]
    pub change: ParkedChange,
}

impl ParkedAtSide {
    /// Returns a change that this side keeps.
    #[must_use]
    pub fn new(side: Side, change: ParkedChange) -> Self {
        Self { side, direction: Direction { from: side }.as_str(), change }
    }
}

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
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
    pub items: Vec<ParkedAtSide>,
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
    pub async fn page(&self, filter: &Filter, mut place: Place) -> Result<Page, RequestError> {
        loop {
            let query = PageQuery {
                state: filter.state.as_deref(),
                limit: filter.limit.as_deref(),
                cursor: place.cursor.as_deref(),
            };
            let SidePage { items, next } = self.client(place.side).parked_page(query).await?;
            let next = place.next(next.as_deref(), filter.side);
            match next {
                Some(next) if items.is_empty() && next.side != place.side => place = next,
                next => {
                    let items =
                        items.into_iter().map(|change| ParkedAtSide::new(place.side, change));
                    return Ok(Page { items: items.collect(), next });
                }
            }
        }
    }

    /// Returns the parked change with this id, if there is one.
    pub async fn change(&self, id: Uuid) -> Result<Option<ParkedAtSide>, RequestError> {
        let asked = self.clients.iter().map(async |(side, client)| {
            Ok(client.parked_change(id).await?.map(|change| ParkedAtSide::new(*side, change)))
        });
        let (mut unanswered, answers) = (None, join_all(asked).await);
        for answer in answers {
            match answer {
                Ok(Some(parked)) => return Ok(Some(parked)),
                Ok(None) => {}
                Err(error) => unanswered = Some(error),
            }
        }
        unanswered.map_or(Ok(None), Err)
    }

    /// Replays or drops the selected changes. If one side cannot be asked, the other has done it
    /// all the same: repeating it does no harm.
    pub async fn act(
        &self,
        action: ParkedAction,
        selection: &Selection,
        side: Option<Side>,
    ) -> Result<ActionResult, RequestError> {
        let selected = self.clients.iter().filter(|(at, _)| side.is_none_or(|side| side == *at));
        let answers =
            join_all(selected.map(|(_, client)| client.act_on_parked(action, selection))).await;
        Ok(merge(answers.into_iter().collect::<Result<_, _>>()?))
    }

    fn client(&self, side: Side) -> &SideClient {
        let [(_, store), (_, warehouse)] = &self.clients;
        match side {
            Side::Store => store,
            Side::Warehouse => warehouse,
        }
    }
}

/// Merges the sides' answers to an action. A change is kept at one side, so the other does not know
/// it; it counts as unchanged only if no side changed it, with the reason of the side that knows it.
fn merge(answers: Vec<ActionResult>) -> ActionResult {
    let (sides, changed) = (answers.len(), answers.iter().map(|answer| answer.changed).sum());
    let mut reasons: HashMap<Uuid, Vec<String>> = HashMap::new();
    let mut order = vec![];
    for LeftAlone { id, reason } in answers.into_iter().flat_map(|answer| answer.left) {
        let of_one = reasons.entry(id).or_default();
        if of_one.is_empty() {
            order.push(id);
        }
        of_one.push(reason);
    }
    let left = order.into_iter().filter_map(|id| {
        let mut of_one = reasons.remove(&id).filter(|of_one| of_one.len() == sides)?;
        let known = of_one.iter().position(|reason| reason != LeftAlone::UNKNOWN);
        Some(LeftAlone { id, reason: of_one.swap_remove(known.unwrap_or(0)) })
    });
    ActionResult { changed, left: left.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(changed: u64, left: &[(u128, &str)]) -> ActionResult {
        let alone = |(id, reason): &(u128, &str)| LeftAlone {
            id: Uuid::from_u128(*id),
            reason: (*reason).to_owned(),
        };
        ActionResult { changed, left: left.iter().map(alone).collect() }
    }

    #[test]
    fn only_what_both_sides_leave_is_left_for_the_reason_of_the_one_that_knows_it() {
        let unknown = LeftAlone::UNKNOWN;
        // 1 is kept at the store, 2 at the warehouse, 3 was dropped there, 4 nobody knows, and 5
        // was offered again at the store.
        let store = answer(1, &[(2, unknown), (3, unknown), (4, unknown), (5, "offered")]);
        let warehouse = answer(1, &[(1, unknown), (3, "dropped"), (4, unknown), (5, unknown)]);
        let expected = answer(2, &[(3, "dropped"), (4, unknown), (5, "offered")]);
        assert_eq!(merge(vec![store, warehouse]), expected);
    }

    #[test]
    fn where_one_side_was_asked_its_answer_stands() {
        let only = answer(3, &[(1, LeftAlone::UNKNOWN), (2, "dropped")]);
        assert_eq!(merge(vec![only.clone()]), only);
    }
}
