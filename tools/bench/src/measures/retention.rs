//! Orders that are edited while the log is trimmed as fast as retention trims it, against the same where
//! nothing is old enough.

use std::time::Duration;

use anyhow::{Result, ensure};
use launcher::wait;

use super::PATIENCE;
use super::figures::number;
use crate::load::{Endpoint, flat_out};
use crate::measure::{Finding, Measure, Target};
use crate::orders::{address, order, request};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::{World, sides};

/// The orders that are edited, one after the other.
const ORDERS: u64 = 2_000;
const CONNECTIONS: usize = 16;
/// The turns, in times of those of other measures: the effect is smaller than the noise of one.
const TURNS: usize = 5;

/// The relay looks for what is old once a second: before it is at it, and while.
const WARM_UP: Duration = Duration::from_secs(2);
const LASTS: Duration = Duration::from_secs(2);

/// Makes changes as old as is wanted, and has them wait for nothing: what waits is not trimmed.
const TRIGGERS: &str = "
create or replace function aged() returns trigger language plpgsql as $$
begin new.at := new.at - interval '{days} days'; return new; end $$;
create or replace function published() returns trigger language plpgsql as $$
begin return null; end $$;
create or replace trigger aged before insert on changes for each row execute function aged();
create or replace trigger published before insert on outbox for each row execute function published();
-- Nobody compares, and so nobody is waited for.
update compared set at = now() - interval '100 days'";
const NO_TRIGGERS: &str = "
drop trigger aged on changes; drop function aged; drop trigger published on outbox; drop function published";

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    world.stand_still().await?;
    // Its relay has nothing to publish, and trims; a paused one would not.
    sides::resume(&world.store).await?;
    let (mut trimmed, mut untouched, mut deleted) = (vec![], vec![], vec![]);
    let turns = TURNS * scale.turns;
    for turn in 1..=turns {
        progress.begin(format!("retention, {turn} of {turns}"));
        for (days, rates) in [(0, &mut untouched), (100, &mut trimmed)] {
            let (rate, gone) = edited(world, scale.lasts.max(LASTS), days).await?;
            rates.push(rate);
            if days > 0 {
                deleted.push(gone);
            }
        }
    }
    world.databases.store.run(NO_TRIGGERS).await?;
    let name = format!("PATCH, {CONNECTIONS} connections, the log being trimmed");
    let edits = Measure::new(&name, "edits/s", &trimmed);
    let target = Target::RatioAtLeast(0.95);
    Ok(Finding {
        heading: "Retention".to_owned(),
        measures: vec![
            edits.against("nothing to trim", &untouched, target),
            Measure::new(format!("{name}: deleted"), "changes/s", &deleted),
        ],
        charts: vec![],
    })
}

/// Edits orders whose changes are so old; returns the rate, and that of the changes that were trimmed.
async fn edited(world: &World, lasts: Duration, days: u32) -> Result<(f64, f64)> {
    let store = &world.databases.store;
    world.clear().await?;
    store.run(&TRIGGERS.replace("{days}", &days.to_string())).await?;
    let endpoint = Endpoint::new(address(world.store.url())?);
    let place = |_, number| request("POST", "/v1/orders", &order(number));
    flat_out(&endpoint, CONNECTIONS, Duration::ZERO, Duration::from_millis(200), place)
        .await?
        .accepted()?;
    let ids = store.rows(&format!("select id::text from orders limit {ORDERS}")).await?;
    let ids = ids.iter().map(|row| row.try_get::<_, String>(0)).collect::<Result<Vec<_>, _>>()?;
    let paths = ids.into_iter().map(|id| format!("/v1/orders/{id}")).collect::<Vec<_>>();
    let edit = move |_, number: u64| {
        let path = &paths[usize::try_from(number).unwrap_or_default() % paths.len()];
        request("PATCH", path, &format!(r#"{{"comment":"edit {number}"}}"#))
    };
    let loaded = flat_out(&endpoint, CONNECTIONS, WARM_UP, lasts, edit).await?;
    let (rate, edits) = (loaded.rate(), loaded.with_status(200));
    loaded.accepted()?;
    let appended = store.number("select count(*) from orders").await? + i64::try_from(edits)?;
    let gone = appended - store.number("select count(*) from changes").await?;
    ensure!((gone > 0) == (days > 0), "{gone} of {appended} changes were trimmed");
    if days > 0 {
        let all =
            "select count(*) from changes, log_state where (xid, seq) > (trimmed_xid, trimmed_seq)";
        let done = async || store.number(all).await.is_ok_and(|left| left == 0);
        wait::until("all to be trimmed", PATIENCE, done).await?;
    }
    let seconds = (WARM_UP + lasts).as_secs_f64();
    Ok((rate, number(gone.unsigned_abs()) / seconds))
}
