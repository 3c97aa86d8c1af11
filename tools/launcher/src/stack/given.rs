//! The settings that a person has put into the environment of `deploy/up`: which program each is
//! for, and which cannot be taken. Pure.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use anyhow::{Result, bail};

use super::endpoints::Access;

/// The beginnings of the names of each program's settings.
const PREFIXES: [&str; 3] = ["STORE__", "WAREHOUSE__", "WORKER__"];

/// The names of the worker's settings that have no such beginning.
const WORKER: [&str; 5] = [
    "API_TOKEN",
    "API_USER",
    "API_PASSWORD",
    "INTERVAL_SCHEDULER_SECONDS",
    "INTERVAL_RETRY_TOKEN_SECONDS",
];

/// The names of the tokens that are made with `--secured`.
const TOKENS: [&str; 4] = ["READER", "WRITER", "WORKER", "ADMIN"];

/// The addresses to listen at where a program can be asked whether it is ready.
const HOSTS: [&str; 2] = ["127.0.0.1", "0.0.0.0"];

/// The given settings, by their names in capital letters: the programs do not heed the case.
#[derive(Default)]
pub(super) struct Given {
    settings: BTreeMap<String, String>,
    /// The variables as they are spelled: no program may inherit those of another.
    variables: Vec<OsString>,
}

impl Given {
    /// Finds the settings among the variables of an environment.
    pub(super) fn of(environment: impl Iterator<Item = (OsString, OsString)>) -> Result<Self> {
        let mut given = Self::default();
        for (variable, value) in environment {
            let Some(name) = variable.to_str().and_then(setting) else { continue };
            let Ok(value) = value.into_string() else { bail!("{name}: expected UTF-8") };
            given.variables.push(variable);
            // The worker takes an empty one of these as one that is not set.
            if !(value.is_empty() && WORKER.contains(&name.as_str())) {
                given.settings.insert(name, value);
            }
        }
        Ok(given)
    }

    /// Returns the value of a setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Returns the settings of the program whose settings begin with `prefix`.
    pub(super) fn of_program(&self, prefix: &str) -> impl Iterator<Item = (&String, &String)> {
        let start = format!("{prefix}__");
        self.settings.iter().filter(move |(name, _)| {
            name.starts_with(&start) || (prefix == "WORKER" && WORKER.contains(&name.as_str()))
        })
    }

    /// Returns the variables that no program is to inherit: each gets its own settings explicitly.
    pub(super) fn variables(&self) -> &[OsString] {
        &self.variables
    }

    /// Refuses settings with which the stack could not work, and says what to do.
    pub(super) fn check(&self, access: Access) -> Result<()> {
        for (name, value) in &self.settings {
            let (prefix, setting) = name.split_once("__").unwrap_or_default();
            match (setting, setting.strip_prefix("ACCESS__TOKENS__")) {
                ("DATABASE__URL", _) => bail!(
                    "{name} is set, but deploy/up keeps the data in a PostgreSQL of its own; unset \
                     it, or start the program by hand"
                ),
                ("HTTP__HOST", _) if !HOSTS.contains(&value.as_str()) => bail!(
                    "{name} is {value}; expected {}: deploy/up asks at 127.0.0.1 whether the \
                     program is ready",
                    HOSTS.join(" or ")
                ),
                (_, Some(token)) => self.check_token(name, prefix, token, access)?,
                (_, None) => {}
            }
        }
        Ok(())
    }

    fn check_token(&self, name: &str, prefix: &str, token: &str, access: Access) -> Result<()> {
        let workers = format!("WORKER__{prefix}__TOKEN");
        match access {
            Access::Secured if TOKENS.contains(&token) => bail!(
                "{name} is set, but deploy/up --secured makes a token of this name; take another \
                 name"
            ),
            Access::Open if prefix != "WORKER" && self.get(&workers).is_none() => bail!(
                "{name} is set, so that the worker needs a token, too: start with deploy/up \
                 --secured, which gives it one, or set {workers}"
            ),
            Access::Secured | Access::Open => Ok(()),
        }
    }

    /// Returns the port that a program is to have: 0 for any.
    pub(super) fn port(&self, prefix: &str) -> Result<Option<u16>> {
        let name = format!("{prefix}__HTTP__PORT");
        let Some(value) = self.get(&name) else { return Ok(None) };
        match value.parse() {
            Ok(port) => Ok(Some(port)),
            Err(_) => bail!("{name} is {value:?}; expected a port, or 0 for any"),
        }
    }
}

/// The values may be secrets.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

/// Returns the name of the setting that a variable holds, if it holds one.
fn setting(variable: &str) -> Option<String> {
    let name = variable.to_ascii_uppercase();
    let is_prefixed = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    (is_prefixed || WORKER.contains(&variable)).then_some(name)
}

#[cfg(test)]
impl Given {
    /// Creates settings for a test.
    pub(super) fn from<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let variables = settings.map(|(name, value)| (name.into(), value.into()));
        Self::of(variables.into_iter()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &Given, prefix: &str) -> Vec<String> {
        given.of_program(prefix).map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn each_program_gets_its_own() {
        let given = Given::from([
            ("PATH", "/bin"),
            ("STORE__RELAY__BATCH_SIZE", "7"),
            ("store__log__filter", "debug"),
            ("WAREHOUSE__LOG__FILTER", "info"),
            ("WORKER__STORE__URL", "http://proxy"),
            ("API_TOKEN", "secret"),
            ("API_USER", ""),
            ("INTERVAL_SCHEDULER_SECONDS", "5"),
            ("STORE_URL", "of endpoints.env"),
        ]);
        assert_eq!(
            names(&given, "STORE"),
            ["STORE__LOG__FILTER=debug", "STORE__RELAY__BATCH_SIZE=7"]
        );
        assert_eq!(names(&given, "WAREHOUSE"), ["WAREHOUSE__LOG__FILTER=info"]);
        let of_the_worker = ["API_TOKEN=secret", "INTERVAL_SCHEDULER_SECONDS=5"];
        assert_eq!(names(&given, "WORKER")[..2], of_the_worker);
        assert_eq!(names(&given, "WORKER").len(), 3);
        assert_eq!(given.variables().len(), 7, "what nobody may inherit");
        assert!(!format!("{given:?}").contains("secret"));
    }

    #[test]
    fn what_the_stack_could_not_work_with_is_refused_with_advice() {
        let refused = |name, value, access| {
            Given::from([(name, value)]).check(access).err().map(|error| error.to_string())
        };
        let hash = "read sha256:00";
        for (name, value, access, advice) in [
            ("STORE__DATABASE__URL", "postgres://x", Access::Open, "unset it"),
            ("WORKER__HTTP__HOST", "10.0.0.1", Access::Secured, "expected 127.0.0.1 or 0.0.0.0"),
            ("STORE__ACCESS__TOKENS__ADMIN", hash, Access::Secured, "take another name"),
            ("STORE__ACCESS__TOKENS__SHOP", hash, Access::Open, "set WORKER__STORE__TOKEN"),
        ] {
            let error = refused(name, value, access).unwrap();
            assert!(error.starts_with(name) && error.contains(advice), "{error}");
        }
        for (name, access) in [
            ("STORE__DATABASE__POOL_SIZE", Access::Open),
            ("STORE__ACCESS__TOKENS__SHOP", Access::Secured),
            ("WORKER__ACCESS__TOKENS__ME", Access::Open),
            ("WORKER__STORE__URL", Access::Open),
        ] {
            assert_eq!(refused(name, "x", access), None, "{name}");
        }
        let both = [("STORE__ACCESS__TOKENS__SHOP", hash), ("WORKER__STORE__TOKEN", "t")];
        assert!(Given::from(both).check(Access::Open).is_ok());
    }

    #[test]
    fn a_port_is_a_number() {
        assert_eq!(Given::default().port("STORE").unwrap(), None);
        assert_eq!(Given::from([("STORE__HTTP__PORT", "0")]).port("STORE").unwrap(), Some(0));
        let error = Given::from([("STORE__HTTP__PORT", "x")]).port("STORE").unwrap_err();
        assert_eq!(error.to_string(), "STORE__HTTP__PORT is \"x\"; expected a port, or 0 for any");
    }
}
