//! Waits until the tables are as the service needs them. It may not create them itself.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::DatabaseSettings;
use super::State;
use super::migrate::{Migrations, check_tables};
use super::tables::Tables;

/// The pause before the tables are checked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Checks the tables until this program, called `name`, can use them.
pub(crate) async fn prepare(
    settings: DatabaseSettings,
    migrations: Migrations,
    name: &'static str,
    state: watch::Sender<State>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let reason = match check_tables(&settings, &migrations, name).await {
            Ok(Tables::Behind(missing)) => behind(name, &missing),
            Ok(tables @ Tables::Earlier(_)) => tables.cannot_be_migrated().unwrap_or_default(),
            Ok(Tables::Newer(unknown)) => {
                tracing::warn!(
                    ?unknown,
                    "the tables were migrated by a newer version of this program"
                );
                break;
            }
            Ok(Tables::UpToDate) => {
                tracing::info!("the tables are up to date");
                break;
            }
            Err(error) => error.to_string(),
        };
        let waiting = State::Preparing(reason.clone());
        if state.send_if_modified(|state| std::mem::replace(state, waiting.clone()) != waiting) {
            tracing::warn!(reason, "the database is not ready; checking again");
        }
        stop.run_until_cancelled(sleep(PAUSE)).await;
    }
    if !stop.is_cancelled() {
        state.send_replace(State::Prepared);
    }
}

fn behind(name: &str, missing: &[String]) -> String {
    let missing = missing.join(", ");
    format!("its tables lack {missing}: run `{name} migrate` as their owner")
}
