//! A plain client: it sends requests, several at once, and does nothing with the answers.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, stream};
use reqwest::RequestBuilder;

/// Sends requests, so many at once; returns how long that took.
pub(super) async fn send_all(
    requests: impl Iterator<Item = RequestBuilder>,
    parallel: usize,
) -> Result<Duration> {
    let began = Instant::now();
    let sending = requests.map(async |request| {
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{status}: {text}");
        Ok(())
    });
    let mut sending = stream::iter(sending).buffer_unordered(parallel);
    while let Some(sent) = sending.next().await {
        sent?;
    }
    Ok(began.elapsed())
}
