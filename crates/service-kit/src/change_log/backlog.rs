//! The number and the age of unpublished changes, without counting them: only the two ends of an
//! outbox of millions are read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use schemars::JsonSchema;
use serde::Serialize;

/// The number of entries that are read at each end.
const END: i64 = 1_000;

/// The unpublished changes, by number and age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backlog {
    /// The number of changes.
    pub waiting: i64,
    /// Set if the number is an estimate: it is exact for up to 2,000 changes.
    pub approximate: bool,
    /// The time of the oldest one.
    pub oldest: Option<DateTime<Utc>>,
}

/// Reads the two ends from the primary key, and looks up the age of the first entry separately.
const ENDS: &str = "
with oldest as materialized (select seq from outbox order by seq limit $1),
newest as materialized (select seq from outbox order by seq desc limit $1),
bounds as (
    select min(seq) as first, coalesce(max(seq), 0) as last, count(*) as count from oldest)
select bounds.count, coalesce(first, 0) as first, last,
    (select count(*) from newest where seq > last) as more,
    (select coalesce(min(seq), 0) from newest) as newest_first,
    (select coalesce(max(seq), 0) from newest) as newest_last,
    (select at from changes where seq = first) as at
from bounds";

/// The two ends of the outbox.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Ends {
    /// The number of the oldest entries; `first` and `last` are their sequence numbers.
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    first: i64,
    #[diesel(sql_type = BigInt)]
    last: i64,
    /// The number of the newest entries that are not among them.
    #[diesel(sql_type = BigInt)]
    more: i64,
    #[diesel(sql_type = BigInt)]
    newest_first: i64,
    #[diesel(sql_type = BigInt)]
    newest_last: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// Returns the number and the age of the unpublished changes.
pub async fn backlog(connection: &AsyncPgConnection) -> QueryResult<Backlog> {
    let asking = diesel::sql_query(ENDS).bind::<BigInt, _>(END);
    let ends = RunQueryDsl::get_result::<Ends>(asking, &mut &*connection).await?;
    let (waiting, approximate) = estimate(ends);
    Ok(Backlog { waiting, approximate, oldest: ends.at })
}

/// Returns the number of entries, and whether it is an estimate. Not every sequence number of the
/// change log is in the outbox; between the two ends they are assumed to be as dense as at the
/// denser end.
fn estimate(ends: Ends) -> (i64, bool) {
    let Ends { count, first, last, more, newest_first, newest_last, .. } = ends;
    if more < END {
        return (count + more, false);
    }
    let between = i128::from((newest_first - last - 1).max(0));
    let span = (last - first).min(newest_last - newest_first).saturating_add(1).max(END);
    let between = between * i128::from(END) / i128::from(span);
    (count + more + i64::try_from(between).unwrap_or(i64::MAX), between > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of an outbox with these entries, in their order.
    fn ends(outbox: &[i64]) -> Ends {
        let end = usize::try_from(END).unwrap();
        let oldest = &outbox[..outbox.len().min(end)];
        let newest = &outbox[outbox.len().saturating_sub(end)..];
        let at = |end: &[i64], last: bool| {
            let seq = if last { end.last() } else { end.first() };
            seq.copied().unwrap_or(0)
        };
        let last = at(oldest, true);
        let more = newest.iter().filter(|seq| **seq > last).count();
        Ends {
            count: oldest.len().try_into().unwrap(),
            first: at(oldest, false),
            last,
            more: more.try_into().unwrap(),
            newest_first: at(newest, false),
            newest_last: at(newest, true),
            at: None,
        }
    }

    fn estimated(outbox: impl Iterator<Item = i64>) -> (i64, bool) {
        estimate(ends(&outbox.collect::<Vec<_>>()))
    }

    #[test]
    fn up_to_two_ends_it_is_exact() {
        for count in [0, 1, 999, 1_000, 1_001, 1_500, 1_999] {
            assert_eq!(estimated((1..=count).map(|n| n * 7)), (count, false));
        }
        assert_eq!(estimated((1..=2_000).map(|n| n * 7)), (2_000, false));
    }

    #[test]
    fn a_long_outbox_is_estimated_by_how_dense_it_is() {
        assert_eq!(estimated(1..=50_000), (50_000, true));
        let (every_third, _) = estimated((1..=50_000).map(|n| n * 3));
        assert!((49_900..=50_100).contains(&every_third), "{every_third}");
    }

    #[test]
    fn one_old_entry_does_not_spoil_the_estimate() {
        let (waiting, _) = estimated(std::iter::once(5).chain(1_000_000..1_010_000));
        assert!((9_900..=10_100).contains(&waiting), "{waiting}");
    }
}
