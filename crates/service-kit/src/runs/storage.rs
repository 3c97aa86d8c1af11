//! All SQL for jobs and their runs. Times are those of PostgreSQL's clock, which all replicas share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{Eq, exists, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use shared_models::runs::{
    BeginRun, Cursors, EndRun, MAX_HOLD, RefusedRecord, Run, RunFailure, RunState,
};
use uuid::Uuid;

use super::rules::{Held, Known, Last};
use crate::database::Json;
use crate::database::schema::{jobs, runs};

/// The runs of each task of a job that are kept, beside the newest one that succeeded.
const KEPT: i64 = 1_000;

const ABANDONED: &str = "its worker was not heard of any more";

/// Returns what is known of a job, and locks it; creates it if there is none. The caller's transaction
/// sees what others committed before the lock, as each statement has a snapshot of its own.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    job: &str,
    request: &BeginRun,
) -> QueryResult<Known> {
    let new = diesel::insert_into(jobs::table).values(jobs::name.eq(job));
    new.on_conflict_do_nothing().execute(connection).await?;
    let now = sql::<Timestamptz>("clock_timestamp()");
    let columns = (jobs::run, jobs::held_until, jobs::held_for, jobs::cursors, now);
    type Row = (Option<Uuid>, Option<DateTime<Utc>>, Option<i32>, Json<Cursors>, DateTime<Utc>);
    let (run, until, seconds, Json(cursors), now) =
        jobs::table.find(job).select(columns).for_update().first::<Row>(connection).await?;
    let seconds = seconds.map_or(MAX_HOLD, i32::unsigned_abs);
    let under_way = run.zip(until).map(|(run, until)| Held { run, until, seconds });
    let newest = runs::table
        .filter(runs::job.eq(job).and(runs::task.eq(&request.task)))
        .filter(runs::state.ne(RunState::Abandoned.as_str()).and(runs::began_at.le(now)))
        // If that one is not held any more, its worker has ended without a word.
        .filter(runs::id.ne(run.unwrap_or_default()))
        .order((runs::began_at.desc(), runs::id.desc()))
        .select((runs::began_at, runs::again_at));
    let last = newest.first::<(DateTime<Utc>, Option<DateTime<Utc>>)>(connection).await;
    let last = last.optional()?.map(|(began, again_at)| Last { began, again_at });
    let same = runs::table.find(request.run);
    let is_known = diesel::select(exists(same)).get_result(connection).await?;
    Ok(Known { now, under_way, last, is_known, cursors })
}

/// Makes a run the one under way, and deletes the oldest ones.
pub(super) async fn begin(
    connection: &mut AsyncPgConnection,
    job: &str,
    request: &BeginRun,
) -> QueryResult<()> {
    let run = (
        runs::id.eq(request.run),
        runs::job.eq(job),
        runs::task.eq(&request.task),
        runs::requested.eq(request.interval.is_none()),
        runs::principal.eq(&request.principal),
        runs::state.eq(RunState::Running.as_str()),
        runs::began_at.eq(sql::<Timestamptz>("clock_timestamp()")),
    );
    diesel::insert_into(runs::table).values(run).execute(connection).await?;
    let held = (jobs::run.eq(request.run), held_for(request.hold));
    diesel::update(jobs::table.find(job)).set(held).execute(connection).await?;
    let kept = runs::table
        .filter(runs::job.eq(job).and(runs::task.eq(&request.task)))
        .order((runs::began_at.desc(), runs::id.desc()))
        .offset(KEPT)
        .select(runs::id);
    let old = kept.load::<Uuid>(connection).await?;
    if old.is_empty() {
        return Ok(());
    }
    // Failures, however many, do not delete the last success: an audit's is the newest receipt.
    let succeeded = runs::table
        .filter(runs::job.eq(job).and(runs::task.eq(&request.task)))
        .filter(runs::state.eq(RunState::Succeeded.as_str()))
        .order((runs::began_at.desc(), runs::id.desc()))
        .select(runs::id);
    let succeeded = succeeded.first::<Uuid>(connection).await.optional()?;
    let old = old.into_iter().filter(|id| Some(*id) != succeeded).collect::<Vec<_>>();
    // The clock may have been set back, so that this one seems to be old.
    let old = runs::table.filter(runs::id.eq_any(old).and(runs::id.ne(request.run)));
    diesel::delete(old).execute(connection).await.map(drop)
}

/// Holds a run for so many seconds from now; returns `false` if it is not under way.
pub(super) async fn renew(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
    seconds: u32,
) -> QueryResult<bool> {
    let renewed = diesel::update(jobs::table.filter(jobs::name.eq(job).and(jobs::run.eq(run))));
    Ok(renewed.set(held_for(seconds)).execute(connection).await? > 0)
}

/// Returns whether a run is under way, and keeps it so until the end of the transaction.
pub(super) async fn is_under_way(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
) -> QueryResult<bool> {
    let this = jobs::table.filter(jobs::name.eq(job).and(jobs::run.eq(run)));
    let this = this.select(jobs::name).for_share();
    Ok(this.first::<String>(connection).await.optional()?.is_some())
}

/// Stores how far a job has come; returns `false` if the run is not under way.
pub(super) async fn set_cursors(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
    cursors: Cursors,
) -> QueryResult<bool> {
    let this = diesel::update(jobs::table.filter(jobs::name.eq(job).and(jobs::run.eq(run))));
    Ok(this.set(jobs::cursors.eq(Json(cursors))).execute(connection).await? > 0)
}

/// Stores what a run has found so far.
pub(super) async fn set_report(
    connection: &mut AsyncPgConnection,
    run: Uuid,
    report: Value,
) -> QueryResult<()> {
    let this = diesel::update(runs::table.find(run));
    this.set(runs::report.eq(Json(report))).execute(connection).await.map(drop)
}

/// Marks a run as abandoned: it is not under way any more.
pub(super) async fn abandon(connection: &mut AsyncPgConnection, run: Uuid) -> QueryResult<()> {
    let this = diesel::update(jobs::table.filter(jobs::run.eq(run)));
    this.set(jobs::run.eq(None::<Uuid>)).execute(connection).await?;
    let abandoned = (
        runs::state.eq(RunState::Abandoned.as_str()),
        runs::ended_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp()")),
        runs::reason.eq("abandoned"),
        runs::detail.eq(ABANDONED),
    );
    diesel::update(runs::table.find(run)).set(abandoned).execute(connection).await.map(drop)
}

/// Ends a run that is under way.
pub(super) async fn end(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
    end: EndRun,
) -> QueryResult<()> {
    let this = diesel::update(jobs::table.filter(jobs::name.eq(job).and(jobs::run.eq(run))));
    let EndRun { failure, counts, refused, again_after, cursors, report } = end;
    let cursors = cursors.map(|cursors| jobs::cursors.eq(Json(cursors)));
    let over = this.set((jobs::run.eq(None::<Uuid>), cursors));
    if over.execute(connection).await? == 0 {
        return Ok(());
    }
    let state = if failure.is_none() { RunState::Succeeded } else { RunState::Failed };
    let (reason, detail) = failure.map(|it| (it.reason, it.detail)).unzip();
    let ended = (
        runs::state.eq(state.as_str()),
        runs::ended_at.eq(sql::<Nullable<Timestamptz>>("clock_timestamp()")),
        runs::counts.eq(Json(counts)),
        runs::reason.eq(reason),
        runs::detail.eq(detail),
        runs::refused.eq(Json(refused)),
        runs::again_at.eq(sql::<Nullable<Timestamptz>>(&again_at(again_after))),
        report.map(|report| runs::report.eq(Json(report))),
    );
    diesel::update(runs::table.find(run)).set(ended).execute(connection).await.map(drop)
}

/// Returns the time in so many milliseconds, as SQL. What is longer than a year never comes before an interval.
fn again_at(milliseconds: Option<u64>) -> String {
    const YEAR: u64 = 366 * 24 * 3_600_000;
    milliseconds.filter(|it| *it <= YEAR).map_or_else(
        || "null::timestamptz".to_owned(),
        |it| format!("clock_timestamp() + interval '{it} milliseconds'"),
    )
}

/// The hold of a run for so many seconds from now.
fn held_for(seconds: u32) -> (Eq<jobs::held_until, InSeconds>, Eq<jobs::held_for, Option<i32>>) {
    let until = sql(&format!("clock_timestamp() + interval '{seconds} seconds'"));
    (jobs::held_until.eq(until), jobs::held_for.eq(i32::try_from(seconds).ok()))
}

type InSeconds = SqlLiteral<Nullable<Timestamptz>>;

type Row = (
    Uuid,
    String,
    String,
    bool,
    Option<String>,
    String,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Json<BTreeMap<String, u64>>,
    Option<String>,
    Option<String>,
    Json<Vec<RefusedRecord>>,
    Option<DateTime<Utc>>,
    Option<Json<Value>>,
);

fn run(row: Row) -> Run {
    let (
        id,
        job,
        task,
        requested,
        principal,
        state,
        began_at,
        ended_at,
        counts,
        reason,
        detail,
        refused,
        again_at,
        report,
    ) = row;
    let state = RunState::ALL.into_iter().find(|it| it.as_str() == state);
    Run {
        id,
        job,
        task,
        requested,
        principal,
        // The table has a check of the names.
        state: state.unwrap_or(RunState::Abandoned),
        began_at,
        ended_at,
        counts: counts.0,
        failure: reason.zip(detail).map(|(reason, detail)| RunFailure { reason, detail }),
        refused: refused.0,
        again_at,
        report: report.map(|report| report.0),
    }
}

/// Returns a run.
pub(crate) async fn find(
    connection: &AsyncPgConnection,
    job: &str,
    id: Uuid,
) -> QueryResult<Option<Run>> {
    let one = runs::table.filter(runs::id.eq(id).and(runs::job.eq(job)));
    let row = RunQueryDsl::first::<Row>(one, &mut &*connection).await.optional()?;
    Ok(row.map(run))
}

/// Returns the newest runs of a job, or of a task of it, newest first; of those in a state, where one is given.
/// Read by an index of the newest; the states are looked at one by one, of as many runs as are kept.
pub(crate) async fn list(
    connection: &AsyncPgConnection,
    job: &str,
    task: Option<&str>,
    state: Option<RunState>,
    limit: i64,
) -> QueryResult<Vec<Run>> {
    let newest = runs::table.filter(runs::job.eq(job));
    let newest = newest.order((runs::began_at.desc(), runs::id.desc())).limit(limit);
    let mut query = newest.into_boxed();
    if let Some(task) = task {
        query = query.filter(runs::task.eq(task));
    }
    if let Some(state) = state {
        query = query.filter(runs::state.eq(state.as_str()));
    }
    let rows = RunQueryDsl::load::<Row>(query, &mut &*connection).await?;
    Ok(rows.into_iter().map(run).collect())
}
