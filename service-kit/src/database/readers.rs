//! The limits of reading many rows at once: in one pool, and in the whole program.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::DatabaseError;

/// The permits of the whole program for looking through many rows for some. Such a statement keeps a
/// core of PostgreSQL busy; one for every two cores leaves the others their turn where PostgreSQL
/// runs on the same machine.
#[derive(Clone, Debug)]
pub struct Scans(Arc<Semaphore>);

impl Scans {
    /// Creates the permits of a program with so many HTTP threads, one for each core.
    #[must_use]
    pub fn of_program(threads: NonZeroUsize) -> Self {
        Self(Arc::new(Semaphore::new(threads.get().div_ceil(2))))
    }
}

/// The permits for reading many rows over the connections of one pool.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    /// The permits of the pool, so that readers never hold all its connections.
    reading: Arc<Semaphore>,
    scanning: Scans,
}

impl Readers {
    /// Creates the permits of a pool, `most` of them.
    pub(super) fn new(most: usize, scanning: Scans) -> Self {
        Self { reading: Arc::new(Semaphore::new(most)), scanning }
    }

    /// Waits for a permit to read, in the order of the requests; an error after `patience`.
    pub(super) async fn to_read(
        &self,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, DatabaseError> {
        within(patience, Arc::clone(&self.reading).acquire_owned()).await
    }

    /// Waits for the permits to look through many rows, likewise.
    pub(super) async fn to_scan(
        &self,
        patience: Duration,
    ) -> Result<[OwnedSemaphorePermit; 2], DatabaseError> {
        // That of the program first: who waits for it holds none that others could read with.
        let both = async {
            let scanning = Arc::clone(&self.scanning.0).acquire_owned().await?;
            Ok([scanning, Arc::clone(&self.reading).acquire_owned().await?])
        };
        within(patience, both).await
    }
}

async fn within<T>(
    patience: Duration,
    permits: impl Future<Output = Result<T, AcquireError>>,
) -> Result<T, DatabaseError> {
    timeout(patience, permits).await.ok().and_then(Result::ok).ok_or(DatabaseError::TooManyReaders)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);

    /// Two pools of a program with so many threads.
    fn pools(threads: usize, most: usize) -> [Readers; 2] {
        let scans = Scans::of_program(threads.try_into().unwrap());
        [scans.clone(), scans].map(|scans| Readers::new(most, scans))
    }

    #[tokio::test]
    async fn with_two_cores_one_looks_through_rows_at_a_time_whichever_pool_it_has() {
        let pools = pools(2, 2);
        let first = pools[0].to_scan(PATIENCE).await.unwrap();
        for pool in &pools {
            let next = pool.to_scan(PATIENCE).await;
            assert!(matches!(next, Err(DatabaseError::TooManyReaders)), "{next:?}");
            assert!(pool.to_read(PATIENCE).await.is_ok());
        }
        drop(first);
        assert!(pools[1].to_scan(PATIENCE).await.is_ok());
    }

    #[tokio::test]
    async fn readers_never_hold_all_connections_of_a_pool() {
        let [pool, other] = pools(8, 1);
        let _first = pool.to_scan(PATIENCE).await.unwrap();
        assert!(matches!(pool.to_read(PATIENCE).await, Err(DatabaseError::TooManyReaders)));
        assert!(matches!(pool.to_scan(PATIENCE).await, Err(DatabaseError::TooManyReaders)));
        assert!(other.to_scan(PATIENCE).await.is_ok());
    }
}
