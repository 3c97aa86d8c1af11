//! The settings of the containers, which have to fit together; `deploy/test --compose` runs them.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn values(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect()
}

/// The files that `deploy/secrets` has made in a folder.
#[derive(Debug, PartialEq)]
struct Made {
    settings: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
    users: String,
    /// What Prometheus shows the programs.
    metrics_token: String,
}

fn make(folder: &TempDir, arguments: &[&str]) -> Made {
    let mut secrets = Command::new(root().join("deploy/secrets"));
    let output = secrets.args(arguments).arg("--into").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let [settings, tokens] = [".env", ".secrets/tokens.env"].map(|name| values(&read(name)));
    let [users, metrics_token] =
        ["definitions.json", "metrics.token"].map(|name| read(&format!(".secrets/{name}")));
    Made { settings, tokens, users, metrics_token }
}

fn sha256(text: &str) -> String {
    let script = "printf %s \"$0\" | sha256sum";
    let output = Command::new("bash").args(["-c", script, text]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn every_setting_that_compose_asks_for_is_explained() {
    let compose = text("docker-compose.yml");
    let asked = compose.split("${").skip(1).map(|rest| rest.split(':').next().unwrap());
    // What is taken from the environment as it is there has no value.
    let taken = compose.lines().filter_map(|line| line.trim().strip_suffix(':'));
    let taken = taken.filter(|name| name.starts_with("OTEL_"));
    let asked: BTreeSet<&str> = asked.chain(taken).collect();
    let example = text(".env.example");
    // One that is off unless it is set is commented out.
    let names = example.lines().filter_map(|line| {
        let (name, _) = line.trim_start_matches("# ").split_once('=')?;
        name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()).then_some(name)
    });
    // A person's login: RabbitMQ knows it from its definitions.
    let explained: BTreeSet<&str> =
        names.filter(|name| *name != "RABBITMQ_LOCKSTEP_PASSWORD").collect();
    assert_eq!(asked, explained);
}

#[test]
fn what_shows_the_metrics_starts_only_where_it_is_asked_for() {
    let compose = text("docker-compose.yml");
    let services =
        compose.split("\nservices:\n").nth(1).unwrap().split("\nvolumes:\n").next().unwrap();
    let services = services.split("\n\n  ").map(str::trim_start);
    for service in services {
        let name = service.lines().find(|line| !line.starts_with('#')).unwrap().trim();
        let shows = ["prometheus:", "grafana:"].contains(&name);
        assert_eq!(service.contains("profiles: [observability]"), shows, "{name}");
    }
}

#[test]
fn the_images_are_built_from_what_docker_is_given() {
    let (manifest, given) = (text("Cargo.toml"), text(".dockerignore"));
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let members = members.split('"').skip(1).step_by(2).collect::<Vec<_>>();
    assert!(members.len() > 10, "{members:?}");
    for member in members {
        let is_given = given.lines().any(|line| {
            let given = line.strip_prefix('!');
            given == Some(member.split('/').next().unwrap())
                || given == Some(&format!("{member}/Cargo.toml"))
        });
        assert!(is_given, ".dockerignore keeps the manifest of {member} from docker");
    }
}

#[test]
fn the_images_are_built_with_the_toolchain_of_the_checkout() {
    let toolchain = text("rust-toolchain.toml");
    let channel = toolchain.split("channel = \"").nth(1).unwrap().split('"').next().unwrap();
    let minor = channel.rsplit_once('.').unwrap().0;
    let from = format!("FROM rust:{minor}-slim-bookworm AS toolchain");
    assert!(text("deploy/Dockerfile").contains(&from), "it is not {from}");
}

#[test]
fn secrets_are_made_once_and_only_their_owner_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(&folder, &[]);
    for name in [".env", ".secrets/tokens.env"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mode = fs::metadata(folder.path().join(".secrets")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(made.settings.values().all(|value| !value.is_empty()), "{made:?}");
    let passwords = made.settings.iter().filter(|(name, _)| name.ends_with("_PASSWORD"));
    let different: BTreeSet<&String> = passwords.clone().map(|(_, password)| password).collect();
    assert_eq!((passwords.count(), different.len()), (11, 11));
    for role in ["READ", "WRITE", "ADMIN", "SYNC", "METRICS"] {
        let token = &made.tokens[&format!("{role}_TOKEN")];
        assert_eq!(token.strip_prefix("lockstep_").map(str::len), Some(43), "{token}");
        assert_eq!(made.settings[&format!("{role}_TOKEN_SHA256")], sha256(token));
    }
    assert_eq!(made.metrics_token.trim_end(), made.tokens["METRICS_TOKEN"]);
    assert!(!made.users.contains('@') && !made.users.contains(&made.settings["SYNC_TOKEN"]));
    assert_eq!(make(&folder, &[]), made);
}

#[test]
fn rotating_makes_all_secrets_anew_and_keeps_the_other_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let before = make(&folder, &[]);
    let settings = fs::read_to_string(&path).unwrap().replace("=8001", "=9001");
    fs::write(&path, settings).unwrap();
    let after = make(&folder, &["--rotate"]);
    assert_eq!(after.settings["STORE_PORT"], "9001");
    for (name, value) in &before.settings {
        let is_secret = text(".env.example").lines().any(|line| line == format!("{name}="));
        let changes = is_secret && !name.ends_with("_DB_ADMIN_PASSWORD");
        let as_before = after.settings[name] == *value || name == "STORE_PORT";
        assert_eq!(as_before, !changes, "{name}");
    }
    assert!(before.tokens.iter().all(|(name, token)| after.tokens[name] != *token));
    assert_ne!(before.users, after.users);
    assert_eq!(after.metrics_token.trim_end(), after.tokens["METRICS_TOKEN"]);
}

#[test]
fn one_secret_is_made_anew_where_its_line_is_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let before = make(&folder, &[]);
    let hash = &before.settings["READ_TOKEN_SHA256"];
    fs::write(&path, fs::read_to_string(&path).unwrap().replace(hash, "")).unwrap();
    let after = make(&folder, &[]);
    let changed = before.tokens.keys().filter(|name| before.tokens[*name] != after.tokens[*name]);
    assert_eq!(changed.collect::<Vec<_>>(), ["READ_TOKEN"]);
    assert_eq!(after.settings["READ_TOKEN_SHA256"], sha256(&after.tokens["READ_TOKEN"]));
}

#[test]
fn what_rabbitmqs_users_may_do_is_renewed_and_their_passwords_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".secrets/definitions.json");
    let before = make(&folder, &[]);
    // As a version wrote it that knew of no such queues.
    fs::write(&path, before.users.replace("replacing", "other")).unwrap();
    let after = make(&folder, &[]);
    assert_eq!((&after.settings, &after.tokens), (&before.settings, &before.tokens));
    let permissions = |users: &str| {
        serde_json::from_str::<serde_json::Value>(users).unwrap()["permissions"].clone()
    };
    assert_eq!(permissions(&after.users), permissions(&before.users));
    assert_eq!(make(&folder, &[]), after);
}
