//! Records that are missing at the remote, by its own answer. Where the path of single records is wrong, or a gateway
//! answers, all of them seem to be gone, while the list still has them.

use shared_models::mirror::Mirrored;

use super::client::RemoteClient;
use super::steps::{Ended, STUBBORN, undecided};
use crate::sources::outbound::Failure;

/// The ids of the records that the remote lists, read once the first one seems to be gone.
#[derive(Debug, Default)]
pub(super) struct ListedIds {
    /// The ids in the list, sorted.
    listed: Option<Vec<i64>>,
    /// The failure of the list.
    failure: Option<Failure>,
}

impl ListedIds {
    /// Decides about a record that seems to be gone, after so many failures in runs before: `None` if it is gone.
    pub(super) async fn refuse_gone(
        &mut self,
        client: &RemoteClient,
        (kind, remote_id): (Mirrored, i64),
        answer: &Failure,
        failures: u32,
    ) -> Option<Ended> {
        let is_missing = |ids: &Vec<i64>| ids.binary_search(&remote_id).is_err();
        if self.listed.as_ref().is_some_and(is_missing) {
            return None;
        }
        if self.failure.is_none() {
            // A list from before may be older than the removal.
            match client.ids(kind).await {
                Ok(Some(ids)) => {
                    let is_gone = is_missing(&ids);
                    self.listed = Some(ids);
                    return (!is_gone).then(|| refused(answer, "but its list has the record"));
                }
                Ok(None) => return Some(refused(answer, "and its list is only a part")),
                Err(failure) => self.failure = Some(failure),
            }
        }
        let failure = self.failure.clone()?;
        Some(undecided(failure, failures >= STUBBORN))
    }
}

fn refused(answer: &Failure, but: &str) -> Ended {
    Ended::Refused(Failure { detail: format!("{}, {but}", answer.detail), ..answer.clone() })
}
