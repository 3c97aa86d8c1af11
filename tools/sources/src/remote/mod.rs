//! A small remote of JSONPlaceholder's shape.

mod answers;
mod journal;
mod query;
mod records;
mod seed;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

pub use records::{Kind, Record};

use crate::http::{Answer, Request, Source};
use crate::running::Running;
use crate::steering;
use answers::Behaviour;
use journal::Journal;
use records::{Change, Records};

/// The options of a remote.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address to listen at. Whoever reaches it may steer the remote.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// A file in which the records survive a restart.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The number of posts, with five comments each, that a new remote has; not used where the file
    /// exists. The default is 0, or 100 with --faking.
    #[arg(long, value_name = "N")]
    pub seed_posts: Option<u64>,
    /// Answer as JSONPlaceholder does: every new post is number 101, and nothing is stored.
    #[arg(long)]
    pub faking: bool,
    /// Heed the header Idempotency-Key of a create.
    #[arg(long)]
    pub idempotency: bool,
    /// Give a new record the id after the highest one in use, as json-server does: that of a record that was
    /// deleted may be given again.
    #[arg(long)]
    pub reuse_ids: bool,
}

impl Default for Options {
    fn default() -> Self {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (port, file, seed_posts) = (0, None, None);
        let (faking, idempotency, reuse_ids) = (false, false, false);
        Self { host, port, file, seed_posts, faking, idempotency, reuse_ids }
    }
}

/// A running remote. Dropping it stops it.
pub type Remote = Running<RemoteSource>;

/// The records of a remote, and how it answers.
#[derive(Debug)]
pub struct RemoteSource {
    state: Mutex<State>,
    seed_posts: u64,
}

#[derive(Debug)]
struct State {
    records: Records,
    behaviour: Behaviour,
    journal: Option<Journal>,
}

impl Running<RemoteSource> {
    /// Starts a remote in this process.
    #[expect(clippy::unused_async, reason = "it needs a tokio runtime, which this makes sure of")]
    pub async fn start(options: Options) -> Result<Self> {
        let Options { host, port, file, seed_posts, faking, idempotency, reuse_ids } = options;
        let seed_posts = seed_posts.unwrap_or(if faking { 100 } else { 0 });
        let new = || seed::seed(seed_posts);
        let (journal, records) = match file {
            Some(path) => {
                let (journal, records) = Journal::open(&path, new)?;
                (Some(journal), records)
            }
            None => (None, new()),
        };
        let behaviour = Behaviour { faking, reuses_ids: reuse_ids, idempotency };
        let state = Mutex::new(State { records, behaviour, journal });
        Self::serve(host, port, RemoteSource { state, seed_posts })
    }

    /// Returns the records of a kind, in the order of their ids.
    #[must_use]
    pub fn records(&self, kind: Kind) -> Vec<Record> {
        self.source.state().records.all(kind).cloned().collect()
    }

    /// Returns a record.
    #[must_use]
    pub fn record(&self, kind: Kind, id: u64) -> Option<Record> {
        self.source.state().records.get(kind, id).cloned()
    }

    /// Creates a record, as another client of the remote would; returns its id.
    pub fn create(&self, kind: Kind, record: Record) -> Result<u64> {
        let mut state = self.source.state();
        let id = state.records.next(kind);
        let changes = state.records.store(kind, id, record);
        state.keep(&changes)?;
        Ok(id)
    }

    /// Stores a record under an id, new or in the place of another.
    pub fn store(&self, kind: Kind, id: u64, record: Record) -> Result<()> {
        let mut state = self.source.state();
        let changes = state.records.store(kind, id, record);
        state.keep(&changes)
    }

    /// Removes a record, and of a post its comments, too; returns whether it was there.
    pub fn remove(&self, kind: Kind, id: u64) -> Result<bool> {
        let mut state = self.source.state();
        let changes = state.records.remove(kind, id);
        state.keep(&changes)?;
        Ok(!changes.is_empty())
    }

    /// Sets whether it answers as JSONPlaceholder does, which stores nothing.
    pub fn set_faking(&self, faking: bool) {
        self.source.state().behaviour.faking = faking;
    }

    /// Sets whether it heeds the header `Idempotency-Key`.
    pub fn set_idempotency(&self, idempotency: bool) {
        self.source.state().behaviour.idempotency = idempotency;
    }
}

impl RemoteSource {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes changes to the file, if there is one.
    fn keep(&mut self, changes: &[Change]) -> Result<()> {
        match &mut self.journal {
            Some(journal) if !changes.is_empty() => journal.append(changes),
            Some(_) | None => Ok(()),
        }
    }
}

/// The behaviour to be set; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    faking: Option<bool>,
    idempotency: Option<bool>,
}

impl Source for RemoteSource {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        let behaviour = state.behaviour;
        let (answer, changes) = answers::answer(&mut state.records, behaviour, request);
        match state.keep(&changes) {
            Ok(()) => answer,
            Err(error) => Answer::refusal(500, format!("{error:#}")),
        }
    }

    fn control(&self, request: &Request, path: &[&str]) -> Option<Answer> {
        let mut state = self.state();
        match (request.method.as_str(), path) {
            ("GET", ["settings"]) => {}
            ("PUT", ["settings"]) => {
                let settings: Settings = match steering::read(request) {
                    Ok(settings) => settings,
                    Err(problem) => return Some(steering::done(Err(problem))),
                };
                let behaviour = &mut state.behaviour;
                behaviour.faking = settings.faking.unwrap_or(behaviour.faking);
                behaviour.idempotency = settings.idempotency.unwrap_or(behaviour.idempotency);
            }
            _ => return None,
        }
        let Behaviour { faking, idempotency, .. } = state.behaviour;
        Some(steering::done(Ok(json!({ "faking": faking, "idempotency": idempotency }))))
    }

    fn reset(&self) -> Result<()> {
        let mut state = self.state();
        state.records = seed::seed(self.seed_posts);
        if let Some(journal) = &state.journal {
            state.journal = Some(Journal::anew(journal.path(), &state.records)?);
        }
        Ok(())
    }

    fn is_secret(&self, _: &Request) -> bool {
        false
    }
}
