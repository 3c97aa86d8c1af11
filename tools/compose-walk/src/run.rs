//! All of it in turn, and the report.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use launcher::progress::Progress;
use launcher::stop::Stop;

use super::engine::{Engine, inspect};
use super::project::{PROGRAMS, Project};
use super::writers::Writers;
use super::{agreement, faults, hardening, leaks, management, walk};

/// The image on which ours stand.
const BASE: &str = "debian:bookworm-slim";
/// The most that each of our images may add to it, in megabytes.
const LARGEST: f64 = 60.0;

/// The findings, line by line.
#[derive(Debug, Default)]
struct Report(Vec<String>);

impl Report {
    fn tell(&mut self, what: &str, found: impl std::fmt::Display) {
        self.0.push(format!("{what:<25}{found}"));
    }
}

/// Brings a stack up, walks through it, and takes it down again, however that went.
pub async fn run(root: &Path) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let (progress, began) = (Progress::default(), Instant::now());
    let project = Project::prepare(Engine::find().await?, root).await?;
    let mut report = Report::default();
    let walked = tokio::select! {
        walked = walk_through(&project, &progress, &mut report) => walked.map(|()| true),
        () = stop.asked() => Ok(false),
    };
    let down = progress.during("down, with its volumes", project.down()).await;
    report.tell("all of it took", seconds(began.elapsed()));
    report.0.iter().for_each(|line| println!("{line}"));
    down.with_context(|| format!("something may be left of project {}", project.name))?;
    Ok(if walked? { ExitCode::SUCCESS } else { ExitCode::from(130) })
}

async fn walk_through(project: &Project, progress: &Progress, report: &mut Report) -> Result<()> {
    report.tell("compose", project.version());
    progress.during("nothing starts without secrets", project.refuses_without_secrets()).await?;
    let began = Instant::now();
    progress.during("images built", project.build()).await?;
    report.tell("images built in", seconds(began.elapsed()));
    sizes(project, report).await?;
    let began = Instant::now();
    progress.during("up and ready", project.up()).await?;
    report.tell("ready after", seconds(began.elapsed()));
    progress.during("well, says Docker", faults::all_are_well(project)).await?;
    progress.during("an order both ways", walk::order_goes_both_ways(project)).await?;
    progress.during("who may do what", walk::access_is_closed(project)).await?;
    progress.during("an administrator pauses", walk::an_administrator_pauses(project)).await?;
    progress.during("names in the management UI", management::shows_the_names(project)).await?;
    progress.during("hardening", hardening::is_in_force(project)).await?;
    hurt(project, progress, report).await?;
    let lines = progress.during("no secret logged", leaks::none_in_the_logs(project)).await?;
    report.tell("logs searched", format!("{lines} lines, no password or token in them"));
    Ok(())
}

async fn hurt(project: &Project, progress: &Progress, report: &mut Report) -> Result<()> {
    let writers = Writers::start(project)?;
    for (service, took) in faults::befall_each(project, &writers, progress).await? {
        let took: Vec<String> = took.into_iter().map(seconds).collect();
        let [died, killed, restarted] = [0, 1, 2].map(|at| took[at].clone());
        let line = format!("{died} after dying, {killed} killed, {restarted} restarted");
        report.tell(&format!("{service} well again"), line);
    }
    let acknowledged = writers.finish().await?;
    let shipped = acknowledged.values().filter(|of| of.tracking.is_some()).count();
    let agreed = agreement::reach(project, &acknowledged);
    let took = progress.during("both sides agree", agreed).await?;
    let counts = format!("{} orders, {shipped} of them shipped", acknowledged.len());
    report.tell("acknowledged", format!("{counts}: all at both sides, {} later", seconds(took)));
    Ok(())
}

async fn sizes(project: &Project, report: &mut Report) -> Result<()> {
    let size = async |image: &str| -> Result<f64> {
        let told = inspect(image).await?;
        Ok(told["Size"].as_f64().context("an image without size")? / 1e6)
    };
    let base = size(BASE).await?;
    for program in PROGRAMS {
        let more = size(&project.image(program)).await? - base;
        report.tell(&format!("image of {program}"), format!("{more:.1} MB over {BASE}"));
        anyhow::ensure!(more < LARGEST, "the image of {program} is {more:.1} MB over {BASE}");
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
