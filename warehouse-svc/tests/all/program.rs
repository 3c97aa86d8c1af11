//! The program: its settings, its help, and its exit.

use test_kit::{Binary, TestDatabase};
use warehouse_svc::records;

const WAREHOUSE: Binary = Binary { path: env!("CARGO_BIN_EXE_warehouse-svc"), prefix: "WAREHOUSE" };

const DATABASE: (&str, &str) = ("DATABASE__URL", "postgres://me:hunter2@127.0.0.1:1/orders");
const BROKER: (&str, &str) = ("BROKER__URL", "amqp://me:hunter2@127.0.0.1:1/%2f");

#[tokio::test]
async fn the_program_minds_its_settings() {
    WAREHOUSE.assert_minds_its_settings(&[DATABASE, BROKER]).await;
}

#[tokio::test]
async fn the_help_names_every_setting() {
    WAREHOUSE.assert_helps().await;
}

#[tokio::test]
async fn the_program_serves_and_ends_when_it_is_asked_to() {
    let database = TestDatabase::of(&records()).await;
    let mut program = WAREHOUSE.start(&[("DATABASE__URL", database.url()), BROKER]).await;
    program.ready().await;
    crate::samples::arrived(&program.client).await;
    program.signal("TERM").await;
    assert!(program.ended().await.success(), "{}", program.output());
    assert_eq!(database.count("orders").await, 1);
}

#[tokio::test]
async fn the_program_minds_the_settings_of_readings() {
    let help = WAREHOUSE.run(&["--help"], &[]).await;
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("[readings]") && help.contains("clock_margin = \"5m\""), "{help}");
    for (name, value, named) in [
        ("READINGS__CLOCK_MARGIN", "soon", "readings.clock_margin"),
        ("READINGS__CLOCK_MARGIN", "5", "readings.clock_margin"),
        ("READINGS__CLOCK", "5m", "clock"),
        ("READING__CLOCK_MARGIN", "5m", "reading"),
    ] {
        let settings = [DATABASE, BROKER, ("HTTP__PORT", "0"), (name, value)];
        let ended = WAREHOUSE.run(&[], &settings).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains(named), "{name}={value}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{name}={value}: {said}");
    }
}
