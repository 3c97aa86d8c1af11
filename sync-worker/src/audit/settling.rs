//! Settling the orders that differed when they were first read.
//!
//! What is on its way at that time arrives, or is lost. Comparing what changed lately finds out which: once
//! it has passed the places that the first reading may reflect, at both sides, nothing from before is on its
//! way. What differs then is a difference: the order is offered again, and is looked at until both sides
//! agree on it, or comparing has passed the offer, too.

use std::time::{Duration, Instant};

use shared_models::comparison::{LogState, OrderState};
use shared_models::runs::RunFailure;
use tokio::time::sleep;

use super::asking::{Places, Sides};
use super::report::Findings;
use super::rules::{Kind, Pair, Verdict};

/// How often an order is offered before it is left.
const OFFERS: u32 = 3;
/// The shortest and the longest pause before the sides are asked again.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// The time in which comparing has to come nearer to one of the places: else nobody can tell what differs
/// from what is on its way.
const STALLED: Duration = Duration::from_secs(600);
/// The most orders named in one log line.
const MAX_NAMED: usize = 5;

/// An order that is not settled yet.
struct Open {
    /// The states that the other side is to have.
    pair: Pair,
    /// The kind of difference that it was found to be, once it is one.
    found: Option<Kind>,
}

/// An order that differs.
struct Differing {
    /// Its states now.
    pair: Pair,
    /// The kind of difference that it was found to be.
    found: Kind,
    /// The kind of difference that it is now.
    kind: Kind,
}

impl Differing {
    /// Returns whether what it was found to lack was offered and is there, and only what is parked or dropped
    /// at the other side is left.
    fn is_healed_but_for_the_rest(&self) -> bool {
        let is_set_aside = |side| self.pair.at(side).is_some_and(OrderState::is_set_aside);
        let offered_by = self.found.offered_by();
        self.kind.offered_by().is_empty()
            && !offered_by.is_empty()
            && !offered_by.iter().any(|side| is_set_aside(*side))
    }
}

/// Settles orders that differed; `newest` are the places in the logs that their states may reflect.
pub(super) async fn settle(
    sides: &Sides,
    pairs: Vec<Pair>,
    mut newest: Places,
) -> Result<Findings, RunFailure> {
    let mut findings = Findings::default();
    let mut open = pairs.into_iter().map(|pair| Open { pair, found: None }).collect::<Vec<_>>();
    let mut offers = 0;
    loop {
        let differing = outcome(sides, open, newest, &mut findings).await?;
        // What nobody is to offer stays as it is: parked, or dropped by a person.
        let is_left = |order: &Differing| order.kind.offered_by().is_empty();
        if offers == OFFERS || differing.iter().all(is_left) {
            for order in &differing {
                if order.is_healed_but_for_the_rest() {
                    findings.add_healed(order.pair.id, order.found);
                }
                // The kind now: an order that was offered may be parked since.
                findings.add_left(&order.pair, order.kind);
            }
            return Ok(findings);
        }
        if offers == 0 {
            tell(differing.iter().filter(|order| !is_left(order)));
        }
        let orders = differing.iter().map(|order| (order.pair.id, order.kind)).collect::<Vec<_>>();
        sides.offer(&orders).await?;
        offers += 1;
        newest = sides.logs().await?.map(|log| log.newest);
        let again = |Differing { pair, found, .. }| Open { pair, found: Some(found) };
        open = differing.into_iter().map(again).collect();
    }
}

/// Waits until the orders agree, or what was on its way has arrived; returns those that differ then.
async fn outcome(
    sides: &Sides,
    mut open: Vec<Open>,
    newest: Places,
    findings: &mut Findings,
) -> Result<Vec<Differing>, RunFailure> {
    let (mut pause, mut passing) = (POLL.0, Passing::default());
    loop {
        // Asked before the orders are read, which is then the second look.
        let is_over = passing.is_over(&sides.logs().await?, newest, Instant::now())?;
        let ids = open.iter().map(|order| order.pair.id).collect::<Vec<_>>();
        let (rest, differing) = judge(open, sides.states(&ids).await?, findings);
        if is_over || rest.is_empty() {
            return Ok(differing);
        }
        open = rest;
        sleep(pause).await;
        pause = (pause * 2).min(POLL.1);
    }
}

/// Judges orders by their states now, and adds those that agree to the findings. Returns the others, to be
/// judged again or as differences.
fn judge(open: Vec<Open>, now: Vec<Pair>, findings: &mut Findings) -> (Vec<Open>, Vec<Differing>) {
    let (mut rest, mut differing) = (vec![], vec![]);
    for (order, pair) in open.into_iter().zip(now) {
        match order.pair.judge(&pair) {
            Verdict::Equal => findings.add_equal(&pair),
            Verdict::Moving => findings.add_moving(pair.id),
            Verdict::Differs(kind) => {
                differing.push(Differing { pair, found: order.found.unwrap_or(kind), kind });
                rest.push(order);
                continue;
            }
        }
        if let Some(kind) = order.found {
            findings.add_healed(order.pair.id, kind);
        }
    }
    (rest, differing)
}

fn tell<'a>(offered: impl Iterator<Item = &'a Differing> + Clone) {
    let named = offered.clone().take(MAX_NAMED);
    let first = named.map(|order| format!("{} {}", order.found.as_str(), order.pair.id));
    let first = first.collect::<Vec<_>>().join(", ");
    let orders = offered.count();
    tracing::warn!(orders, first, "an audit found orders that differ; they are offered again");
}

/// Whether comparing what changed lately goes past some places.
#[derive(Default)]
struct Passing {
    /// How far towards the places it was when it was last seen to come nearer, and when that was.
    nearer: Option<(Places, Instant)>,
}

impl Passing {
    /// Returns whether it has passed the places; fails if it has come no nearer to them for long.
    fn is_over(
        &mut self,
        logs: &[LogState; 2],
        places: Places,
        now: Instant,
    ) -> Result<bool, RunFailure> {
        let compared = logs.each_ref().map(|log| log.compared);
        // A side that has passed its place goes on as its orders change: that must not count as coming
        // nearer, or an audit would wait forever for another side that stands still.
        let reached = [compared[0].min(places[0]), compared[1].min(places[1])];
        if reached == places {
            return Ok(true);
        }
        match self.nearer {
            Some((before, since)) if before == reached => {
                match now.duration_since(since) > STALLED {
                    true => Err(stalled(compared, places)),
                    false => Ok(false),
                }
            }
            Some(_) | None => {
                self.nearer = Some((reached, now));
                Ok(false)
            }
        }
    }
}

fn stalled(compared: Places, places: Places) -> RunFailure {
    let ([store, warehouse], [of_store, of_warehouse]) = (compared, places);
    let detail = format!(
        "orders differ whose changes may be on their way: what changed at the store is compared up to \
         {store} of {of_store}, at the warehouse up to {warehouse} of {of_warehouse}, and what is \
         behind has not advanced for {} s; GET /v1/directions says why",
        STALLED.as_secs()
    );
    RunFailure { reason: "undecided".to_owned(), detail }
}

#[cfg(test)]
#[path = "settling_tests.rs"]
mod tests;
