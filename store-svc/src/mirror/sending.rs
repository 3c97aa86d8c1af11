//! Handing out what is to be sent, and settling what was: one transaction each.

use std::collections::{HashMap, HashSet};

use diesel_async::AsyncPgConnection;
use service_kit::error::Error;
use service_kit::runs::hold;
use shared_models::mirror::{
    JOB, Mirrored, Outcome, Prepare, Prepared, Settle, SettleItem, SettleState, Settled,
    SettledItem,
};
use uuid::Uuid;

use super::of_write;
use super::rules::{Holders, SettleDecision, prepare as decide, settle as settle_one};
use crate::mirrored::event::Author;
use crate::mirrored::record::Record;
use crate::mirrored::storage::{self, Selection};

/// Hands records out to be sent. Attempts are stored by the same transaction, before the worker knows them.
pub(super) async fn prepare(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    Prepare { run, ids }: Prepare,
    author: Author<'_>,
) -> Result<Prepared, Error> {
    hold(connection, JOB, run).await?;
    let records = storage::lock(connection, kind, Selection::Ids(&ids)).await?;
    let posts = match kind {
        Mirrored::Post => HashMap::new(),
        Mirrored::Comment => {
            let ids = records.iter().filter_map(|it| it.content.parent).collect::<Vec<_>>();
            let posts = storage::posts_of_comments(connection, &ids).await?;
            posts.into_iter().filter_map(|post| Some((post.id, post.remote_id?))).collect()
        }
    };
    let (mut items, mut handed_out) = (vec![], vec![]);
    for record in records {
        let post = record.content.parent.and_then(|id| posts.get(&id).copied());
        let decision = decide(record, post, Uuid::now_v7(), author.at);
        items.push(decision.item);
        handed_out.extend(decision.after);
    }
    storage::touch(connection, kind, &handed_out).await?;
    Ok(Prepared { items })
}

/// Settles what was sent.
pub(super) async fn settle(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    Settle { run, results }: Settle,
    author: Author<'_>,
) -> Result<Settled, Error> {
    hold(connection, JOB, run).await?;
    let ids = results.iter().map(|result| result.id).collect::<Vec<_>>();
    let records = storage::lock(connection, kind, Selection::Ids(&ids)).await?;
    let mut records = records.into_iter().map(|it| (it.id, it)).collect::<HashMap<_, _>>();
    let mut holders = holders(connection, kind, &results).await?;
    let (mut touched, mut told, mut placed) = (vec![], vec![], vec![]);
    let mut settled = Vec::with_capacity(results.len());
    for result in &results {
        let Some(record) = records.remove(&result.id) else {
            // It was removed long ago, at the remote too.
            let (id, state) = (result.id, SettleState::Settled);
            settled.push(SettledItem { id, state, failures: 0 });
            continue;
        };
        let had = record.mirror.remote_id;
        let decision = settle_one(record, result, &holders);
        settled.push(shown(&decision));
        if let (None, Some(remote_id)) = (had, decision.record().mirror.remote_id) {
            holders.insert(remote_id, result.id);
            placed.push(result.id);
        }
        match decision {
            SettleDecision::Same(_) => {}
            SettleDecision::Touched(record)
            | SettleDecision::Taken(record)
            | SettleDecision::Undecided(record)
            | SettleDecision::NotCreated(record) => touched.push(record),
            SettleDecision::Told(changed) => told.push(changed),
        }
    }
    storage::touch(connection, kind, &touched).await.map_err(of_write)?;
    storage::overwrite(connection, kind, &told, author).await.map_err(of_write)?;
    if kind == Mirrored::Post {
        storage::wake_comments(connection, &placed).await?;
    }
    Ok(Settled { results: settled })
}

fn shown(decision: &SettleDecision) -> SettledItem {
    let Record { id, mirror, .. } = decision.record();
    SettledItem { id: *id, state: decision.state(), failures: mirror.failures.unsigned_abs() }
}

/// Returns the ids of which one may be that of a record that the remote has created.
fn given_ids(result: &SettleItem) -> &[i64] {
    match &result.outcome {
        _ if result.attempt.is_none() => &[],
        Outcome::Sent { remote_id } => remote_id.as_slice(),
        Outcome::Found { remote_ids, .. } => remote_ids,
        Outcome::NotCreated {} | Outcome::Failed { .. } | Outcome::Gone {} => &[],
    }
}

/// Returns which records have the ids that the remote gave.
async fn holders(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    results: &[SettleItem],
) -> Result<Holders, Error> {
    let given = results.iter().flat_map(given_ids).copied().collect::<HashSet<_>>();
    let given = given.into_iter().collect::<Vec<_>>();
    let found = storage::records_with_remote_ids(connection, kind, &given).await?;
    Ok(found.into_iter().filter_map(|it| Some((it.remote_id?, it.id))).collect())
}
