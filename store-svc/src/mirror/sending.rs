//! Handing out what is to be sent, and settling what was: one transaction each.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use service_kit::error::Error;
use service_kit::runs::hold;
use shared_models::mirror::{
    JOB, Mirrored, Outcome, Prepare, Prepared, Settle, SettleItem, SettleState, Settled,
    SettledItem,
};
use uuid::Uuid;

use super::of_write;
use super::rules::{self, Holder, Holders, SettleDecision, prepare as decide, yield_id};
use crate::mirrored::event::{Author, Changed};
use crate::mirrored::record::Record;
use crate::mirrored::storage::{self, RemoteName, Selection};

/// Hands records out to be sent. Attempts are stored by the same transaction, before the worker knows them.
pub(super) async fn prepare(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    Prepare { run, ids, only }: Prepare,
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
        let decision = decide(record, post, (Uuid::now_v7(), author.at), only);
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
    let holders = holders(connection, kind, &results).await?;
    let removed = holders.iter().filter(|holder| holder.deleted).map(|holder| holder.id);
    let ids = results.iter().map(|result| result.id).chain(removed).collect::<Vec<_>>();
    let records = storage::lock(connection, kind, Selection::Ids(&ids)).await?;
    let mut settling = Settling::new(records, &holders, author.at);
    settling.contested =
        storage::live_attempts(connection, kind, &settling.removed_guesses(&results)).await?;
    let states = settling.settle_all(&results);
    settling.write(connection, kind, author).await?;
    Ok(Settled { results: states })
}

/// The records of one request to settle some, and what is written of them.
struct Settling {
    now: DateTime<Utc>,
    records: HashMap<i64, Record>,
    holders: Holders,
    /// The creates of unknown outcome of records that exist, by the digests of removed guesses: these may be theirs.
    contested: HashMap<String, Vec<i64>>,
    /// The records that lose their id at the remote: they are written before others get one.
    freed: Vec<Record>,
    touched: Vec<Record>,
    told: Vec<Changed>,
    /// The records that get an id at the remote.
    placed: Vec<i64>,
    /// The records that are created anew, as the remote has them no more.
    anew: Vec<i64>,
}

impl Settling {
    fn new(records: Vec<Record>, holders: &[RemoteName], now: DateTime<Utc>) -> Self {
        let records = records.into_iter().map(|it| (it.id, it)).collect::<HashMap<_, _>>();
        let holder = |RemoteName { id, remote_id, .. }: &RemoteName| {
            let record = records.get(id).filter(|it| it.mirror.remote_id == *remote_id);
            let yields = record.is_some_and(|record| record.deleted);
            let base = record.and_then(|record| record.mirror.base.clone());
            Some(((*remote_id)?, Holder { id: *id, yields, base }))
        };
        let holders = holders.iter().filter_map(holder).collect();
        let (freed, touched, told) = (vec![], vec![], vec![]);
        let (placed, anew, contested) = (vec![], vec![], HashMap::new());
        Self { now, records, holders, contested, freed, touched, told, placed, anew }
    }

    /// Returns the digest of what was sent of a removed record that was looked up by its contents.
    fn removed_guess(&self, result: &SettleItem) -> Option<String> {
        let record = self.records.get(&result.id).filter(|record| record.deleted)?;
        let sending = record.mirror.sending.as_ref()?;
        matches!(result.outcome, Outcome::Found { .. }).then(|| sending.content.digest())
    }

    fn removed_guesses(&self, results: &[SettleItem]) -> Vec<String> {
        results.iter().filter_map(|result| self.removed_guess(result)).collect()
    }

    /// Settles first what frees an id, which may be given to a record that was created; and what is certain before what
    /// is guessed by contents.
    fn settle_all(&mut self, results: &[SettleItem]) -> Vec<SettledItem> {
        let is_removed =
            |result: &SettleItem| self.records.get(&result.id).is_some_and(|it| it.deleted);
        let mut order = (0..results.len()).collect::<Vec<_>>();
        order.sort_by_key(|index| match &results[*index] {
            result if matches!(result.outcome, Outcome::Found { .. }) => {
                3 + u8::from(is_removed(result))
            }
            result if is_removed(result) => 0,
            SettleItem { outcome: Outcome::Gone {}, .. } => 1,
            SettleItem { .. } => 2,
        });
        let mut states = HashMap::new();
        for index in order {
            states.insert(index, self.settle_one(&results[index]));
        }
        (0..results.len()).filter_map(|index| states.remove(&index)).collect()
    }

    fn settle_one(&mut self, result: &SettleItem) -> SettledItem {
        let is_contested =
            self.removed_guess(result).is_some_and(|digest| self.contested.contains_key(&digest));
        let Some(record) = self.records.remove(&result.id) else {
            // It was removed long ago, at the remote too.
            return SettledItem { id: result.id, state: SettleState::Settled, failures: 0 };
        };
        let had = record.mirror.remote_id;
        let contested = is_contested.then(|| record.clone());
        let decision = rules::settle(record, result, &self.holders, self.now);
        let decision = match contested {
            Some(record) if decision.record().mirror.remote_id.is_some() => {
                rules::leave_open(record, result)
            }
            Some(_) | None => decision,
        };
        let settled = shown(&decision);
        if decision.record().mirror.attempt().is_none() {
            self.contested.retain(|_, ids| {
                ids.retain(|id| *id != result.id);
                !ids.is_empty()
            });
        }
        match (had, decision.record().mirror.remote_id) {
            (Some(freed), None) => {
                self.holders.remove(&freed);
                if !decision.record().deleted {
                    self.anew.push(result.id);
                }
            }
            (None, Some(given)) => self.place(result.id, given),
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.keep(decision);
        settled
    }

    fn place(&mut self, id: i64, remote_id: i64) {
        self.placed.push(id);
        let before = self.holders.insert(remote_id, Holder { id, yields: false, base: None });
        let Some(Holder { id: before, .. }) = before.filter(|before| before.id != id) else {
            return;
        };
        let settled = self.touched.iter().position(|record| record.id == before);
        let settled = settled.map(|index| self.touched.swap_remove(index));
        if let Some(mut record) = settled.or_else(|| self.records.remove(&before)) {
            yield_id(&mut record);
            self.freed.push(record);
        }
    }

    fn keep(&mut self, decision: SettleDecision) {
        match decision {
            SettleDecision::Same(record) => drop(self.records.insert(record.id, record)),
            SettleDecision::Touched(record)
            | SettleDecision::Taken(record)
            | SettleDecision::Undecided(record)
            | SettleDecision::NotCreated(record) => match record.mirror.remote_id {
                None => self.freed.push(record),
                Some(_) => self.touched.push(record),
            },
            SettleDecision::Told(changed) => self.told.push(changed),
        }
    }

    async fn write(
        self,
        connection: &mut AsyncPgConnection,
        kind: Mirrored,
        author: Author<'_>,
    ) -> Result<(), Error> {
        storage::touch(connection, kind, &self.freed).await.map_err(of_write)?;
        storage::touch(connection, kind, &self.touched).await.map_err(of_write)?;
        let (without, with) =
            self.told.into_iter().partition::<Vec<_>, _>(|it| it.record.mirror.remote_id.is_none());
        for told in [without, with] {
            storage::overwrite(connection, kind, &told, author).await.map_err(of_write)?;
        }
        if kind == Mirrored::Post {
            if !self.anew.is_empty() {
                // In one order, as an offer of all locks them.
                let posts = [&*self.anew, &*self.placed].concat();
                storage::lock_comments(connection, &posts).await?;
            }
            storage::set_comments_afloat(connection, &self.anew).await?;
            storage::wake_comments(connection, &self.placed).await?;
        }
        Ok(())
    }
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
        Outcome::NotCreated {} | Outcome::Gone {} => &[],
        Outcome::Failed { .. } | Outcome::Undecided { .. } => &[],
    }
}

/// Returns which records have the ids that the remote gave.
async fn holders(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    results: &[SettleItem],
) -> Result<Vec<RemoteName>, Error> {
    let given = results.iter().flat_map(given_ids).copied().collect::<HashSet<_>>();
    let given = given.into_iter().collect::<Vec<_>>();
    Ok(storage::records_with_remote_ids(connection, kind, &given).await?)
}
