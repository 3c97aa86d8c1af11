//! A small upstream: users and their warehouses, behind a token.

mod answers;
mod control;
mod data;
mod file;
mod made;
mod tokens;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;

pub use data::{FIRST_USER, Record};

use crate::http::{Answer, Request, Source};
use crate::running::Running;
use crate::steering;
use answers::Credentials;
use data::Data;
use tokens::Tokens;

/// The username and the password where nothing else was set.
const SAMPLE: &str = "sample";

/// The options of an upstream.
#[derive(Clone, clap::Args)]
pub struct Options {
    /// The address to listen at. Whoever reaches it may steer the upstream.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// A file in which changes of the data survive a restart.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The number of users, from 233 on; not used where the file exists.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub users: u64,
    /// The number of warehouses of each; not used where the file exists.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub sites_per_user: u64,
    /// Answer a user's warehouses as a bare list; not used where the file exists.
    #[arg(long)]
    pub bare_list: bool,
    /// The username that is accepted.
    #[arg(long, env = "API_USER", hide_env_values = true, default_value = SAMPLE)]
    pub username: String,
    /// The password that is accepted.
    #[arg(long, env = "API_PASSWORD", hide_env_values = true, default_value = SAMPLE)]
    pub password: String,
    /// A token that is accepted and never expires.
    #[arg(long, env = "API_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The lifetime of the other tokens, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub token_lifetime: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "expected a number of seconds".to_owned());
    seconds.map(Duration::from_secs)
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            file: None,
            users: 1,
            sites_per_user: 5,
            bare_list: false,
            username: SAMPLE.to_owned(),
            password: SAMPLE.to_owned(),
            token: None,
            token_lifetime: Duration::from_secs(3_600),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its secrets.
        let Self { host, port, file, .. } = self;
        f.debug_struct("Options")
            .field("host", host)
            .field("port", port)
            .field("file", file)
            .finish_non_exhaustive()
    }
}

/// A running upstream. Dropping it stops it.
pub type Upstream = Running<UpstreamSource>;

/// The data of an upstream, and how it answers.
#[derive(Debug)]
pub struct UpstreamSource {
    state: Mutex<State>,
    credentials: Credentials,
    /// The data that a new upstream has.
    new: Data,
    file: Option<PathBuf>,
}

#[derive(Debug)]
struct State {
    data: Data,
    tokens: Tokens,
    token_lifetime: Duration,
}

impl Running<UpstreamSource> {
    /// Starts an upstream in this process.
    #[expect(clippy::unused_async, reason = "it needs a tokio runtime, which this makes sure of")]
    pub async fn start(options: Options) -> Result<Self> {
        let Options { host, port, file, users, sites_per_user, bare_list, .. } = options;
        let Options { username, password, token, token_lifetime, .. } = options;
        let new = Data::made(users, sites_per_user, bare_list);
        let kept = file.as_deref().map(file::read).transpose()?.flatten();
        let data = kept.unwrap_or_else(|| new.clone());
        // Empty is not set, as the worker has it.
        let token = token.filter(|token| !token.is_empty());
        let credentials = Credentials { username, password, token };
        let state = Mutex::new(State { data, tokens: Tokens::default(), token_lifetime });
        Self::serve(host, port, UpstreamSource { state, credentials, new, file })
    }

    /// Lets all tokens expire that were issued; returns how many had not yet.
    pub fn expire_tokens(&self) -> usize {
        self.source.state().tokens.expire(Instant::now())
    }

    /// Sets the lifetime of the tokens that will be issued.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.source.state().token_lifetime = lifetime;
    }

    /// Sets the user that `/iam/users/me` answers.
    pub fn set_me(&self, id: u64) -> Result<()> {
        self.source.change(|data| data.me = id)
    }

    /// Sets whether a user's warehouses are answered as a bare list.
    pub fn set_bare_list(&self, bare_list: bool) -> Result<()> {
        self.source.change(|data| data.bare_list = bare_list)
    }

    /// Changes fields of a user. A user that is not known is made first.
    pub fn put_user(&self, id: u64, fields: Record) -> Result<()> {
        self.source.change(|data| data.put_user(id, fields))
    }

    /// Changes fields of a warehouse. A warehouse that is not known is made first.
    pub fn put_warehouse(&self, id: u64, fields: Record) -> Result<()> {
        self.source.change(|data| data.put_warehouse(id, fields))
    }

    /// Removes a user with the links to its warehouses; returns whether it was there.
    pub fn remove_user(&self, id: u64) -> Result<bool> {
        self.source.change(|data| data.remove_user(id))
    }

    /// Removes a warehouse with the links to it; returns whether it was there.
    pub fn remove_warehouse(&self, id: u64) -> Result<bool> {
        self.source.change(|data| data.remove_warehouse(id))
    }

    /// Links a user and a warehouse. What is not known of them is made first.
    pub fn link(&self, user: u64, warehouse: u64) -> Result<()> {
        self.source.change(|data| data.link(user, warehouse))
    }

    /// Removes a link; returns whether it was there.
    pub fn unlink(&self, user: u64, warehouse: u64) -> Result<bool> {
        self.source.change(|data| data.unlink(user, warehouse))
    }

    /// Sets what is answered in the place of a user's warehouses: records that do not fit, one of
    /// them twice, no list at all. `None` answers its warehouses again.
    pub fn set_verbatim(&self, user: u64, warehouses: Option<Value>) -> Result<()> {
        self.source.change(|data| data.set_verbatim(user, warehouses))
    }

    /// Returns the answer about a user's warehouses, as `/iam/users/{id}/warehouses` gives it.
    #[must_use]
    pub fn warehouses_of(&self, user: u64) -> Option<Value> {
        self.source.state().data.warehouses_of(user)
    }
}

impl UpstreamSource {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the data, in the file first, if there is one.
    fn change<T>(&self, change: impl FnOnce(&mut Data) -> T) -> Result<T> {
        let mut state = self.state();
        let mut data = state.data.clone();
        let outcome = change(&mut data);
        self.keep(&mut state, data)?;
        Ok(outcome)
    }

    fn keep(&self, state: &mut State, data: Data) -> Result<()> {
        if let Some(path) = self.file.as_deref().filter(|_| data != state.data) {
            file::write(path, &data)?;
        }
        state.data = data;
        Ok(())
    }
}

impl Source for UpstreamSource {
    fn answer(&self, request: &Request) -> Answer {
        let (mut state, now) = (self.state(), Instant::now());
        if answers::is_login(request) {
            let (token, lifetime) = (Uuid::new_v4().simple().to_string(), state.token_lifetime);
            let at = (now, lifetime);
            return answers::login(&self.credentials, &mut state.tokens, request, &token, at);
        }
        match answers::is_authorized(&self.credentials, &state.tokens, request, now) {
            true => answers::answer(&state.data, request),
            false => Answer::refusal(401, "no token, or one that is not valid"),
        }
    }

    fn control(&self, request: &Request, path: &[&str]) -> Option<Answer> {
        let mut state = self.state();
        if (request.method.as_str(), path) == ("POST", &["tokens", "expire"]) {
            let expired = state.tokens.expire(Instant::now());
            return Some(steering::done(Ok(json!({ "expired": expired }))));
        }
        let (answer, data) = control::answer(&state.data, request, path)?;
        Some(match self.keep(&mut state, data) {
            Ok(()) => answer,
            Err(error) => Answer::refusal(500, format!("{error:#}")),
        })
    }

    fn reset(&self) -> Result<()> {
        let mut state = self.state();
        state.tokens.expire(Instant::now());
        self.keep(&mut state, self.new.clone())
    }

    fn is_secret(&self, request: &Request) -> bool {
        answers::is_login(request)
    }
}
