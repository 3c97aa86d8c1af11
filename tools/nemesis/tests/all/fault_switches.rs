//! The switches of `deploy/nemesis --without`, which no ordinary program has.

use std::path::Path;
use std::process::Command;

/// The environment variable that a program with switches reads.
const SWITCH: &str = "LOCKSTEP_FAULT_SWITCH";

fn contains(file: &Path, text: &str) -> bool {
    let grep = Command::new("grep").args(["-q", "-a", "-F", text]).arg(file).status().unwrap();
    match grep.code() {
        Some(0) => true,
        Some(1) => false,
        other => panic!("grep of {} ended with {other:?}", file.display()),
    }
}

#[test]
fn no_program_contains_the_switches_of_the_guards() {
    let test = std::env::current_exe().unwrap();
    for name in ["store-svc", "warehouse-svc", "sync-worker"] {
        let program = test.ancestors().nth(2).unwrap().join(name);
        assert!(contains(&program, "/health/ready"), "{name} has its texts in it");
        assert!(!contains(&program, SWITCH), "{name} was built with the feature fault-switches");
    }
    let nemesis = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nemesis");
    assert!(contains(&nemesis, SWITCH), "it is still called so");
}
