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
        for program in ["store-svc", "warehouse-svc", "sync-worker"] {
            fs::copy(&stub, built.path().join(program)).unwrap();
        }
        Self { root, built }
    }

    fn launcher(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.built.path().join("launcher"));
        command.arg("--root").arg(self.root.path()).args(arguments).stdin(Stdio::null());
        command.output().unwrap()
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
    let mode = fs::metadata(checkout.file("endpoints.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secrets = fs::read(checkout.file("secrets.json")).unwrap();

    let again = checkout.launcher(&["up", "--detach"]);
    assert!(again.status.success() && said(&again).contains("running here already"));

    let down = checkout.launcher(&["down"]);
    assert!(down.status.success(), "{}", said(&down));
    assert!(!checkout.file("endpoints.env").exists());
    let nothing = checkout.launcher(&["down"]);
    assert!(nothing.status.success() && said(&nothing).contains("not running"));

    assert_eq!(fs::read(checkout.file("secrets.json")).unwrap(), secrets);
    assert!(checkout.file("postgres/data/PG_VERSION").exists());
    assert!(checkout.launcher(&["down", "--wipe"]).status.success());
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
