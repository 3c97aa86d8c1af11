//! `launcher up` and `launcher down`, with stand-ins for the three programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A checkout, and a folder of built programs beside the launcher.
struct Checkout {
    root: TempDir,
    built: TempDir,
}

impl Checkout {
    fn new() -> Self {
        // What a folder may be called that people make.
        let root = tempfile::Builder::new().prefix("it's a $folder ").tempdir().unwrap();
        let built = tempfile::tempdir().unwrap();
        let launcher = Path::new(env!("CARGO_BIN_EXE_launcher"));
        fs::copy(launcher, built.path().join("launcher")).unwrap();
        let stub = launcher.parent().unwrap().join("examples/stub");
        for program in ["store-svc", "warehouse-svc", "sync-worker", "sample-sources"] {
            fs::copy(&stub, built.path().join(program)).unwrap();
        }
        Self { root, built }
    }

    fn launcher(&self, arguments: &[&str]) -> Output {
        self.launcher_with(arguments, &[])
    }

    fn launcher_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(self.built.path().join("launcher"));
        command.arg("--root").arg(self.root.path()).args(arguments).stdin(Stdio::null());
        command.envs(environment.iter().copied()).output().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(".lockstep").join(name)
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.launcher(&["down", "--wipe"]);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn data_survive_down_and_are_gone_after_a_wipe() {
    let checkout = Checkout::new();
    let up = checkout.launcher(&["up", "--detach"]);
    assert!(up.status.success(), "{}", said(&up));
    assert!(said(&up).contains("Place an order"), "{}", said(&up));
    for file in ["endpoints.env", "worker.env"] {
        let mode = fs::metadata(checkout.file(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let secrets = fs::read(checkout.file("secrets.json")).unwrap();

    let again = checkout.launcher(&["up", "--detach"]);
    assert!(again.status.success() && said(&again).contains("running here already"));

    let down = checkout.launcher(&["down"]);
    assert!(down.status.success(), "{}", said(&down));
    assert!(!checkout.file("endpoints.env").exists() && !checkout.file("worker.env").exists());
    let nothing = checkout.launcher(&["down"]);
    assert!(nothing.status.success() && said(&nothing).contains("not running"));

    assert_eq!(fs::read(checkout.file("secrets.json")).unwrap(), secrets);
    assert!(checkout.file("postgres/data/PG_VERSION").exists());
    assert!(checkout.launcher(&["down", "--wipe"]).status.success());
    assert!(!checkout.root.path().join(".lockstep").exists());
}

#[test]
fn settings_of_the_environment_reach_the_program_that_has_them() {
    let checkout = Checkout::new();
    let environment = [
        ("STORE__RELAY__BATCH_SIZE", "7"),
        ("WAREHOUSE__HTTP__PORT", "0"),
        ("WORKER__STORE__URL", "http://127.0.0.1:1"),
        ("WORKER__MIRROR__INTERVAL", "3s"),
        ("API_TOKEN", "secret"),
    ];
    let up = checkout.launcher_with(&["up", "--detach", "--with-sources"], &environment);
    assert!(up.status.success(), "{}", said(&up));
    assert!(said(&up).contains("sample upstream") && !said(&up).contains("secret"));
    let log = |name: &str| {
        let log = fs::read_to_string(checkout.file(&format!("logs/{name}.log"))).unwrap();
        log.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |name, setting: &str| log(name).iter().any(|line| line == setting);
    assert!(has("store-svc", "STORE__RELAY__BATCH_SIZE=7"));
    assert!(!has("warehouse-svc", "WAREHOUSE__HTTP__PORT=0"), "a free one has been chosen");
    for setting in
        ["WORKER__STORE__URL=http://127.0.0.1:1", "WORKER__MIRROR__INTERVAL=3s", "API_TOKEN=secret"]
    {
        assert!(has("sync-worker", setting), "{setting}");
    }
    let starts = |name, start: &str| log(name).iter().any(|line| line.starts_with(start));
    assert!(starts("sync-worker", "WORKER__UPSTREAM__URL=http://127.0.0.1:"));
    for (name, others) in
        [("store-svc", "WORKER__"), ("warehouse-svc", "STORE__"), ("sync-worker", "STORE__")]
    {
        assert!(
            !starts(name, others) && (name == "sync-worker" || !starts(name, "API_")),
            "{name}"
        );
    }
    // The sample upstream accepts what the worker was given, and has nothing else of it.
    assert!(has("sample-sources.upstream", "API_TOKEN=secret"));
    assert!(
        !starts("sample-sources.remote", "API_") && !starts("sample-sources.upstream", "WORKER__")
    );
    // A command of the worker has its settings.
    let mut shell = Command::new("sh");
    shell.args(["-c", ". \"$1\"; exec \"$program\"", "sh"]).arg(checkout.file("worker.env"));
    let shell = shell.output().unwrap();
    assert!(said(&shell).contains("WORKER__STORE__URL=http://127.0.0.1:1\n"), "{}", said(&shell));
    let endpoints = fs::read_to_string(checkout.file("endpoints.env")).unwrap();
    assert!(
        endpoints.contains("REMOTE_URL='http://") && endpoints.contains("UPSTREAM_URL='http://")
    );
    assert!(checkout.file("sources").is_dir());
}

#[test]
fn a_stack_without_sources_says_so_to_who_wants_them() {
    let checkout = Checkout::new();
    let up = checkout.launcher(&["up", "--detach"]);
    assert!(up.status.success() && !said(&up).contains("sample"), "{}", said(&up));
    let again = checkout.launcher(&["up", "--detach", "--with-sources"]);
    assert!(!again.status.success() && said(&again).contains("without sources: stop it first"));
}

#[test]
fn a_setting_that_cannot_be_taken_is_refused_before_anything_starts() {
    let checkout = Checkout::new();
    let environment = [("STORE__DATABASE__URL", "postgres://me:secret@elsewhere/store")];
    let up = checkout.launcher_with(&["up"], &environment);
    assert_eq!(up.status.code(), Some(1));
    assert!(said(&up).contains("STORE__DATABASE__URL is set") && !said(&up).contains("secret"));
    assert!(!checkout.root.path().join(".lockstep").exists());
}

#[test]
fn a_program_that_fails_is_named_and_everything_is_stopped() {
    let checkout = Checkout::new();
    let program = checkout.built.path().join("warehouse-svc");
    let script =
        "#!/bin/sh\n[ \"$1\" = migrate ] && exit\necho 'the setting is malformed' >&2\nexit 3\n";
    fs::write(&program, script).unwrap();
    let up = checkout.launcher(&["up"]);
    assert_eq!(up.status.code(), Some(1));
    let said = said(&up);
    assert!(said.contains("warehouse-svc has stopped (exit status: 3)"), "{said}");
    assert!(said.contains("the setting is malformed"), "{said}");
    assert!(said.contains("stopping PostgreSQL"), "{said}");
    assert!(!checkout.file("state.json").exists());
}
