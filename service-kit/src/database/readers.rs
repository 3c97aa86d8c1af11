//! The limits of reading many rows at once: in one pool, and in the whole program.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::DatabaseError;

/// The permits for reading many rows.
#[derive(Clone, Debug)]
pub struct Readers {
    /// The permits of one pool, so that its readers never hold all its connections.
    reading: Arc<Semaphore>,
    /// The permits of the whole program for looking through many rows for some. Such a statement
    /// keeps a core of PostgreSQL busy; one for every two cores leaves the others their turn where
    /// PostgreSQL runs on the same machine.
    scanning: Arc<Semaphore>,
}

impl Readers {
    /// Creates the permits of a program with so many HTTP threads, one for each core.
    #[must_use]
    pub fn of_program(threads: NonZeroUsize) -> Self {
        let scanning = Arc::new(Semaphore::new(threads.get().div_ceil(2)));
        Self { reading: Arc::clone(&scanning), scanning }
    }

    /// Returns the permits of one pool of the program, `most` of them.
    pub(super) fn of_one_pool(&self, most: usize) -> Self {
        Self { reading: Arc::new(Semaphore::new(most)), scanning: Arc::clone(&self.scanning) }
    }

    /// Waits for a permit to read, in the order of the requests; an error after `patience`.
    pub(super) async fn to_read(
        &self,
        patience: Duration,
    ) -> Result<SemaphorePermit<'_>, DatabaseError> {
        within(patience, self.reading.acquire()).await
    }

    /// Waits for the permits to look through many rows, likewise.
    pub(super) async fn to_scan(
        &self,
        patience: Duration,
    ) -> Result<[SemaphorePermit<'_>; 2], DatabaseError> {
        // That of the program first: who waits for it holds none that others could read with.
        let both = async {
            let scanning = self.scanning.acquire().await?;
            Ok([scanning, self.reading.acquire().await?])
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

    fn program(threads: usize) -> Readers {
        Readers::of_program(threads.try_into().unwrap())
    }

    #[tokio::test]
    async fn with_two_cores_one_looks_through_rows_at_a_time_whichever_pool_it_has() {
        let program = program(2);
        let pools = [program.of_one_pool(2), program.of_one_pool(2)];
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
        let program = program(8);
        let (pool, other) = (program.of_one_pool(1), program.of_one_pool(1));
        let _first = pool.to_scan(PATIENCE).await.unwrap();
        assert!(matches!(pool.to_read(PATIENCE).await, Err(DatabaseError::TooManyReaders)));
        assert!(matches!(pool.to_scan(PATIENCE).await, Err(DatabaseError::TooManyReaders)));
        assert!(other.to_scan(PATIENCE).await.is_ok());
    }
}
