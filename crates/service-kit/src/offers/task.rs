//! The relay's task for offers: each step is one of the offer that is due next.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{advance, failed, is_any_due, take_next};
use crate::database::{DatabaseError, in_time};
use crate::relay::{Task, TaskOutcome};
use crate::resource::Resources;

/// The offers of these resources.
#[derive(Debug)]
pub(crate) struct OfferTask(pub(crate) Resources);

impl Task for OfferTask {
    fn waits_for_publishing(&self) -> bool {
        true
    }

    fn step<'a>(
        &'a self,
        session: &'a mut AsyncPgConnection,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<TaskOutcome, DatabaseError>> {
        self.advance(session, deadline).boxed()
    }
}

impl OfferTask {
    async fn advance(
        &self,
        session: &mut AsyncPgConnection,
        deadline: Duration,
    ) -> Result<TaskOutcome, DatabaseError> {
        match in_time(deadline, is_any_due(session)).await? {
            Ok(true) => {}
            Ok(false) => return Ok(TaskOutcome::Nothing),
            Err(error) => return Ok(not_taken(&error)),
        }
        let mut taken = None;
        let stepping = session.transaction(async |session| {
            let Some(offer) = take_next(session).await? else { return Ok(None) };
            taken = Some(offer.id);
            advance(session, &self.0, &offer).await.map(Some)
        });
        let error = match in_time(deadline, stepping).await? {
            Ok(Some(records)) => return Ok(TaskOutcome::Offered { records }),
            Ok(None) => return Ok(TaskOutcome::Nothing),
            Err(error) => error,
        };
        let Some(id) = taken else { return Ok(not_taken(&error)) };
        let error = error.to_string();
        let noting = session.transaction(async |it| failed(it, id, &error).await);
        match in_time(deadline, noting).await? {
            Ok(Some(1)) => {
                tracing::warn!(offer = id, error, "a step of an offer failed; trying again later");
            }
            Ok(_) => {}
            Err(unsaved) => {
                tracing::warn!(offer = id, error, %unsaved, "the failure of an offer was not saved");
            }
        }
        Ok(TaskOutcome::Failed)
    }
}

fn not_taken(error: &diesel::result::Error) -> TaskOutcome {
    tracing::warn!(%error, "selecting the next offer failed; trying again later");
    TaskOutcome::Failed
}
