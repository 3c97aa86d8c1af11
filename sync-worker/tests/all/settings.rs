//! The program's messages about invalid settings.

use std::process::{Command, Output};

const REQUIRED: [(&str, &str); 3] = [
    ("WORKER__BROKER__URL", "amqp://me:hunter2@127.0.0.1:1/%2f"),
    ("WORKER__STORE__URL", "http://me:hunter2@127.0.0.1:1"),
    ("WORKER__WAREHOUSE__URL", "http://me:hunter2@127.0.0.1:1"),
];

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-worker"));
    command.env_clear().args(arguments).envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn a_setting_that_is_missing_unknown_or_malformed_ends_the_program_with_one_line() {
    let cases = [
        (vec![REQUIRED[1], REQUIRED[2]], "broker.url"),
        (vec![REQUIRED[0], REQUIRED[1]], "warehouse.url"),
        (vec![REQUIRED[0], REQUIRED[1], ("WORKER__WAREHOUSE__URL", "hunter2")], "warehouse.url"),
        (with("WORKER__STORE__PORT", "1"), "port"),
        (with("WORKER__STORE__CA", "/none/hunter3.pem"), "store.ca"),
        (with("WORKER__WAREHOUSE__CA", ""), "warehouse.ca"),
        (with("WORKER__BROKER__CA", "/dev/null"), "broker.ca"),
        (
            vec![REQUIRED[0], REQUIRED[2], ("WORKER__STORE__URL", "https://host?hunter2")],
            "store.url",
        ),
        (with("WORKER__HTTP__HOST", "0.0.0.0"), "token new"),
        (with("WORKER__ACCESS__TOKENS__SHOP", "hunter2"), "access.tokens.shop"),
        (with("WORKER__STORE__TOKEN", "hunter2 hunter2"), "expected a token of ASCII letters"),
        (with("WORKER__CARRY__MAX_CHANGES", "501"), "carry.max_changes"),
        (with("WORKER__CARRY__MAX_CHANGES", "0"), "carry.max_changes"),
        (with("WORKER__CARRY__MAX_BYTES", "0"), "carry.max_bytes"),
        (with("WORKER__CARRY__PREFETCH", "0"), "carry.prefetch"),
        (with("WORKER__CARRY__PREFETCH", "many"), "carry.prefetch"),
        (with("WORKER__CARRY__BREAKER_FAILURES", "0"), "carry.breaker_failures"),
        (with("WORKER__CARRY__TRIES_ALONE", "0"), "carry.tries_alone"),
        (with("WORKER__CARRY__RETRY_AFTER_MAX", "soon"), "carry.retry_after_max"),
        (with("WORKER__CARRY__BACKOFF_MAX", "soon"), "carry.backoff_max"),
        (with("WORKER__CARRY__REPORT_TIMEOUT", "soon"), "carry.report_timeout"),
        (with("WORKER__CARRY__PROBE_INTERVAL", "soon"), "carry.probe_interval"),
        (with("WORKER__CARRY__BACKOFF_MIN", "0s"), "carry.backoff_min"),
        (with("WORKER__CARRY__PROBE_INTERVAL", "0s"), "carry.probe_interval"),
        (with("WORKER__CARRY__HEAL_INTERVAL", "0s"), "carry.heal_interval"),
        (with("WORKER__CARRY__REPLACE_QUEUE_AFTER", "0s"), "carry.replace_queue_after"),
        (with("WORKER__CARRY__REPLACE_QUEUE_AFTER", "900ms"), "carry.replace_queue_after"),
        (with("WORKER__COMPARE__REST", "0"), "compare.rest"),
        (with("WORKER__COMPARE__INTERVAL", "0s"), "compare.interval"),
        (with("WORKER__COMPARE__GRACE", "0s"), "compare.grace"),
        (with("WORKER__COMPARE__GRACE", "soon"), "compare.grace"),
        (with("WORKER__COMPARE__AUDIT_INTERVAL", "0s"), "compare.audit_interval"),
        (with("WORKER__COMPARE__AUDIT_INTERVAL", "seldom"), "compare.audit_interval"),
    ];
    cases.into_iter().for_each(|(variables, named)| assert_refused(&variables, named));
}

#[test]
fn a_setting_of_a_source_is_checked_too() {
    let cases = [
        (with("WORKER__UPSTREAM__URL", "hunter2"), "upstream.url"),
        (with("WORKER__UPSTREAM__INTERVAL", "0s"), "upstream.interval"),
        (with("INTERVAL_SCHEDULER_SECONDS", "0"), "upstream.interval"),
        (with("INTERVAL_RETRY_TOKEN_SECONDS", "soon"), "upstream.retry_token"),
        (with("API_TOKEN", "hunter2 hunter2"), "expected a token of ASCII letters"),
        (with("WORKER__UPSTREAM__PARALLEL", "0"), "upstream.parallel"),
        (with("WORKER__UPSTREAM__MAX_ANSWER", "0"), "upstream.max_answer"),
        (with("WORKER__UPSTREAM__STRICT", "perhaps"), "upstream.strict"),
        (with_upstream("WORKER__UPSTREAM__SITES_PATH", "sites"), "sites_path"),
        (with_upstream("WORKER__UPSTREAM__TOKEN_PATH", "http://"), "token_path"),
        (with_upstream("API_USER", "hunter2"), "password of the source upstream"),
        (with_upstream("API_PASSWORD", "hunter2"), "user of the source upstream"),
        (with("WORKER__UPSTREAMS__ACME__INTERVAL", "9s"), "upstreams.acme.url"),
        (with("WORKER__UPSTREAMS__ACME__INTERVAL", "0s"), "upstreams.acme"),
        (with("WORKER__UPSTREAMS__MIRROR__URL", "http://me:hunter2@host"), "upstreams.mirror"),
        (with("WORKER__MIRROR__URL", "hunter2"), "mirror.url"),
        (with("WORKER__MIRROR__INTERVAL", "0s"), "mirror.interval"),
        (with("WORKER__MIRROR__LOAD_INTERVAL", "0s"), "mirror.load_interval"),
        (with("WORKER__MIRROR__CREATE_GRACE", "soon"), "mirror.create_grace"),
        (with("WORKER__MIRROR__TRIES", "0"), "mirror.tries"),
        (with("WORKER__MIRROR__LIST_TIMEOUT", "0s"), "mirror.list_timeout"),
        (with("WORKER__MIRROR__MAX_RECORDS", "0"), "mirror.max_records"),
        (with("WORKER__MIRROR__MAX_REMOVED", "101"), "mirror.max_removed"),
        (with("WORKER__MIRROR__IDEMPOTENCY_HEADER", "a b"), "mirror.idempotency_header"),
        (with("WORKER__MIRROR__FIELDS__ODD", "x"), "odd"),
    ];
    cases.into_iter().for_each(|(variables, named)| assert_refused(&variables, named));
}

fn assert_refused(variables: &[(&str, &str)], named: &str) {
    let output = run(&[], variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{variables:?}");
    assert!(said.contains(named) && said.lines().count() == 1, "{variables:?}: {said}");
    assert!(!said.contains("hunter2"), "the secret is in: {said}");
}

#[test]
fn help_tells_every_setting_with_its_default() {
    let output = run(&["--help"], &[]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "port = 8003",
        "[store]",
        "[warehouse]",
        "[compare]",
        "[upstream]",
        "[mirror]",
        "max_changes = 500",
        "WORKER__HTTP__PORT",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
}

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    REQUIRED.into_iter().chain([(name, value)]).collect()
}

fn with_upstream(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let url = ("WORKER__UPSTREAM__URL", "http://me:hunter2@127.0.0.1:1");
    with(name, value).into_iter().chain([url]).collect()
}
