//! A person's actions on parked changes: replaying or dropping them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use shared_models::parked::{ActionResult, LeftAlone, ParkedAction, ParkedState};
use uuid::Uuid;

use super::storage::{self, CurrentState};
use crate::database::now;
use crate::resource::Resources;

/// Applies an action to these changes, or to all that it applies to. Replayed changes become due,
/// and the relay offers them. Who did it stands with them. The caller owns the transaction.
pub async fn act(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
    action: ParkedAction,
    ids: Option<&[Uuid]>,
    principal: Option<&str>,
) -> QueryResult<ActionResult> {
    let now = now();
    let by = (principal, now);
    let changed = match action {
        ParkedAction::Replay => storage::set_due(connection, resources, ids, by).await?,
        ParkedAction::Drop => storage::set_dropped(connection, ids, by).await?,
    };
    let changed = changed.into_iter().collect::<HashSet<_>>();
    let mut others = ids.unwrap_or_default().to_vec();
    let mut seen = changed.clone();
    others.retain(|id| seen.insert(*id));
    let states = storage::current_states(connection, resources, &others).await?;
    let left = others.into_iter().map(|id| {
        let found = states.iter().find(|state| state.id == id);
        LeftAlone { id, reason: why_left(action, found, now).to_owned() }
    });
    Ok(ActionResult { changed: changed.len() as u64, left: left.collect() })
}

fn why_left(
    action: ParkedAction,
    found: Option<&CurrentState>,
    now: DateTime<Utc>,
) -> &'static str {
    let Some(CurrentState { state, offer_at, record_exists, .. }) = found else {
        return LeftAlone::UNKNOWN;
    };
    match (state.0, action) {
        (ParkedState::Offered, _) => "its record was already offered again",
        (ParkedState::Dropped, _) => "it was already dropped",
        (ParkedState::Parked, ParkedAction::Replay) if !record_exists => {
            "its record does not exist here, so it can only be dropped"
        }
        (ParkedState::Parked, ParkedAction::Replay) if offer_at.is_some_and(|at| at <= now) => {
            "it is already due to be offered"
        }
        // A concurrent request has just changed it.
        (ParkedState::Parked, ParkedAction::Replay | ParkedAction::Drop) => {
            "another request has just changed it; read it again"
        }
    }
}
