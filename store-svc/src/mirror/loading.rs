//! Loading what the remote has, and removing what it has no more: one transaction each.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel_async::AsyncPgConnection;
use service_kit::error::Error;
use service_kit::runs::hold;
use shared_models::mirror::{Gone, GoneResult, JOB, LoadResult, Mirrored, RefusedRecord};
use uuid::Uuid;

use super::of_write;
use super::rules::{
    self, GoneDecision, LoadDecision, Marked, Remote, adopt, adoptions, created, gone,
    removed_with_post,
};
use crate::mirrored::content::{Content, expectation};
use crate::mirrored::event::{Author, Changed};
use crate::mirrored::record::Record;
use crate::mirrored::storage::{self, Selection};

/// A record of the remote, as it was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) remote_id: i64,
    /// The post of a comment by its id at the remote.
    pub(super) content: Content,
    /// The attempt that created it, if the remote keeps a marker of that.
    pub(super) marker: Option<Uuid>,
}

/// What is written of the records that were loaded.
#[derive(Debug, Default)]
struct Writes {
    new: Vec<Remote>,
    changed: Vec<Changed>,
    touched: Vec<Record>,
    /// The posts of which it is known now where they are at the remote.
    placed: Vec<i64>,
}

/// Loads records of the remote. `refused` are those that do not fit at all.
pub(super) async fn load(
    connection: &mut AsyncPgConnection,
    (kind, run): (Mirrored, Uuid),
    sent: Vec<Sent>,
    refused: Vec<RefusedRecord>,
    author: Author<'_>,
) -> Result<LoadResult, Error> {
    hold(connection, JOB, run).await?;
    let mut result = LoadResult { refused, ..LoadResult::default() };
    let remotes = placed(connection, kind, last_of_each(sent), &mut result.refused).await?;
    let remote_ids = remotes.iter().map(|(remote, _)| remote.id).collect::<Vec<_>>();
    let digests = remotes.iter().map(|(remote, _)| remote.digest.clone()).collect::<Vec<_>>();
    let attempts = remotes.iter().filter_map(|(_, marker)| *marker).collect::<Vec<_>>();
    let which =
        Selection::Loaded { remote_ids: &remote_ids, digests: &digests, attempts: &attempts };
    let here = storage::lock(connection, kind, which).await?.into_iter();
    let (known, attempted): (Vec<_>, Vec<_>) =
        here.partition(|record| record.mirror.remote_id.is_some());
    let known = known.into_iter().filter_map(|it| Some((it.mirror.remote_id?, it)));
    let mut known = known.collect::<HashMap<_, _>>();
    let unknown = remotes.iter().filter(|(remote, _)| !known.contains_key(&remote.id));
    let mut attempted = adoptions(unknown, attempted);
    let mut writes = Writes::default();
    for (remote, _) in remotes {
        let decision = match (known.remove(&remote.id), attempted.remove(&remote.id)) {
            (Some(known), _) => rules::load(&known, &remote, author.at),
            (None, Some(attempted)) => {
                result.adopted += 1;
                writes.placed.push(attempted.id);
                writes.apply(adopt(&attempted, &remote, author.at));
                continue;
            }
            (None, None) => {
                result.created += 1;
                writes.new.push(remote);
                continue;
            }
        };
        *counter(&mut result, &decision) += 1;
        writes.apply(decision);
    }
    writes.write(connection, kind, author).await?;
    Ok(result)
}

const fn counter<'a>(result: &'a mut LoadResult, decision: &LoadDecision) -> &'a mut u64 {
    match decision {
        LoadDecision::Same | LoadDecision::Touched(_) | LoadDecision::Confirmed(_) => {
            &mut result.unchanged
        }
        LoadDecision::Updated(_) => &mut result.updated,
        LoadDecision::Conflict(_) => &mut result.conflicts,
    }
}

/// Keeps the last of the records with the same id.
fn last_of_each(sent: Vec<Sent>) -> Vec<Sent> {
    let each = sent.into_iter().map(|record| (record.remote_id, record));
    each.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Finds the posts of comments, and checks the records. The posts are kept from being removed meanwhile.
async fn placed(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    sent: Vec<Sent>,
    refused: &mut Vec<RefusedRecord>,
) -> Result<Vec<Marked>, Error> {
    let posts = match kind {
        Mirrored::Post => HashMap::new(),
        Mirrored::Comment => {
            let ids = sent.iter().filter_map(|it| it.content.parent).collect::<HashSet<_>>();
            let ids = ids.into_iter().collect::<Vec<_>>();
            let posts = storage::posts_with_remote_ids(connection, &ids).await?;
            posts.into_iter().filter_map(|post| Some((post.remote_id?, post))).collect()
        }
    };
    let mut fitting = Vec::with_capacity(sent.len());
    for Sent { remote_id, mut content, marker } in sent {
        if kind == Mirrored::Comment {
            let there = content.parent.unwrap_or_default();
            match posts.get(&there) {
                Some(post) if !post.deleted => content.parent = Some(post.id),
                Some(post) => {
                    let detail = format!("its post, {} here, is removed here", post.id);
                    refused.push(RefusedRecord { remote_id: Some(remote_id), detail });
                    continue;
                }
                None => {
                    let detail = format!("its post, {there} at the remote, is not known here");
                    refused.push(RefusedRecord { remote_id: Some(remote_id), detail });
                    continue;
                }
            }
        }
        let errors = content.errors(kind, expectation);
        if errors.is_empty() {
            fitting.push((Remote::new(remote_id, content), marker));
        } else {
            let detail = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            refused.push(RefusedRecord { remote_id: Some(remote_id), detail });
        }
    }
    Ok(fitting)
}

impl Writes {
    fn apply(&mut self, decision: LoadDecision) {
        match decision {
            LoadDecision::Same => {}
            LoadDecision::Touched(record) => self.touched.push(record),
            LoadDecision::Confirmed(changed)
            | LoadDecision::Updated(changed)
            | LoadDecision::Conflict(changed) => self.changed.push(changed),
        }
    }

    async fn write(
        self,
        connection: &mut AsyncPgConnection,
        kind: Mirrored,
        author: Author<'_>,
    ) -> Result<(), Error> {
        let Self { new, changed, touched, placed } = self;
        let ids = storage::new_ids(connection, kind, new.len()).await?;
        let new = ids.into_iter().zip(new);
        let new = new.map(|(id, remote)| created((kind, id), remote, author.at));
        let new = new.collect::<Vec<_>>();
        storage::create(connection, kind, &new, author).await.map_err(of_write)?;
        storage::overwrite(connection, kind, &changed, author).await.map_err(of_write)?;
        storage::touch(connection, kind, &touched).await.map_err(of_write)?;
        if kind == Mirrored::Post {
            storage::wake_comments(connection, &placed).await?;
        }
        Ok(())
    }
}

/// Removes what the remote has no more, a post with its comments.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    kind: Mirrored,
    Gone { run, remote_ids }: Gone,
    author: Author<'_>,
) -> Result<GoneResult, Error> {
    hold(connection, JOB, run).await?;
    let records = storage::lock(connection, kind, Selection::RemoteIds(&remote_ids)).await?;
    let mut result = GoneResult::default();
    let (mut changed, mut touched, mut removed, mut anew) = (vec![], vec![], vec![], vec![]);
    for record in records {
        match gone(record, author.at) {
            GoneDecision::NeverListed => result.kept += 1,
            GoneDecision::WasRemoved(record) => {
                result.removed += 1;
                touched.push(record);
            }
            GoneDecision::CreatedAnew(it) => {
                result.kept += 1;
                anew.push(it.record.id);
                changed.push(it);
            }
            GoneDecision::Removed(it) => {
                result.removed += 1;
                removed.push(it.record.id);
                changed.push(it);
            }
        }
    }
    storage::overwrite(connection, kind, &changed, author).await?;
    storage::touch(connection, kind, &touched).await?;
    if kind == Mirrored::Post && !anew.is_empty() {
        // In one order, as an offer of all locks them.
        storage::lock_comments(connection, &[&*anew, &*removed].concat()).await?;
        storage::set_comments_afloat(connection, &anew).await?;
    }
    if kind == Mirrored::Post && !removed.is_empty() {
        let remove = |comment: &Record| removed_with_post(comment, author.at);
        storage::remove_comments(connection, &removed, remove, author).await?;
    }
    Ok(result)
}
