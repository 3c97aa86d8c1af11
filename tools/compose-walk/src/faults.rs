//! Each container in turn dies without a word and comes back by itself, is killed and started
//! again, and is restarted, while callers write.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use launcher::progress::Progress;
use launcher::wait::until;
use tokio::process::Command;

use super::engine::{docker, whole_output};
use super::project::{PROGRAMS, Project, SERVICES};
use super::writers::Writers;

/// The time in which a container is healthy again. RabbitMQ is asked every ten seconds.
const WELL: Duration = Duration::from_secs(150);
/// Writes that are to be acknowledged between two faults, so that each meets some.
const BETWEEN: usize = 24;

/// A fault of a container.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Its processes end at once; Docker starts it again.
    Dies,
    /// The container is killed, and stays away until somebody starts it.
    Killed,
    /// The container is asked to end, and started again.
    Restarted,
}

const FAULTS: [Fault; 3] = [Fault::Dies, Fault::Killed, Fault::Restarted];

/// The time that each container took to be healthy again.
pub type Recoveries = Vec<(String, Vec<Duration>)>;

/// All of them.
pub async fn befall_each(
    project: &Project,
    writers: &Writers,
    progress: &Progress,
) -> Result<Recoveries> {
    let mut recoveries = Recoveries::new();
    for service in SERVICES {
        let mut took = Vec::new();
        for fault in FAULTS {
            let what = format!("{service} {}", fault.says());
            let recovery = progress.during(&what, befall(project, service, fault)).await;
            took.push(recovery.with_context(|| what.clone())?);
            let enough = writers.count() + BETWEEN;
            let written = async || writers.count() >= enough;
            until(&format!("writes after {what}"), WELL, written).await?;
        }
        recoveries.push((service.to_owned(), took));
    }
    Ok(recoveries)
}

impl Fault {
    const fn says(self) -> &'static str {
        match self {
            Self::Dies => "dies and comes back by itself",
            Self::Killed => "is killed and started again",
            Self::Restarted => "is restarted",
        }
    }
}

async fn befall(project: &Project, service: &str, fault: Fault) -> Result<Duration> {
    let container = project.container(service).await?;
    let before = started_at(project, service).await?;
    let began = Instant::now();
    match fault {
        Fault::Dies => die(&container).await?,
        Fault::Killed => {
            docker(&["kill", &container]).await?;
            docker(&["start", &container]).await?;
        }
        Fault::Restarted => {
            docker(&["restart", "--time", "15", &container]).await?;
        }
    }
    until("it to be started again", WELL, async || {
        started_at(project, service).await.is_ok_and(|at| at != before)
    })
    .await?;
    until("it to be well again", WELL, async || is_well(project, service).await).await?;
    if let Fault::Restarted = fault {
        ended_well(project, service).await?;
    }
    Ok(began.elapsed())
}

/// Ends every process but the first, which Docker put there to wait for them. The shell ends too.
async fn die(container: &str) -> Result<()> {
    let arguments = ["exec", container, "sh", "-c", "kill -9 -1"];
    let ended = whole_output(Command::new("docker").args(arguments)).await?;
    match ended.status.code() {
        Some(0 | 137) => Ok(()),
        Some(_) | None => bail!("{}", String::from_utf8_lossy(&ended.stderr)),
    }
}

async fn started_at(project: &Project, service: &str) -> Result<String> {
    let told = project.inspect(service).await?;
    let running = told["State"]["Running"] == true;
    ensure!(running, "it does not run");
    Ok(told["State"]["StartedAt"].to_string())
}

/// Waits until Docker knows that all are well: it asks every few seconds.
pub async fn all_are_well(project: &Project) -> Result<()> {
    for service in SERVICES {
        until(&format!("{service} to be well"), WELL, async || is_well(project, service).await)
            .await?;
    }
    Ok(())
}

async fn is_well(project: &Project, service: &str) -> bool {
    let told = project.inspect(service).await;
    told.is_ok_and(|told| told["State"]["Health"]["Status"] == "healthy")
}

/// Our own programs end when they are asked to: the line that says so is the last of that life.
async fn ended_well(project: &Project, service: &str) -> Result<()> {
    if !PROGRAMS.contains(&service) {
        return Ok(());
    }
    let container = project.container(service).await?;
    let logs = whole_output(Command::new("docker").args(["logs", &container])).await?;
    let said = String::from_utf8_lossy(&[logs.stdout, logs.stderr].concat()).into_owned();
    ensure!(said.contains("stopping"), "{service} did not hear that it was to stop");
    Ok(())
}
