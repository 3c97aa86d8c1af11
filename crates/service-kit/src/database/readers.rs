//! The limits of reading many rows at once: in one pool, and in the whole program.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::DatabaseError;

/// The longest rest of the program's permit after a scan of many rows.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The permits of the whole program for scanning many rows for some. Such a statement keeps a
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

/// The permits of one scan of many rows.
///
/// The program's permit rests afterwards for as long as the scan took: many scans, one after the
/// other, would keep that core of PostgreSQL busy all the time.
#[derive(Debug)]
pub(super) struct Scan {
    began: Instant,
    scanning: Option<OwnedSemaphorePermit>,
    _reading: OwnedSemaphorePermit,
}

impl Drop for Scan {
    fn drop(&mut self) {
        let rest = self.began.elapsed().min(LONGEST_REST);
        let scanning = self.scanning.take();
        // Without a runtime the program ends.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                sleep(rest).await;
                drop(scanning);
            });
        }
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

    /// Waits for a permit to read, in the order of the requests; an error after `timeout`.
    pub(super) async fn acquire_read(
        &self,
        timeout: Duration,
    ) -> Result<OwnedSemaphorePermit, DatabaseError> {
        within(timeout, Arc::clone(&self.reading).acquire_owned()).await
    }

    /// Waits for the permits to scan many rows, likewise.
    pub(super) async fn acquire_scan(&self, timeout: Duration) -> Result<Scan, DatabaseError> {
        // The permit of the program first: a caller that waits for it holds no permit to read.
        let both = async {
            let scanning = Some(Arc::clone(&self.scanning.0).acquire_owned().await?);
            let reading = Arc::clone(&self.reading).acquire_owned().await?;
            Ok(Scan { began: Instant::now(), scanning, _reading: reading })
        };
        within(timeout, both).await
    }
}

async fn within<T>(
    timeout: Duration,
    permits: impl Future<Output = Result<T, AcquireError>>,
) -> Result<T, DatabaseError> {
    tokio::time::timeout(timeout, permits)
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(DatabaseError::TooManyReaders)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(20);

    /// Two pools of a program with so many threads.
    fn pools(threads: usize, most: usize) -> [Readers; 2] {
        let scans = Scans::of_program(threads.try_into().unwrap());
        [scans.clone(), scans].map(|scans| Readers::new(most, scans))
    }

    #[tokio::test]
    async fn with_two_cores_one_looks_through_rows_at_a_time_whichever_pool_it_has() {
        let pools = pools(2, 2);
        let first = pools[0].acquire_scan(TIMEOUT).await.unwrap();
        for pool in &pools {
            let next = pool.acquire_scan(TIMEOUT).await;
            assert!(matches!(next, Err(DatabaseError::TooManyReaders)), "{next:?}");
            assert!(pool.acquire_read(TIMEOUT).await.is_ok());
        }
        drop(first);
        assert!(pools[1].acquire_scan(Duration::from_secs(10)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_look_the_next_one_waits_for_as_long_as_that_took_but_not_for_long() {
        let [pool, other] = pools(2, 1);
        for (took, rest) in [(30, 30), (5_000, 1_000)] {
            let look = pool.acquire_scan(TIMEOUT).await.unwrap();
            sleep(Duration::from_millis(took)).await;
            drop(look);
            let over = Instant::now();
            assert!(pool.acquire_read(TIMEOUT).await.is_ok(), "others may read at once");
            drop(other.acquire_scan(Duration::from_secs(10)).await.unwrap());
            assert_eq!(over.elapsed().as_millis(), rest);
            sleep(TIMEOUT).await;
        }
    }

    #[tokio::test]
    async fn readers_never_hold_all_connections_of_a_pool() {
        let [pool, other] = pools(8, 1);
        let _first = pool.acquire_scan(TIMEOUT).await.unwrap();
        assert!(matches!(pool.acquire_read(TIMEOUT).await, Err(DatabaseError::TooManyReaders)));
        assert!(matches!(pool.acquire_scan(TIMEOUT).await, Err(DatabaseError::TooManyReaders)));
        assert!(other.acquire_scan(TIMEOUT).await.is_ok());
    }
}
