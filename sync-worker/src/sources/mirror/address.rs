//! The address of the remote that the ids in the store are of. It stands among the cursors of the job: against
//! another remote, the same ids would update and delete other records.

use shared_models::runs::{Cursors, RunFailure};

use super::Mirror;
use crate::sources::run::Held;

/// The name of the address among the cursors.
const REMOTE: &str = "remote";

impl Mirror {
    /// Returns the cursors of the job, with the address. The first run stores it; one at another address fails,
    /// unless `is_same`: a person says that the service is the same.
    pub(super) async fn cursors(&self, run: &Held, is_same: bool) -> Result<Cursors, RunFailure> {
        let (mut cursors, address) = (run.cursors.clone(), self.remote().address());
        match cursors.get(REMOTE) {
            Some(known) if *known == address => return Ok(cursors),
            Some(_) if !is_same => return Err(another()),
            Some(_) | None => {}
        }
        cursors.insert(REMOTE.to_owned(), address);
        self.store.set_cursors(&run.job, run.id, cursors.clone()).await?;
        Ok(cursors)
    }
}

fn another() -> RunFailure {
    RunFailure {
        reason: "another_remote".to_owned(),
        detail: "the ids that the store keeps are of the remote at another address than mirror.url and \
                 mirror.posts name now; set them back or, if it is the same service at a new address, run \
                 `sync-worker load --same-remote`; another service needs another store"
            .to_owned(),
    }
}
