//! Orders of a side put back to what an earlier look at the table had, as a restored backup does.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use process_kit::secured::headers;
use program_kit::access::Role;
use serde_json::{Value, json};
use shared_models::side::Side;
use test_kit::http;
use tokio::time::sleep;
use uuid::Uuid;

use super::checker::case::{Row, SetBack};
use super::databases::Databases;
use super::load::{SharedLedger, with};
use super::parts::Part;
use super::world::World;

/// The most orders that are put back at once.
const SOME: usize = 3;
/// The number of those that changed last which are looked at: more, because only those are put back
/// that have changed again.
const AMONG: u8 = 15;
/// A change that is younger has not been compared yet: the worker reads the log up to what was its
/// newest place at an earlier look, and looks every 3 s.
const NOT_COMPARED: f64 = 2.0;
/// The interval at which offers are asked for of orders that were put back unnoticed. What a side
/// had told before it was put back may arrive at its peer after the first time.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The orders that changed last.
const LOOK: &str = "
select to_jsonb(recent)
from (select * from orders order by updated_at desc limit {among}) as recent
order by random()";

/// One order that has changed since, locked first: a statement sees what was committed before it.
const PUT_BACK: &str = "
select null from orders where id = '{id}' for update;
with earlier as (select * from jsonb_populate_record(null::orders, '{row}')),
put_back as (
    update orders set
        delivery = earlier.delivery, progress = earlier.progress, private = earlier.private,
        version = earlier.version, updated_at = earlier.updated_at,
        company = earlier.company, status = earlier.status
    from earlier where orders.id = earlier.id and orders.version > earlier.version
    returning orders.id)
select to_jsonb((select max(seq) from changes where resource = 'order' and key = put_back.id::text)) from put_back";

/// The age, in seconds, of the last change of an order that comparing reads in a side's log. (An
/// order with a parked change is left to that side.)
const AGE: &str = "
select extract(epoch from clock_timestamp() - max(at)) from changes
where resource = 'order' and key = '{id}' and to_publish and offer_in_bulk is not true
    and not exists (select from parked where resource = 'order' and key = '{id}' and state = 'parked')";

/// The order at an earlier look.
#[derive(Debug)]
pub(super) struct Look {
    side: Side,
    rows: Vec<Value>,
}

impl Look {
    /// Looks at the orders of a side that changed last.
    pub(super) async fn take(databases: &Databases, side: Side) -> Result<Self> {
        let rows = databases.ask(side, &LOOK.replace("{among}", &AMONG.to_string())).await?;
        let rows = rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?;
        Ok(Self { side, rows })
    }

    /// Puts back some that have changed since; tells how many.
    pub(super) async fn put_back(self, world: &World, ledger: &SharedLedger) -> Result<usize> {
        let mut count = 0;
        for row in self.rows {
            let earlier: Row = serde_json::from_value(row.clone())?;
            let now = known(&world.databases, self.side, earlier.id).await?;
            if now.is_none_or(|now| now.version <= earlier.version) {
                continue;
            }
            // What the peer knows of it is not to be put back meanwhile.
            let mut turn = world.set_backs.lock().await;
            *turn += 1;
            with(ledger, |ledger| ledger.begin_set_back(self.side, earlier.id));
            let putting_back = put_back(&world.databases, *turn, self.side, &row, earlier.clone());
            let put_back = putting_back.await;
            let is_compared = match &put_back {
                Ok(Some(done)) => will_be_compared(&world.databases, done).await,
                Ok(None) => true,
                // The database may have done it before it could say so.
                Err(_) => false,
            };
            with(ledger, |ledger| {
                let set_back = put_back.as_ref().ok().and_then(Option::as_ref);
                ledger.end_set_back(self.side, earlier.id, set_back.cloned(), is_compared);
            });
            count += usize::from(put_back?.is_some());
            if count == SOME {
                break;
            }
        }
        Ok(count)
    }
}

async fn put_back(
    databases: &Databases,
    turn: usize,
    side: Side,
    row: &Value,
    earlier: Row,
) -> Result<Option<SetBack>> {
    let known = known(databases, side.peer(), earlier.id).await?;
    let text = row.to_string().replace('\'', "''");
    let statement = PUT_BACK.replace("{id}", &earlier.id.to_string()).replace("{row}", &text);
    let done = databases.ask(side, &statement).await?;
    let after = done.iter().find_map(|seq| seq.parse::<i64>().ok());
    Ok(after.map(|after| SetBack { turn, after, to: earlier, known }))
}

/// The order as a side has it.
async fn known(databases: &Databases, side: Side, id: Uuid) -> Result<Option<Row>> {
    let rows = format!("select to_jsonb(orders) from orders where id = '{id}'");
    let rows = databases.ask(side, &rows).await?;
    Ok(rows.first().map(|row| serde_json::from_str(row)).transpose()?)
}

/// Returns whether comparing must notice by itself that an order was put back: what its peer knows
/// already shows it, and the change because of which the two are compared is still to be read.
async fn will_be_compared(databases: &Databases, done: &SetBack) -> bool {
    let is_behind = done.known.as_ref().is_some_and(|known| {
        let (here, there) = (&done.to.shared, &known.shared);
        !here.delivery.revision.covers(there.delivery.revision)
            || !here.progress.revision.covers(there.progress.revision)
    });
    let mut is_young = false;
    for side in Side::ALL {
        let query = AGE.replace("{id}", &done.to.id.to_string()).replace("{side}", side.as_str());
        let age = databases.ask(side, &query).await.unwrap_or_default();
        is_young |=
            age.first().and_then(|age| age.parse::<f64>().ok()).is_some_and(|it| it < NOT_COMPARED);
    }
    is_behind && is_young
}

/// Does what operations.md says to do after a restore: asks the other side for an offer of the
/// orders that were put back where nothing is compared because of them any more. Does not end.
pub(super) async fn ask_for_offers(world: &World, orders: &[(Side, Uuid)]) -> Infallible {
    let http = http().default_headers(headers(Role::Admin)).build().unwrap();
    loop {
        for side in Side::ALL {
            let of_side = orders.iter().filter(|(put_back, _)| *put_back == side);
            let ids = of_side.map(|(_, order)| order).collect::<Vec<_>>();
            if !ids.is_empty() {
                let url = format!("{}/v1/sync/offer", world.url(Part::of(side.peer())));
                // One that fails is asked for again.
                drop(http.post(url).json(&json!({ "ids": ids })).send().await);
            }
        }
        sleep(ASK_AGAIN).await;
    }
}
