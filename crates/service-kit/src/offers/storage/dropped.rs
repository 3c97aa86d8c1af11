//! Taking back the drops of the records that are offered.

use diesel::QueryResult;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::change_log::Change;

/// Marks what was dropped of these records as offered again: the newest of each with the event of the offer, by
/// which it is known if that is in vain, too. Where a change of the record is parked, that stands for all of it.
const OFFER_DROPPED: &str = "
with dropped as materialized (
    select parked.id, parked.last_at, new.key, new.event_id
    from unnest($1, $2, $3) as new (resource, key, event_id)
    join parked on parked.resource = new.resource and parked.key = new.key
    where parked.state = 'dropped'
    order by parked.id
    for update of parked),
ranked as (
    select id, event_id, row_number() over (partition by key order by last_at desc, id desc) as place
    from dropped)
update parked set
    state = 'offered',
    event_id = case when place = 1 and not exists (
            select from parked waiting
            where waiting.resource = parked.resource and waiting.key = parked.key
                and waiting.state = 'parked')
        then ranked.event_id else parked.event_id end
from ranked where parked.id = ranked.id";

/// Marks what was dropped of the records of these offers as offered again.
pub(in crate::offers) async fn offer_dropped(
    connection: &mut AsyncPgConnection,
    offers: &[Change],
) -> QueryResult<()> {
    if offers.is_empty() {
        return Ok(());
    }
    diesel::sql_query(OFFER_DROPPED)
        .bind::<Array<Text>, _>(offers.iter().map(|it| it.resource).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(offers.iter().map(|it| &*it.key).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(offers.iter().map(|it| it.event_id).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
