//! Loading what the remote has: posts, then comments. A list is read as it arrives; what is missing in a
//! complete one was removed there.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use shared_models::mirror::{
    Listed, LoadResult, MAX_LISTED, MAX_LOADED, Mirrored, RefusedRecord as Refused,
};
use shared_models::runs::{RefusedRecord, RunFailure};

use super::Mirror;
use super::list::{Element, List};
use super::names::{Reader, id};
use super::seen::Seen;
use super::store::Store;
use crate::sources::run::{Held, Outcome, Work};

/// The name of the task.
pub const LOAD: &str = "load";

/// The records in one request to the store.
const BATCH: usize = 500;
/// The bytes of the remote's list that make a request: well below what the store takes.
const BATCH_BYTES: usize = 2 << 20;
/// The records that a load may remove, whatever part of all they are.
const FEW: usize = 10;

/// How far a load has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is being loaded.
    pub kind: Mirrored,
    /// The records that were read.
    pub read: u64,
    /// The number of all, if the remote says it.
    pub total: Option<u64>,
}

/// Is told how far a load has come.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Loads what the remote has.
pub struct Load {
    /// The mirror.
    pub mirror: Arc<Mirror>,
    /// Is told how far it has come.
    pub on_progress: OnProgress,
    /// Set if it may remove any number of records.
    pub removes_any: bool,
    /// Set if the remote is known to be the one that the ids in the store are of, whatever its address.
    pub is_same_remote: bool,
}

impl Work for Load {
    async fn work(&self, run: &Held) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(failure) = self.load_all(run, &mut outcome).await {
            outcome.fail(failure);
        }
        outcome
    }
}

impl Load {
    async fn load_all(&self, run: &Held, outcome: &mut Outcome) -> Result<(), RunFailure> {
        self.mirror.cursors(run, self.is_same_remote).await?;
        for kind in Mirrored::ALL {
            self.load(&self.mirror.store(run, kind), outcome).await?;
        }
        Ok(())
    }

    async fn load(&self, store: &Store<'_>, outcome: &mut Outcome) -> Result<(), RunFailure> {
        let kind = store.kind;
        let mut list = self.mirror.client.list(kind).await?;
        let (mut seen, mut batch, mut size) = (Seen::default(), vec![], 0);
        while let Some(elements) = list.next().await? {
            for Element { record, bytes } in elements {
                batch.push(record);
                size += bytes;
                if batch.len() == BATCH || size >= BATCH_BYTES {
                    self.store(store, std::mem::take(&mut batch), &mut seen, outcome).await?;
                    size = 0;
                }
            }
            let (read, total) = (list.count(), list.total);
            (self.on_progress)(Progress { kind, read, total });
        }
        self.store(store, batch, &mut seen, outcome).await?;
        check_complete(&list)?;
        self.remove_missing(store, &seen, outcome).await
    }

    /// Stores records of the remote: of those with the same id the first.
    async fn store(
        &self,
        store: &Store<'_>,
        mut records: Vec<Value>,
        seen: &mut Seen,
        outcome: &mut Outcome,
    ) -> Result<(), RunFailure> {
        let settings = &self.mirror.client.remote.settings;
        let reader = Reader::new(&settings.fields, settings.marker_field.as_deref());
        for id in seen.add(&mut records, |record| id(record, &settings.fields)) {
            refuse(store.kind, twice(id), outcome);
        }
        let loaded = match store.kind {
            Mirrored::Post => {
                let read = records.iter().map(|record| reader.post(record));
                store.load(keep(store.kind, read, outcome)).await?
            }
            Mirrored::Comment => {
                let read = records.iter().map(|record| reader.comment(record));
                store.load(keep(store.kind, read, outcome)).await?
            }
        };
        let LoadResult { created, updated, unchanged, conflicts, adopted, refused } = loaded;
        let counts = [
            ("created", created),
            ("updated", updated),
            ("unchanged", unchanged),
            ("conflicts", conflicts),
            ("adopted", adopted),
        ];
        counts.into_iter().for_each(|(name, count)| outcome.add(name, count));
        refused.into_iter().for_each(|record| refuse(store.kind, record, outcome));
        Ok(())
    }

    /// Removes what was seen at the remote, and is not there any more.
    async fn remove_missing(
        &self,
        store: &Store<'_>,
        seen: &Seen,
        outcome: &mut Outcome,
    ) -> Result<(), RunFailure> {
        let (mut missing, mut removed, mut all, mut after) = (vec![], vec![], 0, None);
        loop {
            let Listed { remote_ids, removed: removed_here } = store.listed(after).await?;
            all += remote_ids.len() - removed_here.len();
            after = remote_ids.last().copied();
            let is_last = remote_ids.len() < MAX_LISTED;
            let not_seen = remote_ids.into_iter().filter(|id| !seen.has(*id));
            let (of_removed, of_others) =
                not_seen.partition::<Vec<_>, _>(|id| removed_here.binary_search(id).is_ok());
            missing.extend(of_others);
            removed.extend(of_removed);
            if is_last {
                break;
            }
        }
        let max = self.mirror.client.remote.settings.max_removed;
        if !self.removes_any && missing.len() > FEW && max.is_exceeded_by(missing.len(), all) {
            return Err(too_many_missing(store.kind, missing.len(), all));
        }
        missing.append(&mut removed);
        for some in missing.chunks(MAX_LOADED) {
            let gone = store.gone(self.really_gone(store.kind, some).await?).await?;
            outcome.add("removed", gone.removed);
            outcome.add("kept", gone.kept);
        }
        Ok(())
    }

    /// Returns those of the records that the remote does not have when it is asked for each: a list may lack
    /// more than was removed.
    async fn really_gone(&self, kind: Mirrored, ids: &[i64]) -> Result<Vec<i64>, RunFailure> {
        let client = &self.mirror.client;
        let asking = ids.iter().copied().map(|id| async move {
            client.pace.patiently(|| client.exists(kind, id)).await.map(|it| (id, it))
        });
        let asking = stream::iter(asking).buffered(self.mirror.parallel());
        let found = asking.try_collect::<Vec<_>>().await?;
        Ok(found.into_iter().filter(|(_, exists)| !exists).map(|(id, _)| id).collect())
    }
}

/// Fails if the remote has listed only a part of its records: what is missing may be there.
fn check_complete(list: &List) -> Result<(), RunFailure> {
    let more = match list.total.filter(|total| *total > list.count()) {
        Some(total) => format!("{total} records"),
        None if list.is_a_page => "more records, on a next page".to_owned(),
        None => return Ok(()),
    };
    Err(RunFailure {
        reason: "incomplete".to_owned(),
        detail: format!(
            "the remote says that it has {more}, and listed {}; what it listed is stored, and nothing was \
             removed",
            list.count()
        ),
    })
}

fn too_many_missing(kind: Mirrored, missing: usize, all: usize) -> RunFailure {
    RunFailure {
        reason: "too_many_missing".to_owned(),
        detail: format!(
            "{missing} of {all} {} are not at the remote any more, more than mirror.max_removed permits; \
             nothing was removed; if that is right, run `sync-worker load --remove-any`",
            kind.plural()
        ),
    }
}

/// Keeps the records that could be read, and names the others.
fn keep<R>(
    kind: Mirrored,
    read: impl Iterator<Item = Result<R, Refused>>,
    outcome: &mut Outcome,
) -> Vec<R> {
    let kept = read.filter_map(|read| read.map_err(|it| refuse(kind, it, outcome)).ok());
    kept.collect()
}

/// Creates the refusal of a record with the id of one before it: which of them the remote means is not known, and
/// each load would take another one.
fn twice(id: i64) -> Refused {
    Refused { remote_id: Some(id), detail: "it is listed twice; the first one counts".to_owned() }
}

fn refuse(kind: Mirrored, record: Refused, outcome: &mut Outcome) {
    let id = record.remote_id.map_or_else(|| "without an id".to_owned(), |id| id.to_string());
    let resource = format!("remote {}", kind.resource());
    outcome.refuse(RefusedRecord { resource, id, detail: record.detail });
}
