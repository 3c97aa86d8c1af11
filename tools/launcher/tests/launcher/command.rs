//! `launcher test -- COMMAND`, which `deploy/test -- COMMAND` runs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use launcher::ports;
use rustix::process::{Pid, Signal, kill_process};

const LAUNCHER: &str = env!("CARGO_BIN_EXE_launcher");

fn launcher(program: &Path, command: &str) -> Command {
    let mut launcher = Command::new(program);
    launcher.args(["--root", ".", "test", "--", "sh", "-c", command]);
    launcher.stdin(Stdio::null());
    launcher
}

#[test]
fn a_command_finds_the_servers_and_its_exit_code_comes_back() {
    let script = "test -n \"$LOCKSTEP_TEST_DATABASE_URL\" && test -n \"$LOCKSTEP_TEST_AMQP_URL\" \
                  && test -n \"$LOCKSTEP_TEST_RABBITMQ_API_URL\" && exit 7";
    assert_eq!(launcher(Path::new(LAUNCHER), script).status().unwrap().code(), Some(7));
}

#[test]
fn the_servers_go_with_a_launcher_that_is_asked_to_stop() {
    let (mut launcher, ports) = running(Path::new(LAUNCHER));
    kill_process(Pid::from_child(&launcher), Signal::INT).unwrap();
    assert_eq!(launcher.wait().unwrap().code(), Some(130));
    assert!(ports.into_iter().all(ports::is_free));
}

#[test]
fn the_servers_go_with_a_launcher_that_is_killed() {
    // Its folder is beside it, and only the next one would remove what is left there.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("launcher");
    fs::copy(LAUNCHER, &program).unwrap();
    let (mut launcher, ports) = running(&program);
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !ports.iter().all(|port| ports::is_free(*port)) {
        assert!(Instant::now() < deadline, "something still listens on one of {ports:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a launcher whose command waits; returns it and the ports of PostgreSQL and RabbitMQ.
fn running(program: &Path) -> (Child, Vec<u16>) {
    // What the command inherits stays open: read one line, not to the end.
    let script = "echo $LOCKSTEP_TEST_DATABASE_URL $LOCKSTEP_TEST_AMQP_URL; exec sleep 30";
    let mut launcher = launcher(program, script).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(launcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ports = line.split_whitespace().map(|url| {
        let place = url.rsplit('@').next().unwrap();
        let port = place.split([':', '/']).nth(1).unwrap();
        port.parse().unwrap()
    });
    let ports: Vec<u16> = ports.collect();
    assert_eq!(ports.len(), 2);
    (launcher, ports)
}
