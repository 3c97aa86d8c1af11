//! The contents of the two databases.

use std::time::Duration;

use anyhow::{Context, Result};
use process_kit::Both;
use serde::Deserialize;
use shared_models::side::Side;
use tokio::time::timeout;
use tokio_postgres::{NoTls, SimpleQueryMessage};
use uuid::Uuid;

use super::checker::case::{Change, Row};

/// PostgreSQL may be stopped just now.
const LIMIT: Duration = Duration::from_secs(60);

/// Every change that ever entered the outbox. The outbox itself forgets.
const WATCH: &str = "
create table published (seq bigint primary key);
create function note_published() returns trigger language plpgsql security definer as
    $$ begin insert into published values (new.seq); return new; end $$;
create trigger note_published before insert on outbox
    for each row execute function note_published();
";

/// A side's standing, without marks, which are no content: a side that has decided about a count
/// does not know its mark any more, and the peer may.
const STANDING: &str = "
select jsonb_build_object(
    'outbox', (select count(*) from outbox),
    'offers', (select count(*) from offers),
    'parked', (select count(*) from parked where state = 'parked' and resource = 'order'),
    'left', (select count(*) from parked where state = 'parked' and offer_at is null
        and coalesce(resource, 'order') = 'order'),
    'orders', count(*),
    'digest', coalesce(sum(hashtextextended(
        concat(id, delivery - 'marks', progress - 'marks'), 0)), 0)::text
) from orders";

/// One statement, so that orders and changes are of one moment.
const HISTORY: &str = "
select jsonb_build_object('row', to_jsonb(orders)) from orders where orders.id {of}
union all
select jsonb_build_object('change',
    to_jsonb(changes) || jsonb_build_object('published', published.seq is not null))
from changes left join published using (seq) where changes.resource = 'order' and changes.key {of}";

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Row(Box<Row>),
    Change(Box<Change>),
}

/// The databases of both sides.
#[derive(Debug)]
pub struct Databases {
    urls: Both<String>,
}

/// The standing of a side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Changes that RabbitMQ has not confirmed.
    pub outbox: u64,
    /// Offers that are not worked off.
    pub offers: u64,
    /// Changes that are parked.
    pub parked: u64,
    /// Of them, those that are not offered again by themselves.
    pub left: u64,
    /// Orders.
    pub orders: u64,
    /// Of what the sides share of them.
    pub digest: String,
}

/// Which orders are asked for.
#[derive(Clone, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// These.
    These(Vec<Uuid>),
}

impl Databases {
    /// The databases at these URLs.
    pub fn new(url: impl Fn(Side) -> String) -> Self {
        Self { urls: Both::of(url) }
    }

    /// Notes from now on what is published.
    pub async fn watch(&self) -> Result<()> {
        for side in Side::ALL {
            self.ask(side, WATCH).await?;
        }
        Ok(())
    }

    /// The standing of a side.
    pub async fn standing(&self, side: Side) -> Result<Standing> {
        let rows = self.ask(side, STANDING).await?;
        Ok(serde_json::from_str(rows.first().context("a count without a row")?)?)
    }

    /// Orders as they stand at a side, and their changes in the order of its log.
    pub async fn history(&self, side: Side, which: &Which) -> Result<(Vec<Row>, Vec<Change>)> {
        let of = match which {
            Which::All => "is not null".to_owned(),
            Which::These(ids) => {
                let ids: Vec<_> = ids.iter().map(Uuid::to_string).collect();
                format!("= any ('{{{}}}')", ids.join(","))
            }
        };
        let (mut rows, mut changes) = (vec![], vec![]);
        for entry in self.ask(side, &HISTORY.replace("{of}", &of)).await? {
            let read = serde_json::from_str(&entry);
            match read.with_context(|| format!("the {side} has this: {entry}"))? {
                Entry::Row(row) => rows.push(*row),
                Entry::Change(change) => changes.push(*change),
            }
        }
        changes.sort_by_key(|change| change.seq);
        Ok((rows, changes))
    }

    /// The first column of each row.
    pub(super) async fn ask(&self, side: Side, query: &str) -> Result<Vec<String>> {
        let asking = async {
            let (client, connection) = tokio_postgres::connect(self.urls.at(side), NoTls).await?;
            let serving = tokio::spawn(connection);
            let messages = client.simple_query(query).await?;
            drop(client);
            drop(serving.await);
            let first = |message: SimpleQueryMessage| {
                let SimpleQueryMessage::Row(row) = message else { return None };
                row.get(0).map(str::to_owned)
            };
            anyhow::Ok(messages.into_iter().filter_map(first).collect())
        };
        timeout(LIMIT, asking).await.with_context(|| format!("the {side}'s database is silent"))?
    }
}
