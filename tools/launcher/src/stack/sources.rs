//! The sample sources of a stack (`deploy/up --with-sources`): how they are started, and how the
//! worker is connected to them. They are a program of their own, `tools/sources`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::given::Given;
use super::secrets::Secrets;
use super::settle::SourcePorts;
use crate::recipe::Recipe;

/// The program.
pub(super) const PROGRAM: &str = "sample-sources";

/// The user that the upstream knows.
const USER: &str = "lockstep";

/// The posts that a new remote has.
const POSTS: &str = "100";

/// The times between two pulls, and between two sendings to the remote: short, for who watches.
const PULL_SECONDS: &str = "30";
const SEND: &str = "10s";

/// The addresses of the sources.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Addresses {
    pub(super) remote: String,
    pub(super) upstream: String,
}

/// The sources, as data.
#[derive(Debug)]
pub(super) struct Sources {
    ports: SourcePorts,
    credentials: Credentials,
}

/// The credentials that the upstream accepts: those that a person has given to the worker, if any.
struct Credentials {
    user: String,
    password: String,
    token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

/// Returns the value of a setting of the worker that has two names.
fn either<'a>(given: &'a Given, names: [&str; 2]) -> Option<&'a str> {
    names.into_iter().find_map(|name| given.get(name))
}

const USER_NAMES: [&str; 2] = ["API_USER", "WORKER__UPSTREAM__USER"];
const PASSWORD_NAMES: [&str; 2] = ["API_PASSWORD", "WORKER__UPSTREAM__PASSWORD"];
const TOKEN_NAMES: [&str; 2] = ["API_TOKEN", "WORKER__UPSTREAM__TOKEN"];
const INTERVAL_NAMES: [&str; 2] = ["INTERVAL_SCHEDULER_SECONDS", "WORKER__UPSTREAM__INTERVAL"];

impl Sources {
    pub(super) fn new(ports: SourcePorts, secrets: &Secrets, given: &Given) -> Self {
        let credentials = Credentials {
            user: either(given, USER_NAMES).unwrap_or(USER).to_owned(),
            password: either(given, PASSWORD_NAMES).unwrap_or(&secrets.upstream).to_owned(),
            token: either(given, TOKEN_NAMES).map(str::to_owned),
        };
        Self { ports, credentials }
    }

    pub(super) fn addresses(&self) -> Addresses {
        let http = |port: u16| format!("http://127.0.0.1:{port}");
        Addresses { remote: http(self.ports.remote), upstream: http(self.ports.upstream) }
    }

    /// Returns the settings by which the worker finds them. What a person has set stands; and where
    /// a person has named another service, nothing that is for ours is told to it.
    pub(super) fn settings(&self, given: &Given) -> Vec<(String, String)> {
        let (at, Credentials { user, password, .. }) = (self.addresses(), &self.credentials);
        let mut settings = Vec::new();
        if given.get("WORKER__UPSTREAM__URL").is_none() {
            settings.push(("WORKER__UPSTREAM__URL", at.upstream.as_str()));
            let defaults = [
                (USER_NAMES, user.as_str()),
                (PASSWORD_NAMES, password),
                (INTERVAL_NAMES, PULL_SECONDS),
            ];
            let defaults =
                defaults.into_iter().filter(|(names, _)| either(given, *names).is_none());
            settings.extend(defaults.map(|([name, _], value)| (name, value)));
        }
        if given.get("WORKER__MIRROR__URL").is_none() {
            settings.push(("WORKER__MIRROR__URL", &at.remote));
            let interval = ("WORKER__MIRROR__INTERVAL", SEND);
            settings.extend(given.get(interval.0).is_none().then_some(interval));
        }
        settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Returns the recipe of each, with its port. Their data are in the folder of the stack.
    pub(super) fn recipes(&self, built: &Path, folder: &Folder) -> Result<[(Recipe, u16); 2]> {
        let data = folder.path().join("sources");
        std::fs::create_dir_all(&data)
            .with_context(|| format!("cannot make {}", data.display()))?;
        let recipe = |command: &str, port: u16, file: &str| {
            let name = format!("sample {command}");
            let log = folder.log(&format!("{PROGRAM}.{command}"));
            // Clean: what the environment has for the worker is not for them.
            let recipe = Recipe::new(&name, &built.join(PROGRAM), &log).clean().arg(command);
            recipe.args(["--port", &port.to_string()]).arg("--file").arg(data.join(file))
        };
        let SourcePorts { remote, upstream } = self.ports;
        let Credentials { user, password, token } = &self.credentials;
        let from = recipe("upstream", upstream, "upstream.json");
        let from = from.env("API_USER", user).env("API_PASSWORD", password);
        let from = token.iter().fold(from, |recipe, token| recipe.env("API_TOKEN", token));
        let to = recipe("remote", remote, "remote.jsonl").args(["--seed-posts", POSTS]);
        Ok([(to, remote), (from, upstream)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<const N: usize>(given: [(&str, &str); N]) -> Vec<String> {
        let secrets = Secrets { upstream: "made".to_owned(), ..Secrets::default() };
        let given = Given::from(given);
        let sources = Sources::new(SourcePorts { remote: 1, upstream: 2 }, &secrets, &given);
        let settings = sources.settings(&given);
        settings.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn the_worker_is_connected_to_both_with_short_intervals() {
        let expected = [
            "WORKER__UPSTREAM__URL=http://127.0.0.1:2",
            "API_USER=lockstep",
            "API_PASSWORD=made",
            "INTERVAL_SCHEDULER_SECONDS=30",
            "WORKER__MIRROR__URL=http://127.0.0.1:1",
            "WORKER__MIRROR__INTERVAL=10s",
        ];
        assert_eq!(settings([]), expected);
    }

    #[test]
    fn what_a_person_has_set_stands_under_either_name() {
        let given = [("API_USER", "me"), ("WORKER__UPSTREAM__INTERVAL", "5s")];
        let left = settings(given);
        assert!(!left.iter().any(|it| it.starts_with("API_USER") || it.starts_with("INTERVAL")));
        assert!(left.contains(&"API_PASSWORD=made".to_owned()), "{left:?}");
    }

    #[test]
    fn another_service_is_told_nothing_that_is_for_ours() {
        let left = settings([("WORKER__UPSTREAM__URL", "https://other")]);
        assert_eq!(
            left,
            ["WORKER__MIRROR__URL=http://127.0.0.1:1", "WORKER__MIRROR__INTERVAL=10s"]
        );
        let left = settings([("WORKER__MIRROR__URL", "https://other")]);
        assert!(!left.iter().any(|it| it.contains("MIRROR")), "{left:?}");
    }

    #[test]
    fn the_upstream_accepts_what_the_worker_was_given() {
        let given = Given::from([("API_TOKEN", "t"), ("WORKER__UPSTREAM__USER", "me")]);
        let ports = SourcePorts { remote: 1, upstream: 2 };
        let Credentials { user, token, .. } =
            Sources::new(ports, &Secrets::default(), &given).credentials;
        assert_eq!((user.as_str(), token.as_deref()), ("me", Some("t")));
    }
}
