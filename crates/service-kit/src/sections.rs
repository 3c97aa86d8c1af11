//! The settings of resources: each may have a section of its own among those of the program.

use std::collections::{BTreeMap, HashMap};

use program_kit::settings::{SettingsError, Value, read_section};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The settings of a resource: one section.
pub trait Section: DeserializeOwned + Send + Sync + 'static {
    /// The name of the section.
    const NAME: &'static str;
    /// The defaults, as TOML with comments.
    const DEFAULTS: &'static str;
}

/// The sections besides those that every service has, as they were set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Sections(BTreeMap<String, Value>);

impl Sections {
    /// Sets a section, for who builds the settings without a file.
    pub fn set<const N: usize>(&mut self, section: &str, settings: [(&str, &str); N]) {
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.0.insert(section.to_owned(), HashMap::from(settings).into());
    }

    /// Reads a section: its defaults, and over them what was set.
    pub(crate) fn read<S: Section>(&self) -> Result<S, SettingsError> {
        read_section(S::NAME, S::DEFAULTS, self.0.get(S::NAME))
    }

    /// Fails if there is another section than these.
    pub(crate) fn check_names(&self, known: &[&str]) -> Result<(), SettingsError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(SettingsError::unknown_section(name)),
            None => Ok(()),
        }
    }
}
