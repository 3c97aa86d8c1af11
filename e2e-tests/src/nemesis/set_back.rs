//! Orders of a site put back to what an earlier look at the table had, as a restored backup does.

use anyhow::Result;
use serde_json::Value;
use shared_models::site::Site;
use uuid::Uuid;

use super::checker::case::{Row, SetBack};
use super::databases::Databases;
use super::load::{SharedLedger, with};
use super::world::World;

/// How many orders are put back at once, at the most.
const SOME: usize = 3;
/// How many of those that changed last are looked at: more, because only those are put back that
/// have changed again.
const AMONG: u8 = 15;

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
select to_jsonb((select max(seq) from changes where order_id = put_back.id)) from put_back";

/// What an earlier look had.
#[derive(Debug)]
pub(super) struct Look {
    site: Site,
    rows: Vec<Value>,
}

impl Look {
    /// Looks at the orders of a site that changed last.
    pub(super) async fn take(databases: &Databases, site: Site) -> Result<Self> {
        let rows = databases.ask(site, &LOOK.replace("{among}", &AMONG.to_string())).await?;
        let rows = rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?;
        Ok(Self { site, rows })
    }

    /// Puts back some that have changed since; tells how many.
    pub(super) async fn put_back(self, world: &World, ledger: &SharedLedger) -> Result<usize> {
        let mut count = 0;
        for row in self.rows {
            let earlier: Row = serde_json::from_value(row.clone())?;
            let now = known(&world.databases, self.site, earlier.id).await?;
            if now.is_none_or(|now| now.version <= earlier.version) {
                continue;
            }
            // What the peer knows of it is not to be put back meanwhile.
            let mut turn = world.set_backs.lock().await;
            *turn += 1;
            with(ledger, |ledger| ledger.begin_set_back(self.site, earlier.id));
            let putting_back = put_back(&world.databases, *turn, self.site, &row, earlier.clone());
            let put_back = putting_back.await;
            // Also where it failed: the database may have done it before it could say so.
            with(ledger, |ledger| {
                let set_back = put_back.as_ref().ok().and_then(Option::as_ref);
                ledger.end_set_back(self.site, earlier.id, set_back.cloned());
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
    site: Site,
    row: &Value,
    earlier: Row,
) -> Result<Option<SetBack>> {
    let known = known(databases, site.peer(), earlier.id).await?;
    let text = row.to_string().replace('\'', "''");
    let statement = PUT_BACK.replace("{id}", &earlier.id.to_string()).replace("{row}", &text);
    let done = databases.ask(site, &statement).await?;
    let after = done.iter().find_map(|seq| seq.parse::<i64>().ok());
    Ok(after.map(|after| SetBack { turn, after, to: earlier, known }))
}

/// The order as a site has it.
async fn known(databases: &Databases, site: Site, id: Uuid) -> Result<Option<Row>> {
    let rows = format!("select to_jsonb(orders) from orders where id = '{id}'");
    let rows = databases.ask(site, &rows).await?;
    Ok(rows.first().map(|row| serde_json::from_str(row)).transpose()?)
}
