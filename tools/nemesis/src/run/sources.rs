//! The wait for the sources, and the check of what they and the sides have.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use sample_sources::remote::Kind;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared_models::side::Side;

use super::Run;
use crate::checker::mirrored::{Evidence, Here, Sent, There};
use crate::checker::{mirrored, pulled, runs};
use crate::settling;
use crate::sources::shifting::USERS;
use crate::sources::written::{Agreed, with};
use crate::violation::{Rule, Violation};

const HERE: &str = "
select jsonb_build_object('kind', 'posts', 'id', id, 'remote_id', remote_id, 'contents',
    jsonb_build_object('title', title, 'body', body, 'userId', user_id))
from posts where not deleted
union all
select jsonb_build_object('kind', 'comments', 'id', comments.id, 'remote_id', comments.remote_id,
    'contents', jsonb_build_object('postId', posts.remote_id, 'name', name,
        'email', email, 'body', comments.body))
from comments left join posts on posts.id = post_id and not posts.deleted
where not comments.deleted";
const PULLED: &str = "
select jsonb_build_object(
    'operators', (select coalesce(jsonb_agg(operators), '[]') from operators where not deleted),
    'sites', (select coalesce(jsonb_agg(sites), '[]') from sites where not deleted),
    'links', (select coalesce(jsonb_agg(operator_sites), '[]') from operator_sites))";
const RUNS: &str = "
select jsonb_build_object('job', job, 'task', task,
    'began', (extract(epoch from began_at) * 1000000)::bigint,
    'ended', (extract(epoch from ended_at) * 1000000)::bigint,
    'is_abandoned', state = 'abandoned')
from runs order by job, began_at";
/// The fields of a record that both sides have.
const FIELDS: [&str; 6] = ["title", "body", "userId", "postId", "name", "email"];

impl Run {
    /// Waits until the sources and the sides have the same, or until it is told to stop.
    pub(super) async fn settle(&mut self, healed: Instant) {
        let (stop, world) = (self.stop.clone(), Arc::clone(&self.world));
        for limit in self.limits() {
            match stop.run_until_cancelled(settling::reach(&world, healed, *limit)).await {
                None => return,
                Some(Err(why)) => self.violated(Violation::of_all(Rule::Agrees, why)),
                Some(Ok(took)) => {
                    self.report.settled.push(took);
                    return;
                }
            }
        }
    }

    /// Holds what the sources and the sides have against what was asked for.
    pub(super) async fn check_sources(&mut self) -> Result<()> {
        let here = self.rows::<Value>(Side::Store, HERE).await?;
        let here = here.iter().map(here_of).collect::<Result<Vec<_>>>()?;
        let there = self.there();
        self.take_sent();
        let found = with(&self.written, |written| {
            let evidence = Evidence { written, here: &here, there: &there, sent: &self.sent };
            let found = mirrored::check(&evidence);
            if !found.is_empty() {
                let text =
                    format!("{evidence:#?}\n{:#?}", self.world.sources.remote.steering().ledger());
                fs::write(self.world.folder.join("mirror.txt"), text)?;
            }
            let all = here.iter().map(|here| here.record.clone()).collect::<Vec<_>>();
            written.agree(&all);
            anyhow::Ok(found)
        })?;
        self.report.mirrored = here.len();
        self.report.sent = self.sent.len();
        let pulled = self.rows::<pulled::Pulled>(Side::Warehouse, PULLED).await?;
        let upstream = &self.world.sources.upstream;
        let listed = USERS.filter_map(|user| upstream.warehouses_of(user)).collect::<Vec<_>>();
        let pulled = pulled.first().context("a row")?;
        let mut found = [found, pulled::check(&listed, pulled)].concat();
        for side in Side::ALL {
            found.extend(runs::check(&self.rows(side, RUNS).await?));
        }
        found.into_iter().for_each(|violation| self.violated(violation));
        Ok(())
    }

    async fn rows<T: DeserializeOwned>(&self, side: Side, query: &str) -> Result<Vec<T>> {
        let rows = self.world.databases.ask(side, query).await?;
        let read = |row: &String| serde_json::from_str(row).with_context(|| row.clone());
        rows.iter().map(read).collect()
    }

    fn there(&self) -> Vec<There> {
        let of = |kind| {
            let records = self.world.sources.remote.records(kind).into_iter();
            records.map(move |fields| There {
                kind,
                id: fields["id"].as_u64().unwrap_or_default(),
                contents: fields
                    .into_iter()
                    .filter(|(name, _)| FIELDS.contains(&&**name))
                    .collect(),
            })
        };
        of(Kind::Posts).chain(of(Kind::Comments)).collect()
    }

    /// Adds what the remote got since it was asked last.
    fn take_sent(&mut self) {
        let entries = self.world.sources.remote.steering().ledger_after(self.seen, usize::MAX);
        self.seen = entries.last().map_or(self.seen, |last| last.number);
        for entry in entries.into_iter().filter(|it| ["POST", "PUT"].contains(&&*it.method)) {
            let fields = entry.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
            let title = title(&fields.unwrap_or_default());
            self.sent.push(Sent { title, has_created: entry.method == "POST" && entry.applied });
        }
    }
}

fn here_of(row: &Value) -> Result<Here> {
    let kind = row["kind"].as_str().and_then(Kind::of).context("posts or comments")?;
    let contents = row["contents"].clone();
    let title = title(contents.as_object().context("an object")?);
    let (id, remote_id) = (row["id"].as_i64().context("an id")?, row["remote_id"].as_u64());
    Ok(Here { record: Agreed { kind, id, remote_id, title }, contents })
}

/// The title of a post, or the name of a comment.
fn title(fields: &Map<String, Value>) -> String {
    let title = fields.get("title").or_else(|| fields.get("name"));
    title.and_then(Value::as_str).unwrap_or_default().to_owned()
}
