//! Jobs that the worker does for this side, and their runs. At most one run of a job is under way. Its
//! worker holds it for a time and renews that; one that is not renewed is abandoned when another one
//! begins, and can write nothing from then on.

mod rules;
mod storage;

use diesel_async::AsyncPgConnection;
use program_kit::http::problem::{Kind, Problem};
use shared_models::runs::{BeginRun, Begun, EndRun, Run, SetCursors};
use uuid::Uuid;

use crate::error::Error;
use rules::{Beginning, begin_now};

pub(crate) use storage::{find, list};

/// Fails unless this run of a job is under way. While the transaction lasts, no other one can begin: what
/// it writes is written by a run that is not abandoned.
pub async fn hold(connection: &mut AsyncPgConnection, job: &str, run: Uuid) -> Result<(), Error> {
    match storage::is_under_way(connection, job, run).await? {
        true => Ok(()),
        false => Err(Error::Refused(not_under_way(job, run))),
    }
}

/// Returns the problem of a run that is not under way.
pub(crate) fn not_under_way(job: &str, run: Uuid) -> Problem {
    let detail = format!("the run {run} of {job} is not under way: it has ended, or was abandoned");
    Problem::new(Kind::Conflict, detail)
}

/// Begins a run, unless another one of the job is under way, or the schedule is too early.
pub(crate) async fn begin(
    connection: &mut AsyncPgConnection,
    job: &str,
    request: &BeginRun,
) -> Result<Begun, Error> {
    let here = storage::lock(connection, job, request).await?;
    match begin_now(&here, request) {
        Beginning::AlreadyBegun => {}
        Beginning::AlreadyOver => {
            return Err(Error::Refused(not_under_way(job, request.run)));
        }
        Beginning::Busy { run: id, ahead } => {
            if let Some(seconds) = ahead {
                storage::renew(connection, job, id, seconds).await?;
            }
            // Written by the statement that made it the one under way.
            let run = storage::find(connection, job, id).await?;
            let run = Box::new(run.ok_or_else(|| not_under_way(job, id))?);
            return Ok(Begun::Busy { run });
        }
        Beginning::NotDue { due_in, abandoned } => {
            abandon(connection, abandoned).await?;
            return Ok(Begun::NotDue { due_in });
        }
        Beginning::Begin { abandoned } => {
            abandon(connection, abandoned).await?;
            storage::begin(connection, job, request).await?;
        }
    }
    Ok(Begun::Begun { cursors: here.cursors })
}

async fn abandon(connection: &mut AsyncPgConnection, run: Option<Uuid>) -> Result<(), Error> {
    match run {
        Some(id) => Ok(storage::abandon(connection, id).await?),
        None => Ok(()),
    }
}

/// Holds a run for longer.
pub(crate) async fn renew(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
    seconds: u32,
) -> Result<(), Error> {
    match storage::renew(connection, job, run, seconds).await? {
        true => Ok(()),
        false => Err(Error::Refused(not_under_way(job, run))),
    }
}

/// Stores how far a job has come, and what its run has found so far.
pub(crate) async fn set_cursors(
    connection: &mut AsyncPgConnection,
    job: &str,
    SetCursors { run, cursors, report }: SetCursors,
) -> Result<(), Error> {
    match storage::set_cursors(connection, job, run, cursors).await? {
        true => {}
        false => return Err(Error::Refused(not_under_way(job, run))),
    }
    match report {
        Some(report) => Ok(storage::set_report(connection, run, report).await?),
        None => Ok(()),
    }
}

/// Ends a run and returns it. One that has ended already stays as it is.
pub(crate) async fn end(
    connection: &mut AsyncPgConnection,
    job: &str,
    run: Uuid,
    end: EndRun,
) -> Result<Run, Error> {
    storage::end(connection, job, run, end).await?;
    match storage::find(connection, job, run).await? {
        Some(run) => Ok(run),
        None => Err(Error::Refused(not_under_way(job, run))),
    }
}
