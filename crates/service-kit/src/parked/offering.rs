//! Offering due parked changes: one event for each order, however many of its changes are due.

use std::collections::{BTreeMap, HashMap};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::storage::{self, Due};
use crate::database::now;
use crate::offers;
use crate::resource::Resource;

/// Offers the orders of due changes, up to a limit; returns whether there may be more. The caller
/// owns the transaction.
pub async fn offer_due(
    connection: &mut AsyncPgConnection,
    resource: &dyn Resource,
) -> QueryResult<bool> {
    let due = storage::lock_due(connection, resource, now(), offers::STEP).await?;
    if due.is_empty() {
        return Ok(false);
    }
    let last = last_of_each(&due);
    let orders = last.keys().copied().collect::<Vec<_>>();
    let events = offers::offer(connection, resource, &orders, None).await?;
    let carried = by_row(&last, &events);
    storage::set_offered(connection, &due, &carried).await?;
    tracing::info!(changes = due.len(), orders = events.len(), "parked changes are offered again");
    Ok(due.len() >= offers::STEP)
}

/// Returns the change of each order that was parked last: it stands for the others.
fn last_of_each(due: &[Due]) -> BTreeMap<Uuid, Uuid> {
    let mut last = BTreeMap::<Uuid, &Due>::new();
    for row in due {
        let speaker = last.entry(row.order_id).or_insert(row);
        if (speaker.last_at, speaker.id) < (row.last_at, row.id) {
            *speaker = row;
        }
    }
    last.into_iter().map(|(order, row)| (order, row.id)).collect()
}

/// Maps each of these rows to the event of its order's offer.
fn by_row(last: &BTreeMap<Uuid, Uuid>, events: &BTreeMap<Uuid, Uuid>) -> HashMap<Uuid, Uuid> {
    last.iter().filter_map(|(order, row)| Some((*row, *events.get(order)?))).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn due(id: u128, order: u128, parked: i64) -> Due {
        let last_at = DateTime::from_timestamp(parked, 0).unwrap();
        Due { id: Uuid::from_u128(id), order_id: Uuid::from_u128(order), last_at }
    }

    #[test]
    fn the_change_that_was_parked_last_speaks_for_its_order() {
        let rows = [due(1, 7, 30), due(2, 7, 20), due(3, 8, 10), due(4, 9, 10), due(5, 9, 10)];
        let spoken = last_of_each(&rows).into_values().map(|id| id.as_u128());
        assert_eq!(spoken.collect::<Vec<_>>(), [1, 3, 5]);
    }
}
