//! One attempt to write edits of one order: without a lock, or with one.

use service_kit::change_log::recorded;
use service_kit::database::now;
use service_kit::error::Error;
use uuid::Uuid;

use super::attempts::Attempts;
use super::edit::{Edit, edit};
use super::order::{Domain, Order, RESOURCE};
use super::storage;
use super::writer::Writer;

impl<D: Domain> Writer<D> {
    /// Writes to the cached order or, if that is stale, to the order as it is read; in both cases
    /// only if its version has not changed, by one statement that is a transaction by itself.
    pub(super) async fn write_unlocked(
        &self,
        id: Uuid,
        left: Option<Order<D::Private>>,
        edits: &[&Edit<D::Private>],
        attempts: &mut Attempts<D::Private>,
    ) -> Result<(), Error> {
        let writing = self.database.write(async |connection| {
            // The cached order may be stale: only a write based on it that succeeds counts.
            if let Some(left) = left {
                let changes = attempts.begin(edit::<D>(left, edits.iter().copied(), now()));
                let changes_something = !changes.is_empty();
                if storage::update_one(connection, changes).await? && changes_something {
                    return Ok(true);
                }
                attempts.rolled_back();
            }
            let Some(found) = storage::find(connection, id).await? else { return Ok(true) };
            let changes = attempts.begin(edit::<D>(found, edits.iter().copied(), now()));
            storage::update_one(connection, changes).await
        });
        match writing.await {
            Ok(true) => Ok(()),
            Ok(false) => {
                attempts.rolled_back();
                Err(Error::Overtaken)
            }
            Err(error) => {
                if error.proves_rollback() {
                    attempts.rolled_back();
                }
                Err(error.into())
            }
        }
    }

    /// Locks the order, which waits until an earlier attempt has ended, and looks for that attempt
    /// in the log; writes if it is not there.
    ///
    /// An attempt that reaches PostgreSQL only later finds another version, and does nothing: the
    /// edits have the same result on the same version, so if they change nothing now, the version
    /// has already changed.
    ///
    /// Where an attempt is found, nothing is written, and the end of this transaction tells nothing
    /// new.
    pub(super) async fn write_locked(
        &self,
        id: Uuid,
        edits: &[&Edit<D::Private>],
        attempts: &mut Attempts<D::Private>,
    ) -> Result<(), Error> {
        let locked = self.database.transaction(async |connection| {
            let Some(found) = storage::lock(connection, &[id]).await?.pop() else { return Ok(()) };
            let unknown = attempts.events();
            if !unknown.is_empty() {
                let newest = attempts.entries_since(found.version);
                if attempts.find(
                    &recorded(connection, (RESOURCE, &id.to_string()), newest, &unknown).await?,
                ) {
                    return Ok(());
                }
            }
            let changes = attempts.begin(edit::<D>(found, edits.iter().copied(), now()));
            if storage::update_one(connection, changes).await? {
                return Ok(());
            }
            Err(Error::Overtaken)
        });
        let ended = locked.await;
        match &ended {
            Err(Error::Database(error)) if !error.proves_rollback() => {}
            Ok(()) => {}
            Err(_) => attempts.rolled_back(),
        }
        ended
    }
}
