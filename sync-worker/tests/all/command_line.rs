//! The command `sync-worker parked`.

use std::process::Output;

use serde_json::Value;
use test_kit::Binary;
use uuid::Uuid;

use crate::parked_at_sides::{keep, parked};
use crate::peer_failures::nobodys_address;
use crate::sides::FakeSide;

pub(crate) const BINARY: Binary =
    Binary { path: env!("CARGO_BIN_EXE_sync-worker"), prefix: "WORKER" };

/// The number of changes that the store keeps: more than one page.
const KEPT: u128 = 230;

const fn number(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

/// A store that keeps [`KEPT`] and a warehouse that keeps the one after.
async fn sides() -> [FakeSide; 2] {
    let sides = [FakeSide::start().await, FakeSide::start().await];
    keep(&sides[0], (1..=KEPT).map(|id| parked(number(id), "odd")).collect()).await;
    keep(&sides[1], vec![parked(number(KEPT + 1), "even")]).await;
    sides
}

async fn run(store: &str, warehouse: &str, arguments: &[&str]) -> Output {
    let settings = [("STORE__URL", store), ("WAREHOUSE__URL", warehouse)];
    BINARY.run(&[&["parked"], arguments].concat(), &settings).await
}

/// Returns the output of a command that succeeds.
async fn prints(sides: &[FakeSide; 2], arguments: &[&str]) -> String {
    let output = run(&sides[0].url(), &sides[1].url(), arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the message of a command that fails: one line.
async fn fails(store: &str, warehouse: &str, arguments: &[&str]) -> String {
    let output = run(store, warehouse, arguments).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{arguments:?}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn list_walks_through_all_pages_of_both_sides() {
    let sides = sides().await;
    let table = prints(&sides, &["list"]).await;
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(u128::try_from(lines.len()).unwrap(), KEPT + 2);
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("REASON"), "{}", lines[0]);
    assert!(lines[1].contains("store") && lines[1].contains("parked, overtaken"), "{}", lines[1]);
    assert!(lines[lines.len() - 1].ends_with("even"));
    let json = prints(&sides, &["list", "--json", "--side", "warehouse"]).await;
    let only: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&only["side"], &only["reason"]), (&"warehouse".into(), &"even".into()));
    let none = run(&sides[0].url(), &sides[1].url(), &["list", "--state", "dropped"]).await;
    assert_eq!(
        (none.stdout.as_slice(), none.stderr.as_slice()),
        (&b""[..], &b"there are no such parked changes\n"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn show_tells_all_of_one() {
    let sides = sides().await;
    let id = number(KEPT + 1).to_string();
    let shown = prints(&sides, &["show", &id]).await;
    assert!(shown.contains("warehouse-to-store") && shown.contains("\"schema\": 2"), "{shown}");
    let json: Value =
        serde_json::from_str(&prints(&sides, &["show", &id, "--json"]).await).unwrap();
    assert_eq!(json["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_and_drop_settle_those_that_are_named_and_may_be_repeated() {
    let sides = sides().await;
    let [first, last] = [number(1), number(KEPT + 1)].map(|id| id.to_string());
    assert_eq!(prints(&sides, &["replay", &first, &last]).await, "2 to be offered again\n");
    let again = prints(&sides, &["replay", &first]).await;
    assert_eq!(
        again,
        format!("{first} is unchanged: it is settled already\n0 to be offered again\n")
    );
    let second = number(2).to_string();
    assert_eq!(prints(&sides, &["drop", &second]).await, "1 dropped\n");
    assert_eq!(prints(&sides, &["list", "--state", "dropped", "--json"]).await.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_dropped_only_where_that_is_meant() {
    let sides = sides().await;
    let said = fails(&sides[0].url(), &sides[1].url(), &["drop", "--all"]).await;
    assert!(said.contains("nothing was dropped") && said.contains("--yes"), "{said}");
    assert_eq!(prints(&sides, &["list", "--json"]).await.lines().count(), 231);
    let dropped = prints(&sides, &["drop", "--all", "--yes", "--side", "store"]).await;
    assert_eq!(dropped, "230 dropped\n");
    assert_eq!(prints(&sides, &["replay", "--all"]).await, "1 to be offered again\n");
    assert_eq!(prints(&sides, &["list"]).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_and_a_side_that_is_away_are_told_in_one_line() {
    let sides = sides().await;
    let [store, warehouse] = [sides[0].url(), sides[1].url()];
    let unknown = number(999).to_string();
    for arguments in [["show", &unknown], ["replay", &unknown], ["drop", &unknown]] {
        let said = fails(&store, &warehouse, &arguments).await;
        assert!(said.contains(&unknown) && said.contains("no parked change"), "{said}");
    }
    let nobody = format!("http://me:hunter2@{}", nobodys_address());
    let id = number(1).to_string();
    for arguments in [&["list"][..], &["show", &unknown], &["replay", &id]] {
        let said = fails(&nobody, &warehouse, arguments).await;
        assert!(said.contains("the store: no connection"), "{said}");
        assert!(!said.contains("hunter2"), "the secret is in: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_may_be_named_after_the_command() {
    let nobody = format!("http://{}", nobodys_address());
    let said = fails(&nobody, &nobody, &["list", "--config", "/nowhere/worker.toml"]).await;
    assert!(said.contains("/nowhere/worker.toml"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
    let nobody = format!("http://{}", nobodys_address());
    for (arguments, hint) in [
        (&["drop"][..], "<ID|--all>"),
        (&["list", "--side", "shop"], "store or warehouse"),
        (&["list", "--state", "odd"], "offered"),
        (&["show", "7"], "<ID>"),
    ] {
        let output = run(&nobody, &nobody, arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(hint), "{arguments:?}: {said}");
    }
}
