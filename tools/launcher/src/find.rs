//! The search for the server programs. Debian keeps them out of `PATH`, others do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The oldest PostgreSQL version that is supported.
const POSTGRES: u32 = 14;
/// The oldest RabbitMQ version that is supported.
const RABBITMQ: (u32, u32) = (3, 10);

/// The programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresPrograms {
    /// The folder of the programs.
    pub folder: PathBuf,
    /// The major version.
    pub major: u32,
}

/// Returns the newest PostgreSQL, or the one of the version that made the existing data.
pub fn postgres(wanted: Option<u32>) -> Result<PostgresPrograms> {
    let debian = subfolders("/usr/lib/postgresql").into_iter().map(|folder| folder.join("bin"));
    let found = debian.chain(path()).filter_map(|folder| {
        let program = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = program.parent().filter(|folder| folder.join("initdb").exists())?.to_owned();
        let version = Command::new(program).arg("--version").output().ok()?;
        let major = postgres_major(&String::from_utf8_lossy(&version.stdout))?;
        Some(PostgresPrograms { folder, major })
    });
    pick(found.collect(), wanted)
}

fn pick(found: Vec<PostgresPrograms>, wanted: Option<u32>) -> Result<PostgresPrograms> {
    if let Some(major) = wanted {
        let same = found.into_iter().find(|programs| programs.major == major);
        return same.with_context(|| {
            format!(
                "the data were made by PostgreSQL {major}, which is not installed any more: \
                 install it again, or remove the data with `deploy/down --wipe`"
            )
        });
    }
    let newest = found.into_iter().max_by_key(|programs| programs.major);
    match newest {
        Some(programs) if programs.major >= POSTGRES => Ok(programs),
        Some(programs) => {
            bail!("PostgreSQL {POSTGRES} or newer is needed, and here is {}", programs.major)
        }
        None => bail!("PostgreSQL is not installed (on Debian: apt-get install postgresql)"),
    }
}

/// Returns the major version in the output of `postgres --version`.
fn postgres_major(said: &str) -> Option<u32> {
    let version = said.strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Returns the `rabbitmq-server` script: the one of the installation, never Debian's wrapper in
/// `/usr/sbin`, which changes user and folder.
pub fn rabbitmq() -> Result<PathBuf> {
    let candidates = std::iter::once(PathBuf::from("/usr/lib/rabbitmq/bin")).chain(path());
    let mut old = None;
    for folder in candidates {
        let Ok(server) = fs::canonicalize(folder.join("rabbitmq-server")) else {
            continue;
        };
        let Some(plugins) = plugins(&server) else {
            continue;
        };
        match rabbitmq_version(&plugins) {
            Some(version) if version < RABBITMQ => old = Some(version),
            Some(_) if !plugins.iter().any(|name| name.starts_with("rabbitmq_management-")) => {
                bail!("RabbitMQ is installed without its management plugin; install that as well")
            }
            Some(_) => return Ok(server),
            None => {}
        }
    }
    let (major, minor) = RABBITMQ;
    match old {
        Some((a, b)) => bail!("RabbitMQ {major}.{minor} or newer is needed, and here is {a}.{b}"),
        None => bail!("RabbitMQ is not installed (on Debian: apt-get install rabbitmq-server)"),
    }
}

/// Returns the names in the plugin folder beside the folder of the server script.
fn plugins(server: &Path) -> Option<Vec<String>> {
    let folder = server.parent()?.parent()?.join("plugins");
    let names =
        fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Some(names.collect())
}

/// Returns the version of the plugin that is the broker itself, `rabbit-3.10.8`.
fn rabbitmq_version(plugins: &[String]) -> Option<(u32, u32)> {
    let version = plugins.iter().find_map(|name| name.strip_prefix("rabbit-"))?;
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

fn subfolders(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(major: u32) -> PostgresPrograms {
        PostgresPrograms { folder: PathBuf::from(format!("/{major}")), major }
    }

    #[test]
    fn versions_are_read_from_what_the_programs_say() {
        assert_eq!(
            postgres_major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(postgres_major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(postgres_major("something else"), None);
        let names = ["rabbit_common-3.9.1", "rabbit-4.1.2.ez"].map(str::to_owned);
        assert_eq!(rabbitmq_version(&names), Some((4, 1)));
        assert_eq!(rabbitmq_version(&[]), None);
    }

    #[test]
    fn the_newest_is_taken_unless_the_data_want_another() {
        let both = || vec![programs(15), programs(17), programs(16)];
        assert_eq!(pick(both(), None).unwrap(), programs(17));
        assert_eq!(pick(both(), Some(15)).unwrap(), programs(15));
        assert!(pick(both(), Some(14)).is_err());
        assert!(pick(vec![programs(13)], None).is_err());
        assert!(pick(vec![], None).is_err());
    }

    #[test]
    fn a_version_is_compared_by_number() {
        let version = |name: &str| rabbitmq_version(&[name.to_owned()]).unwrap();
        assert!(version("rabbit-3.9.13") < RABBITMQ);
        assert!(version("rabbit-3.10.8") >= RABBITMQ);
        assert!(version("rabbit-4.0.1") >= RABBITMQ);
    }
}
