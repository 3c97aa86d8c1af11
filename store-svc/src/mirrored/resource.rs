//! Posts and comments as resources: what the change log, offers and retention have to know of them.

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use service_kit::change_log::Change;
use service_kit::database::now;
use service_kit::resource::{Removals, Resource, Table};
use shared_models::mirror::{MirrorEvent, Mirrored};

use super::event::{Author, Changed, Source};
use super::record::Record;
use super::rules::key;
use super::storage::{self, Selection};

/// The records of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MirroredResource(pub(crate) Mirrored);

impl MirroredResource {
    fn offers(records: Vec<Record>, principal: Option<&str>) -> QueryResult<Vec<Change>> {
        let author = Author { at: now(), principal, trace: None, source: Source::Local };
        let offer = |record| Changed::new(record, MirrorEvent::Offered).to_change(author);
        records.into_iter().map(offer).collect()
    }

    /// Marks those of the records that wait as due: feeds have no offers, so that the mirror would not
    /// notice that it is to try again what the remote has refused.
    async fn offer(
        self,
        connection: &mut AsyncPgConnection,
        which: Selection<'_>,
        principal: Option<&str>,
    ) -> QueryResult<Vec<Change>> {
        let records = storage::lock(connection, self.0, which).await?;
        let waiting = records.iter().filter(|it| it.mirror.waits());
        let mut due = waiting.cloned().collect::<Vec<_>>();
        for Record { mirror, .. } in &mut due {
            mirror.due = true;
            if let Some(sending) = &mut mirror.sending {
                sending.offered = true;
            }
        }
        storage::touch(connection, self.0, &due).await?;
        Self::offers(records, principal)
    }
}

impl Resource for MirroredResource {
    fn name(&self) -> &'static str {
        self.0.resource()
    }

    fn table(&self) -> Table {
        Table { name: self.0.plural(), key: "id", key_type: "bigint" }
    }

    fn key(&self, text: &str) -> Option<String> {
        key(text).map(|key| key.to_string())
    }

    fn must_arrive(&self) -> bool {
        false
    }

    fn feed(&self) -> &'static str {
        match self.0 {
            Mirrored::Post => "/v1/posts/changes",
            Mirrored::Comment => "/v1/comments/changes",
        }
    }

    fn offers_of<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        keys: &'a [String],
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let ids = keys.iter().filter_map(|text| key(text)).collect::<Vec<_>>();
            self.offer(connection, Selection::Ids(&ids), principal).await
        }
        .boxed()
    }

    fn offers_after<'a>(
        &'a self,
        connection: &'a mut AsyncPgConnection,
        after: Option<&'a str>,
        limit: i64,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, QueryResult<Vec<Change>>> {
        async move {
            let id = after.and_then(key).unwrap_or_default();
            self.offer(connection, Selection::After { id, limit }, principal).await
        }
        .boxed()
    }

    /// A removed record stays until the remote has removed it, too.
    fn removals(&self) -> Option<Removals> {
        Some(Removals { which: "deleted and changed_version <= sent_version", at: "modified_at" })
    }
}
