//! The setup of one RabbitMQ node: its name, its files, and the commands to run.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::rabbitmq::{Passwords, Ports, Tls};
use crate::recipe::Recipe;
use crate::secret;

/// The name of a file that is created when the node has been ready: data without it are from a
/// first start that was interrupted, and cannot be relied on.
const WHOLE: &str = "whole";

/// The path of the data as the node sees it: a plain name whatever the folder is called, because
/// the node runs in that folder.
const WORKING: &str = "/proc/self/cwd/data";

/// The path of the definitions of users and permissions, in the same way.
const DEFINITIONS: &str = "/proc/self/cwd/definitions.json";

#[derive(Debug)]
pub(super) struct Node {
    pub(super) server: PathBuf,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) ports: Ports,
    pub(super) passwords: Passwords,
    pub(super) tls: Option<Tls>,
    pub(super) log: PathBuf,
}

/// Returns the node's name. The data depend on it, so it is made once and kept with them; its host
/// is one that every machine can resolve, since a container's own name often cannot be.
pub(super) fn name(folder: &Path) -> Result<String> {
    let file = folder.join("node");
    if let Ok(name) = fs::read_to_string(&file) {
        return Ok(name.trim().to_owned());
    }
    let name = format!("lockstep-{:.8}@localhost", secret::random());
    fs::write(&file, &name).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(name)
}

impl Node {
    pub(super) fn write_files(&self) -> Result<()> {
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))?;
        if !self.folder.join(WHOLE).exists() && self.folder.join("data").exists() {
            fs::remove_dir_all(self.folder.join("data"))?;
        }
        for folder in ["home", "data"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        let tls = self.tls.as_ref().map_or_else(String::new, encrypted);
        fs::write(self.folder.join("rabbitmq.conf"), settings(self.ports) + &tls)?;
        fs::write(self.folder.join("definitions.json"), self.passwords.definitions())?;
        fs::write(self.folder.join("plugins"), "[rabbitmq_management,rabbitmq_prometheus].\n")?;
        let control = self.control();
        fs::write(&control, self.control_script())?;
        Ok(fs::set_permissions(control, fs::Permissions::from_mode(0o700))?)
    }

    /// Returns a script that runs `rabbitmqctl` against this node.
    pub(super) fn control(&self) -> PathBuf {
        self.folder.join("rabbitmqctl")
    }

    fn control_script(&self) -> String {
        let program = self.server.with_file_name("rabbitmqctl");
        let (name, epmd, program) = (&self.name, self.ports.epmd, program.display());
        format!(
            "\
#!/bin/sh
folder=$(cd \"$(dirname \"$0\")\" && pwd)
# Its own Erlang cookie, its own register, and none of the machine's settings.
export HOME=\"$folder/home\" ERL_EPMD_PORT={epmd} ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_CONF_ENV_FILE=\"$folder/none\" RABBITMQ_NODENAME='{name}'
exec '{program}' -n '{name}' \"$@\"
"
        )
    }

    /// Records that the node has once been ready with the existing data.
    pub(super) fn mark_whole(&self) -> Result<()> {
        Ok(fs::write(self.folder.join(WHOLE), "")?)
    }

    /// Returns the recipe of epmd, the register in which Erlang nodes find each other. A node that
    /// finds none starts one that outlives it; ours is a child like any other.
    pub(super) fn register(&self) -> Recipe {
        let log = self.folder.join("epmd.log");
        Recipe::new("epmd", Path::new("epmd"), &log)
            .args(["-address", "127.0.0.1", "-port", &self.ports.epmd.to_string()])
            .clean()
    }

    pub(super) fn broker(&self) -> Recipe {
        let inside = |name: &str| self.folder.join(name);
        let data = if plain(&self.folder) { inside("data") } else { WORKING.into() };
        Recipe::new("RabbitMQ", &self.server, &self.log)
            .clean()
            // Its own Erlang cookie.
            .env("HOME", inside("home"))
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", inside("none.config"))
            // The machine's own settings, which it would read otherwise.
            .env("RABBITMQ_CONF_ENV_FILE", inside("none"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", inside("plugins"))
            .env("RABBITMQ_MNESIA_BASE", &data)
            .env("RABBITMQ_LOG_BASE", &data)
            .folder(&self.folder)
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            // Makes the script become the node instead of waiting for it, so that signals reach it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("ERL_CRASH_DUMP_SECONDS", "0")
    }
}

/// Returns whether a path has no character that is special for a shell. The node asks a shell for
/// the free space on the disk of its data, without quoting, and a quote would make it wait for
/// ever.
fn plain(path: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@:,=".contains(byte);
    path.as_os_str().as_bytes().iter().all(plain)
}

/// Returns the text of `rabbitmq.conf`.
fn settings(ports: Ports) -> String {
    let Ports { amqp, management, prometheus, .. } = ports;
    format!(
        "\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
load_definitions = {DEFINITIONS}
log.console = true
log.console.level = info
log.console.formatter = plaintext
log.file = false
# Below this it blocks every publisher; the launcher refuses to start long before.
disk_free_limit.absolute = 256MB
# The log of the quorum queues is kept in memory up to this size.
raft.wal_max_size_bytes = 67108864
"
    )
}

/// Returns the settings for TLS, which are added to the others.
fn encrypted(Tls { port, certificate, key }: &Tls) -> String {
    let (certificate, key) = (certificate.display(), key.display());
    format!(
        "\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_a_shell_would_misread_is_not_plain() {
        for path in ["/a b", "/it's", "/$a", "/a;b", "/ä"] {
            assert!(!plain(Path::new(path)), "{path}");
        }
        assert!(plain(Path::new("/home/ann/lock-step_1.0/.lockstep")));
    }
}
