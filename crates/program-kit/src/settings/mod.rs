//! Settings: defaults in the program, then an optional TOML file, then the environment.
//!
//! The defaults are TOML texts with a comment for each setting; `--help` prints these same texts,
//! so the documentation always shows the defaults in force.

mod values;

use std::collections::BTreeMap;
use std::path::Path;

pub use config::Value;
use config::{Config, ConfigError, Environment, File, FileFormat};
use serde::de::DeserializeOwned;
use thiserror::Error;

pub use values::{non_zero, non_zero_time};

/// The layout of a program's settings.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The prefix of its environment variables, as `STORE` in `STORE__HTTP__PORT`.
    pub prefix: &'static str,
    /// The default port.
    pub port: u16,
    /// The sections, as TOML with comments.
    pub sections: &'static [&'static str],
    /// Settings that have another name in the environment, too.
    pub aliases: &'static [Alias],
}

/// Another name of a setting in the environment, without a prefix. Where both are set, the one with the
/// prefix wins. An empty text is as good as none.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The name of the environment variable.
    pub variable: &'static str,
    /// The setting, such as `upstream.token`.
    pub setting: &'static str,
    /// The unit that follows the value: `s` where it is a number of seconds.
    pub unit: &'static str,
}

/// The error of a setting that is malformed, unknown or missing.
#[derive(Debug, Error)]
#[error("invalid settings: {0}")]
pub struct SettingsError(#[from] ConfigError);

impl SettingsError {
    /// Creates the error of a section that no part of the program has.
    #[must_use]
    pub fn unknown_section(name: &str) -> Self {
        Self(ConfigError::Message(format!("unknown field: section `{name}`")))
    }
}

/// Reads one section: its defaults, as TOML, and over them what was set.
pub fn read_section<S: DeserializeOwned>(
    name: &str,
    defaults: &str,
    set: Option<&Value>,
) -> Result<S, SettingsError> {
    let mut sources = Config::builder().add_source(File::from_str(defaults, FileFormat::Toml));
    if let Some(set) = set {
        sources = sources.set_override(name, set.clone())?;
    }
    // As a part of all settings, so that an error names the section, too.
    let mut sections = sources.build()?.try_deserialize::<BTreeMap<String, S>>()?;
    Ok(sections.remove(name).ok_or_else(|| ConfigError::NotFound(name.to_owned()))?)
}

impl Layout {
    /// Returns the defaults in force, as `--help` shows them.
    #[must_use]
    pub fn defaults(&self) -> String {
        self.sections.join("\n").replace("{port}", &self.port.to_string())
    }

    /// Loads the settings: defaults, then `file`, then the environment.
    pub fn load<S: DeserializeOwned>(&self, file: Option<&Path>) -> Result<S, SettingsError> {
        let variable = |name: &str| std::env::var(name).ok();
        self.load_with(file, variable, Environment::with_prefix(self.prefix))
    }

    fn load_with<S: DeserializeOwned>(
        &self,
        file: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
        environment: Environment,
    ) -> Result<S, SettingsError> {
        let mut sources =
            Config::builder().add_source(File::from_str(&self.defaults(), FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let mut aliases = Config::builder();
        for Alias { variable: name, setting, unit } in self.aliases {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                aliases = aliases.set_override(setting, format!("{value}{unit}"))?;
            }
        }
        sources = sources.add_source(aliases.build()?);
        // Texts stay texts: the password 0012 must not become the number 12.
        let environment = environment.prefix_separator("__").separator("__").try_parsing(false);
        Ok(sources.add_source(environment).build()?.try_deserialize()?)
    }
}

#[cfg(test)]
mod tests;
