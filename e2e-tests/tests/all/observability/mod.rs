//! Rules and dashboards against the programs and the documents. What the rules do is tested by
//! promtool: `deploy/observability/rules.test.yml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use e2e_tests::Stack;
use process_kit::{lamps_and_bulbs, secured};
use sample_sources::remote::{Options as RemoteOptions, Remote};
use sample_sources::upstream::{Options as UpstreamOptions, Upstream};
use sample_sources::worker_settings;
use serde_json::Value;
use test_kit::{TestBroker, eventually};

use self::expressions::{Names, Selector, names};

mod expressions;

/// The metrics of Prometheus itself.
const OF_PROMETHEUS: [&str; 2] = ["ALERTS", "up"];
/// The labels that Prometheus adds.
const GIVEN: [&str; 3] = ["job", "service", "instance"];

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(file(path)).unwrap()
}

fn rules() -> String {
    text("deploy/observability/rules.yml")
}

/// The values of a key in the rules: what stands after it, and the lines below that are indented more.
fn values(rules: &str, key: &str) -> Vec<String> {
    let lines: Vec<&str> = rules.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let value = |(number, line): (usize, &&str)| {
        let start = line.find(key).filter(|at| line[..*at].trim_matches([' ', '-']).is_empty())?;
        let more = lines[number + 1..].iter().take_while(|line| indent(line) > start);
        let first = line[start + key.len()..].trim().trim_start_matches(">-");
        Some([first].into_iter().chain(more.map(|line| line.trim())).collect::<Vec<_>>().join(" "))
    };
    lines.iter().enumerate().filter_map(value).collect()
}

fn dashboards() -> Vec<Value> {
    let folder = file("deploy/observability/grafana/dashboards");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
}

/// The panels of a dashboard with its rows; those of a row that is closed are within it.
fn all_panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let outer = dashboard["panels"].as_array().unwrap().iter();
    outer.flat_map(|panel| {
        let inner = panel["panels"].as_array().into_iter().flatten();
        std::iter::once(panel).chain(inner)
    })
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    all_panels(dashboard).filter(|panel| panel["type"] != "row")
}

fn expressions() -> Vec<String> {
    let mut all = values(&rules(), "expr:");
    for dashboard in dashboards() {
        let targets = panels(&dashboard).flat_map(|panel| panel["targets"].as_array().unwrap());
        let others = dashboard["annotations"]["list"].as_array().unwrap().iter();
        let queries = targets.chain(others).map(|query| query["expr"].as_str().unwrap().to_owned());
        all.extend(queries);
    }
    all
}

/// The series of a program's page.
fn series(page: &str) -> impl Iterator<Item = Selector> {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| names(line).selectors.remove(0))
}

async fn pages(stack: &Stack) -> Vec<Selector> {
    let mut all = Vec::new();
    for program in [&stack.store_svc, &stack.warehouse_svc, &stack.worker] {
        let page = secured::client(program.url()).get("/metrics").await.with(200);
        all.extend(series(&page.text));
    }
    all
}

/// Waits until the programs tell of each metric with the labels of an expression.
async fn are_told(stack: &Stack, recorded: &BTreeSet<String>, names: &Names) {
    let selectors = names.selectors.iter();
    let foreign = |name: &str| OF_PROMETHEUS.contains(&name) || recorded.contains(name);
    let own = selectors.filter(|selector| !foreign(&selector.name)).collect::<Vec<_>>();
    for selector in &own {
        let is_there = async || {
            let pages = pages(stack).await;
            pages.iter().any(|series| selector.selects(series, &GIVEN)).then_some(())
        };
        eventually(&format!("a program tells of {selector:?}"), is_there).await;
    }
    if own.len() < names.selectors.len() {
        return;
    }
    let pages = pages(stack).await;
    let selected = pages.iter().filter(|series| own.iter().any(|it| it.selects(series, &GIVEN)));
    let labels = selected.flat_map(|series| series.matchers.iter().map(|has| has.label.as_str()));
    let labels = labels.chain(GIVEN).collect::<BTreeSet<_>>();
    for label in &names.groups {
        assert!(labels.contains(label.as_str()), "{label} is no label of {own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_label_of_the_rules_and_dashboards_is_told_by_a_program() {
    let broker = TestBroker::new().await;
    let upstream = Upstream::start(UpstreamOptions::default()).await.unwrap();
    let remote = Remote::start(RemoteOptions::default()).await.unwrap();
    let (upstream_url, remote_url) = (upstream.url(), remote.url());
    let sources = worker_settings(&upstream_url, &remote_url);
    let sources = [&sources[..], &[("UPSTREAM__INTERVAL", "1s")]].concat();
    let stack = Stack::start_with(&broker, &sources).await;
    let order = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&order).await;
    let recorded = values(&rules(), "record:").into_iter().collect::<BTreeSet<_>>();
    let expressions = expressions();
    assert!(expressions.len() > 60, "these are not all: {expressions:?}");
    for expression in &expressions {
        let names = names(expression);
        assert!(!names.selectors.is_empty(), "{expression} names no metric");
        are_told(&stack, &recorded, &names).await;
    }
}

#[test]
fn every_alert_leads_to_a_section_and_is_tested_both_ways() {
    let (rules, tests) = (rules(), text("deploy/observability/rules.test.yml"));
    let operations = text("docs/operations.md");
    let headings = operations.lines().filter_map(|line| line.strip_prefix("### "));
    let anchors = headings.map(|line| line.to_lowercase().replace(' ', "-"));
    let mut anchors = anchors.collect::<BTreeSet<_>>();
    let alerts = values(&rules, "alert:");
    let runbooks = values(&rules, "runbook:");
    assert_eq!(runbooks.len(), alerts.len(), "{runbooks:?}");
    let linked = runbooks.iter().map(|it| it.strip_prefix("docs/operations.md#").unwrap());
    let linked = linked.map(str::to_owned).collect::<BTreeSet<_>>();
    anchors.retain(|anchor| linked.contains(anchor));
    assert_eq!(anchors, linked, "sections of docs/operations.md");
    for key in ["severity:", "summary:", "description:"] {
        assert_eq!(rules.matches(key).count(), alerts.len(), "{key} of each alert");
    }
    for alert in alerts.iter().map(|rest| rest.split(' ').next().unwrap()) {
        let cases = tests.lines().filter(|line| line.contains(alert)).collect::<Vec<_>>();
        let silent = cases.iter().filter(|line| line.ends_with("[] }")).count();
        assert!(silent > 0 && cases.len() > silent, "the cases of {alert}: {cases:?}");
    }
}

#[test]
fn every_dashed_line_is_where_its_alert_begins() {
    let alerts = values(&rules(), "expr:");
    let dashboards = dashboards();
    let panels = dashboards.iter().flat_map(panels);
    let is_dashed = |panel: &&Value| {
        panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"
    };
    let dashed = panels.filter(is_dashed).collect::<Vec<_>>();
    assert!(dashed.len() > 1, "these are not all: {dashed:?}");
    for panel in dashed {
        let steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array().unwrap();
        let line = &steps.last().unwrap()["value"];
        let alert = format!("{} > {line}", panel["targets"][0]["expr"].as_str().unwrap());
        assert!(alerts.contains(&alert), "no alert of rules.yml is {alert}");
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let dashboards = dashboards();
    let uids = dashboards.iter().map(|it| it["uid"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(uids, BTreeSet::from(["lockstep-http", "lockstep-overview"]), "they are linked to");
    for dashboard in &dashboards {
        let ids = all_panels(dashboard).map(|panel| panel["id"].as_u64().unwrap());
        let ids = ids.collect::<Vec<_>>();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        for panel in panels(dashboard) {
            let title = panel["title"].as_str().unwrap();
            let text = |path| panel.pointer(path).and_then(Value::as_str).unwrap_or_default();
            assert!(text("/description").ends_with('.'), "the description of {title}");
            let is_measured = ["stat", "timeseries"].contains(&text("/type"));
            assert!(!is_measured || !text("/fieldConfig/defaults/unit").is_empty(), "{title}");
            let mut targets = panel["targets"].as_array().unwrap().iter();
            let has_legend = targets.all(|it| !it["legendFormat"].as_str().unwrap().is_empty());
            assert!(text("/type") == "stat" || has_legend, "a legend of {title}");
        }
    }
    let links = dashboards.iter().flat_map(|it| it["links"].as_array().unwrap());
    for url in links.map(|link| link["url"].as_str().unwrap()) {
        assert!(uids.contains(url.trim_start_matches("/d/")), "{url} leads nowhere");
    }
}
