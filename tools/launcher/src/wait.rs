//! Waiting for a condition, always with a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// The pause between two checks of a condition.
const PAUSE: Duration = Duration::from_millis(50);

/// Calls `ready` again and again until it returns true; an error after `limit`.
pub async fn until<F>(what: &str, limit: Duration, mut ready: F) -> Result<()>
where
    F: AsyncFnMut() -> bool,
{
    let deadline = Instant::now() + limit;
    while !ready().await {
        if Instant::now() >= deadline {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        sleep(PAUSE).await;
    }
    Ok(())
}
