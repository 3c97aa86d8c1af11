//! Offering due parked changes: one event for each record, however many of its changes are due.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::storage::{self, Due};
use crate::database::{DatabaseError, in_time, now};
use crate::offers;
use crate::relay::{Task, TaskOutcome};
use crate::resource::Resources;

/// The relay's task for parked changes: each step offers the records of those that are due.
#[derive(Debug)]
pub(crate) struct ParkedTask(pub(crate) Resources);

impl Task for ParkedTask {
    /// Offers one event of each parked record, also while others cannot be published.
    fn waits_for_publishing(&self) -> bool {
        false
    }

    fn step<'a>(
        &'a self,
        session: &'a mut AsyncPgConnection,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>> {
        self.offer_due(session, deadline).boxed()
    }
}

impl ParkedTask {
    async fn offer_due(
        &self,
        session: &mut AsyncPgConnection,
        deadline: Duration,
    ) -> Result<TaskOutcome, DatabaseError> {
        let offering = session.transaction(async |it| offer_due(it, &self.0).await);
        match in_time(deadline, offering).await? {
            Ok(Some(records)) => Ok(TaskOutcome::Offered { records }),
            Ok(None) => Ok(TaskOutcome::Nothing),
            Err(error) => {
                tracing::warn!(%error, "offering parked changes failed; trying again");
                Ok(TaskOutcome::Failed)
            }
        }
    }
}

/// Offers the records of due changes, up to a limit; returns the number of records, or `None` if no
/// change is due. The caller owns the transaction.
async fn offer_due(
    connection: &mut AsyncPgConnection,
    resources: &Resources,
) -> QueryResult<Option<usize>> {
    let due = storage::lock_due(connection, resources, now(), offers::STEP).await?;
    if due.is_empty() {
        return Ok(None);
    }
    let mut events = HashMap::new();
    // In the order of the resources, in which all transactions lock records of several.
    let mut last_of = last_of_each(&due);
    for resource in resources.each() {
        let Some(last) = last_of.remove(resource.name()) else { continue };
        let keys = last.keys().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        // What was parked goes on in its own trace.
        let trace_of = |key: &str| last.get(key)?.trace.as_deref()?.parse().ok();
        let offered = offers::offer(connection, resource, &keys, None, trace_of).await?;
        let of_row = |(key, row): (&&str, &&Due)| Some((row.id, *offered.get(*key)?));
        events.extend(last.iter().filter_map(of_row));
    }
    storage::set_offered(connection, &due, &events).await?;
    tracing::info!(
        changes = due.len(),
        records = events.len(),
        "parked changes were offered again"
    );
    Ok(Some(events.len()))
}

/// Returns, for each resource, the change of each of its records that was parked last: it represents
/// the others.
fn last_of_each(due: &[Due]) -> BTreeMap<&str, BTreeMap<&str, &Due>> {
    let mut last = BTreeMap::<&str, BTreeMap<&str, &Due>>::new();
    for row in due {
        let of_resource = last.entry(&row.resource).or_default();
        let newest = of_resource.entry(&row.key).or_insert(row);
        if (newest.last_at, newest.id) < (row.last_at, row.id) {
            *newest = row;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use uuid::Uuid;

    use super::*;

    fn due(id: u128, resource: &str, key: &str, parked: i64) -> Due {
        let last_at = DateTime::from_timestamp(parked, 0).unwrap();
        let (id, resource, key) = (Uuid::from_u128(id), resource.into(), key.into());
        Due { id, resource, key, last_at, trace: None }
    }

    #[test]
    fn the_change_that_was_parked_last_stands_for_its_record() {
        let rows = [
            due(1, "order", "7", 30),
            due(2, "order", "7", 20),
            due(3, "order", "8", 10),
            due(4, "order", "9", 10),
            due(5, "order", "9", 10),
            due(6, "reading", "7", 40),
        ];
        let last = last_of_each(&rows);
        let ids =
            |resource| last[resource].values().map(|row| row.id.as_u128()).collect::<Vec<_>>();
        assert_eq!((ids("order"), ids("reading")), (vec![1, 3, 5], vec![6]));
    }
}
