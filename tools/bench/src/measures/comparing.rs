//! The rate at which the worker compares a log that has grown: nothing in it was lost.

use std::time::Instant;

use anyhow::{Result, ensure};
use launcher::wait;

use super::figures::per_second;
use super::{PATIENCE, STORE};
use crate::measure::{Finding, Measure, Target};
use crate::progress::Progress;
use crate::scale::Scale;
use crate::world::{World, sides};

/// The least rate, in changes a second: 300 orders a second, each of which is moved once.
const LEAST: f64 = 600.0;
/// The figures of a comparison that count losses.
const LOSSES: [&str; 5] = ["missing", "behind", "different", "source_behind", "offered"];

pub(super) async fn measure(
    world: &mut World,
    scale: &Scale,
    progress: &Progress,
) -> Result<Finding> {
    let (changes, mut rates) = (scale.waiting, vec![]);
    for turn in 1..=scale.long_turns {
        progress.begin(format!("comparing {changes}, {turn} of {}", scale.long_turns));
        progress.doing("preparing");
        world.fill_both(changes).await?;
        progress.doing("comparing");
        let began = Instant::now();
        world.go_round().await?;
        let compared = async || {
            let comparison = sides::comparison(&world.worker, STORE).await;
            comparison.is_ok_and(|it| it["compared"].as_u64() >= Some(changes))
        };
        wait::until("the whole log to be compared", PATIENCE, compared).await?;
        rates.push(per_second(changes, began.elapsed()));
        let comparison = sides::comparison(&world.worker, STORE).await?;
        let lost = LOSSES.into_iter().find(|loss| comparison[loss] != 0);
        ensure!(lost.is_none(), "nothing was lost, but it is said: {comparison}");
    }
    let rate = Measure::new(format!("{changes} changes of as many orders"), "changes/s", &rates);
    let measures = vec![rate.with_target(Target::ValueAtLeast(LEAST))];
    Ok(Finding { heading: "Comparing".to_owned(), measures, ..Finding::default() })
}
