//! A report that is made up: what it tells, to whom.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chart::{Chart, Quantiles};
use super::*;
use crate::measure::Target;

/// The variable with a folder into which the page is written, for a person to look at.
const LOOK: &str = "LOCKSTEP_BENCH_LOOK";

/// Latencies: most near the middle, few far out.
fn quantiles(middle: f64) -> Quantiles {
    let nines = (0..=80).map(|step| f64::from(step) / 20.0);
    let latency = |nines: f64| middle * (0.6 + 0.5 * nines + 0.12 * nines.powi(3));
    Quantiles { points: nines.map(|nines| (1.0 - 10_f64.powf(-nines), latency(nines))).collect() }
}

fn waves(height: f64, seconds: u32) -> Vec<(f64, f64)> {
    let value = |second: f64| height * (1.0 + 0.08 * (second * 1.7).sin() - 0.3 * (-second).exp());
    (0..=seconds).map(f64::from).map(|second| (second, value(second))).collect()
}

fn placing() -> Finding {
    let name = |of: &str| format!("POST /v1/orders, {of}");
    let target = Target::RatioAtLeast(0.6);
    let few = Measure::new(name("16 connections"), "orders/s", &[6_123.4, 5_980.0, 6_240.2]);
    let many = Measure::new(name("64 connections"), "orders/s", &[5_400.0, 5_210.0, 5_630.0]);
    let series =
        [("16 connections", 2_400.0), ("64 connections", 9_800.0), ("pgbench, 16", 1_400.0)];
    let latencies = series.map(|(name, middle)| (name.to_owned(), quantiles(middle)));
    Finding {
        heading: "Placing orders <one by one> & \"alone\"".into(),
        measures: vec![
            few.against("pgbench -M prepared, 16 clients", &[9_900.0, 10_050.0, 10_210.0], target),
            many.against("pgbench -M prepared, 64 clients", &[9_400.0, 9_450.0, 9_500.0], target),
        ],
        charts: vec![
            Chart::Latencies {
                title: "How long an order takes, by how rare that is".into(),
                series: latencies.to_vec(),
            },
            Chart::OverTime {
                title: "Orders placed in each second".into(),
                unit: "orders/s",
                series: vec![
                    ("16 connections".into(), waves(6_100.0, 20)),
                    ("64 connections".into(), waves(5_400.0, 20)),
                ],
            },
        ],
    }
}

fn costs() -> Finding {
    let bars = |cost: f64| {
        let names = ["store-svc", "warehouse-svc", "sync-worker", "PostgreSQL", "RabbitMQ"];
        let each = (1..).map(f64::from).map(|nth| cost * nth / 3.0);
        names.map(String::from).into_iter().zip(each).collect::<Vec<_>>()
    };
    let groups =
        vec![("store → warehouse".into(), bars(0.21)), ("warehouse → store".into(), bars(0.3))];
    let growth = |name: &str, less: f64| {
        (
            name.to_owned(),
            vec![("10 thousand stored".into(), 100.0), ("1 million stored".into(), less)],
        )
    };
    Finding {
        heading: "Memory and cost".into(),
        measures: vec![
            Measure::new("Memory, idle", "MB", &[48.2]).with_target(Target::ValueAtMost(60.0)),
            Measure::new("Memory, under full load", "MB", &[312.0, 298.0])
                .with_target(Target::ValueAtMost(200.0)),
            Measure::new("CPU seconds per 1,000 orders", "s", &[1.62, 1.59, 1.7]),
        ],
        charts: vec![
            Chart::Bars {
                title: "What 1,000 orders cost, by process".into(),
                unit: "CPU s",
                groups,
            },
            Chart::Bars {
                title: "What is left when a hundred times as many are stored".into(),
                unit: "% of the throughput",
                groups: vec![
                    growth("Placing an order", 97.1),
                    growth("Reading a page of 100", 88.4),
                ],
            },
        ],
    }
}

fn report() -> Report {
    Report {
        command: "deploy/bench --quick".into(),
        when: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        took: Duration::from_secs(171),
        commit: "184dc00a31".into(),
        machine: machine::Machine::here().and("PostgreSQL", "17.2").and("RabbitMQ", "4.0.5"),
        findings: vec![placing(), costs()],
        failed: vec![(
            "reads".into(),
            "answers {200: 812, 503: 3}, the first refusal: 503 <busy>".into(),
        )],
    }
}

#[test]
fn the_table_has_its_columns_under_each_other() {
    let table = report().table();
    let rows: Vec<_> = table.lines().filter(|line| line.contains("POST /v1/orders")).collect();
    let begins = |row: &&str| row.chars().take_while(|letter| *letter != '≥').count();
    assert_eq!(begins(&rows[0]), begins(&rows[1]), "{table}");
    let cells = rows[0].split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    let [name, value, spread] =
        ["POST /v1/orders, 16 connections", "6,123 orders/s", "5,980 … 6,240"];
    let compared = ["10,050 orders/s", "0.61", "≥ 0.6 ×", "✓", "pgbench -M prepared, 16 clients"];
    assert_eq!(cells.collect::<Vec<_>>(), [&[name, value, spread], &compared[..]].concat());
    assert!(rows[1].contains("✗"), "{table}");
    assert!(table.contains("2 of 4 targets met"), "{table}");
    assert!(table.contains("✗ reads: answers"), "{table}");
}

#[test]
fn a_measure_is_told_in_one_line_as_soon_as_it_is_there() {
    let lines: Vec<_> = costs().measures.iter().chain(&placing().measures[..1]).map(line).collect();
    let placed = "✓ POST /v1/orders, 16 connections: 6,123 orders/s (5,980 … 6,240), 0.61 of 10,050 \
                  orders/s (pgbench -M prepared, 16 clients); target ≥ 0.6 ×";
    assert_eq!(lines[0], "✓ Memory, idle: 48.2 MB; target ≤ 60 MB");
    assert_eq!(lines[2], "– CPU seconds per 1,000 orders: 1.62 s (1.59 … 1.70)");
    assert_eq!(lines[3], placed);
}

#[test]
fn the_json_has_the_baseline_of_each_measure_and_whether_its_target_is_met() {
    let told = json::json(&report());
    let first = told["measures"][0].clone();
    let shown = ["name", "value", "unit", "baseline", "target", "target_is", "met", "lowest"];
    let shown: BTreeMap<_, _> = shown.iter().map(|key| (*key, first[*key].clone())).collect();
    let expected = json!({
        "name": "POST /v1/orders, 16 connections", "value": 6_123.4, "unit": "orders/s",
        "baseline": 10_050.0, "target": 0.6, "target_is": "ratio_at_least", "met": true,
        "lowest": 5_980.0,
    });
    assert_eq!(json!(shown), expected);
    // Of three pairs the one in the middle.
    assert!((first["ratio"].as_f64().unwrap() - 6_240.2 / 10_210.0).abs() < 1e-9);
    let last = &told["measures"][4];
    let open = ["baseline", "ratio", "target", "met"].map(|key| &last[key]);
    assert_eq!(open, [&Value::Null; 4]);
    assert_eq!(told["machine"]["PostgreSQL"], "17.2");
    assert_eq!(
        (&told["commit"], &told["failed"][0]["heading"]),
        (&json!("184dc00a31"), &json!("reads"))
    );
}

#[test]
fn the_page_needs_no_other_file_and_escapes_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = std::env::var_os(LOOK).map_or(folder.path().to_owned(), Into::into);
    report().write(&folder).unwrap();
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    // The name of a language, at which nothing is looked up.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["<script", "http:", "https:", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;one by one&gt; &amp; &quot;alone&quot;"));
    assert!(page.contains("503 &lt;busy&gt;"));
    assert_eq!(page.matches("<figure>").count(), 4);
    let json: Value =
        serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!(json["measures"].as_array().map(Vec::len), Some(5));
}
