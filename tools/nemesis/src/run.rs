//! A run from its beginning to its end: rounds of faults, after each of which all heals, the sides
//! are to agree, and what was written in the round is checked.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use process_kit::Both;
use shared_models::side::Side;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::agreement::{self, AT_ALL, IN_TIME};
use super::audits;
use super::checker::mirrored::Sent;
use super::databases::Which;
use super::follower::Follower;
use super::inflict::{Inflicted, inflict};
use super::ledger::Ledger;
use super::live::{Figures, Line};
use super::load::{Load, SharedLedger, with};
use super::options::Options;
use super::parts::Part;
use super::report::{Agreement, Report, Writes};
use super::schedule::{Planned, Schedule};
use super::set_back::ask_for_offers;
use super::sources::callers::Caller;
use super::sources::others::Others;
use super::sources::shifting::Shifting;
use super::sources::written::SharedWritten;
use super::violation::{Rule, Violation};
use super::world::{self, World};

mod checking;
mod sources;

/// The number of violations that are shown at once; the report has more, and the orders' histories
/// all.
const AT_ONCE: usize = 20;
/// The interval at which the line is brought up to date.
const TICK: Duration = Duration::from_millis(500);

/// A run under way.
struct Run {
    world: Arc<World>,
    ledger: SharedLedger,
    load: Load,
    followers: Both<Follower>,
    written: SharedWritten,
    /// What the remote got, and the number of the last request of which that is.
    sent: Vec<Sent>,
    seen: u64,
    line: Line,
    began: Instant,
    report: Report,
    stop: CancellationToken,
}

/// Runs until the time is over or it is told to stop, and tells what came of it.
pub async fn run(options: &Options, stop: CancellationToken) -> Result<Report> {
    LocalSet::new().run_until(run_here(options, stop)).await
}

async fn run_here(options: &Options, stop: CancellationToken) -> Result<Report> {
    let world = Arc::new(World::start(&options.folder, options.seed).await?);
    let ledger = SharedLedger::default();
    let urls = Side::ALL.map(|side| (side, world.url(Part::of(side)).to_owned()));
    let mut load = Load::start(&BTreeMap::from(urls), options.seed, &ledger);
    let written = add_writers(&mut load, &world, options.seed);
    let followers = Both::of(|side| Follower::start(side, world.url(Part::of(side))));
    let report =
        Report { seed: options.seed, without: options.without.clone(), ..Report::default() };
    let (line, began) = (Line::default(), Instant::now());
    let (sent, seen) = (vec![], 0);
    let mut run =
        Run { world, ledger, load, followers, written, sent, seen, line, began, report, stop };
    let outcome = run.rounds(options).await;
    run.conclude();
    let Run { world, load, report, .. } = run;
    drop(load);
    if let Some(world) = Arc::into_inner(world) {
        world.stop().await;
    }
    outcome?;
    fs::write(options.folder.join("report.txt"), report.to_string())?;
    if report.is_clean() {
        world::remove_data(&options.folder)?;
    }
    Ok(report)
}

/// Lets callers of the store write posts and comments, and others change the sources. What they do comes
/// from the seed.
fn add_writers(load: &mut Load, world: &World, seed: u64) -> SharedWritten {
    let (written, sources) = (SharedWritten::default(), &world.sources);
    let mut rng = Rng::with_seed(seed);
    load.add(Others::new(Arc::clone(sources), rng.fork(), Arc::clone(&written)));
    load.add(Caller::new(world.url(Part::Store), rng.fork(), Arc::clone(&written)));
    load.add(Shifting::new(Arc::clone(sources), rng.fork()));
    written
}

impl Run {
    async fn rounds(&mut self, options: &Options) -> Result<()> {
        for planned in Schedule::new(options.seed, options.round, options.faults.clone()) {
            self.inflict_all(planned, options.round).await?;
            let healed = Instant::now();
            self.show("healing").await;
            self.load.pause().await;
            let agreed = self.agree(healed).await;
            self.settle(healed).await;
            if agreed {
                self.audit().await;
            }
            if self.stop.is_cancelled() {
                // Nobody has waited until they agree.
                return Ok(());
            }
            let touched = with(&self.ledger, Ledger::take_touched);
            self.check(Which::These(touched.into_iter().collect())).await?;
            self.check_sources().await?;
            if self.began.elapsed() >= options.lasts || self.is_shown() {
                break;
            }
            self.load.resume();
        }
        for violation in self.report.never_done(self.began.elapsed()) {
            self.violated(violation);
        }
        self.check(Which::All).await
    }

    /// One round of faults; at its end all is healed.
    async fn inflict_all(&mut self, planned: Vec<Planned>, lasts: Duration) -> Result<()> {
        let (heal, mut faults) = (CancellationToken::new(), JoinSet::new());
        for planned in planned {
            let inflicting =
                inflict(Arc::clone(&self.world), Arc::clone(&self.ledger), planned, heal.clone());
            faults.spawn_local(async move { (planned.fault, inflicting.await) });
        }
        let over = Instant::now() + lasts;
        let mut ticks = tokio::time::interval(TICK);
        // In every second round: what comparing does not heal by itself an audit would.
        let is_audited = self.report.agreements.len() % 2 == 1;
        let (world, begun) = (Arc::clone(&self.world), Cell::new(0));
        let mut auditing = pin!(audits::begin_many(&world, &begun));
        loop {
            tokio::select! {
                never = &mut auditing, if is_audited && !heal.is_cancelled() => match never {},
                done = faults.join_next() => {
                    let Some(done) = done else { break };
                    let (fault, inflicted) = done?;
                    self.note(fault, inflicted?);
                }
                _ = ticks.tick() => self.show("faults").await,
                () = self.stop.cancelled(), if !heal.is_cancelled() => heal.cancel(),
                () = sleep(over.saturating_duration_since(Instant::now())),
                    if !heal.is_cancelled() => heal.cancel(),
            }
        }
        self.report.audits += begun.get();
        Ok(())
    }

    fn note(&mut self, fault: super::fault::Fault, inflicted: Inflicted) {
        match inflicted {
            Inflicted::NotDone => return self.report.not_done.push(fault),
            Inflicted::Failed(why) => {
                let at = self.began.elapsed().as_secs_f64();
                self.line.say(format!("not done at {at:.1} s: {fault}: {why}"));
                return self.report.not_done.push(fault);
            }
            Inflicted::Done => {}
            Inflicted::Misbehaved(rule, why) => self.violated(Violation::of_all(rule, why)),
        }
        self.report.faults.push(fault);
    }

    /// Waits until the sides agree and nothing is left over, or until it is told to stop; returns whether
    /// they agree.
    async fn agree(&mut self, healed: Instant) -> bool {
        let stop = self.stop.clone();
        let world = Arc::clone(&self.world);
        let unnoticed = with(&self.ledger, Ledger::take_unnoticed);
        self.report.asked_for += unnoticed.len();
        let mut agreed = false;
        for limit in self.limits() {
            let reaching = async {
                tokio::select! {
                    reached = agreement::reach(&world, healed, *limit) => reached,
                    never = ask_for_offers(&world, &unnoticed) => match never {},
                }
            };
            match stop.run_until_cancelled(reaching).await {
                None => return false,
                Some(Err(why)) => self.violated(Violation::of_all(Rule::Agrees, why)),
                Some(Ok(took)) => {
                    let at = self.began.elapsed();
                    self.report.agreements.push(Agreement { took, at });
                    agreed = true;
                    break;
                }
            }
        }
        match stop.run_until_cancelled(agreement::quiet(&world)).await {
            None => {}
            Some(Err(why)) => self.violated(Violation::of_all(Rule::Agrees, why)),
            Some(Ok(parked)) => self.report.parked = parked,
        }
        for exit in self.world.ended_by_themselves().await {
            self.violated(Violation::of_all(Rule::Runs, exit));
        }
        agreed
    }

    /// Has an audit say that the sides agree, or waits until it is told to stop.
    async fn audit(&mut self) {
        let (stop, world) = (self.stop.clone(), Arc::clone(&self.world));
        match stop.run_until_cancelled(audits::check(&world)).await {
            None => {}
            Some(Ok(())) => self.report.receipts += 1,
            Some(Err(why)) => self.violated(Violation::of_all(Rule::Audited, why)),
        }
    }

    /// The times by which all is to agree, in the end at least. Without a guard it may never.
    const fn limits(&self) -> &'static [Duration] {
        match self.report.without {
            None => &[IN_TIME, AT_ALL],
            Some(_) => &[IN_TIME],
        }
    }

    /// Without a guard, whether it was shown already what that leads to.
    const fn is_shown(&self) -> bool {
        self.report.without.is_some() && !self.report.is_clean()
    }

    /// A violation that is found again when everything is checked at the end counts once.
    fn violated(&mut self, violation: Violation) {
        if !self.report.violations.contains(&violation) {
            if self.report.violations.len() < AT_ONCE {
                let at = self.began.elapsed().as_secs_f64();
                self.line.say(format!("violation at {at:.1} s: {violation}"));
            }
            self.report.violations.push(violation);
        }
    }

    async fn show(&mut self, doing: &'static str) {
        let figures = Figures {
            elapsed: self.began.elapsed(),
            doing,
            faults: self.report.faults.len(),
            writes: with(&self.ledger, |ledger| ledger.writes().len()),
            waiting: self.waiting().await,
            violations: self.report.violations.len(),
        };
        self.line.show(&figures);
    }

    /// `None` where the program that could say has a fault.
    async fn waiting(&self) -> Option<u64> {
        let asking = async {
            let mut waiting = self.world.broker.depths().await.ok()??.waiting;
            for side in Side::ALL {
                waiting += self.world.databases.standing(side).await.ok()?.outbox;
            }
            Some(waiting)
        };
        tokio::time::timeout(TICK, asking).await.ok()?
    }

    fn conclude(&mut self) {
        self.report.lasted = self.began.elapsed();
        (self.report.writes, self.report.reads) =
            with(&self.ledger, |ledger| (Writes::of(ledger), ledger.reads().len()));
        self.report.followed = Side::ALL.map(|side| self.followers.at(side).events());
        self.report.put_back = with(&self.ledger, |ledger| ledger.set_backs().len());
    }
}
