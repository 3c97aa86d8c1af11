//! docs/api against the programs: each document is that of its program, and its examples fit.

use std::fs;
use std::path::Path;

use e2e_tests::Stack;
use process_kit::secured::client;
use program_kit::http::docs::text;
use program_kit::http::endpoints::Routes;
use test_kit::{ApiDocument, TestBroker};

fn programs() -> [(&'static str, &'static str, Routes); 3] {
    [
        ("store-svc", "store.json", store_svc::records().paths()),
        ("warehouse-svc", "warehouse.json", warehouse_svc::records().paths()),
        ("sync-worker", "worker.json", sync_worker::http::paths()),
    ]
}

#[test]
fn each_document_is_that_of_its_program() {
    for (program, file, paths) in programs() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api").join(file);
        let kept = fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == text(&paths.document()),
            "docs/api/{file} is not what the program says; renew it by\n\n    \
             cargo run -q -p {program} -- openapi > docs/api/{file}\n"
        );
    }
}

#[test]
fn each_example_fits_its_schema() {
    for (_, _, paths) in programs() {
        ApiDocument::of(&paths).assert_examples_fit();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_of_the_worker_is_understood_and_answered_as_documented() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    stack.ready().await;
    let document = ApiDocument::of(&sync_worker::http::paths());
    // No change is parked here, no source is configured, and the audit may not have made a report yet.
    let may_fail = [
        "flushMirror",
        "getAudit",
        "getAuditHead",
        "getParked",
        "getParkedHead",
        "listRunsOfSource",
        "listRunsOfSourceHead",
        "loadMirror",
        "runSource",
        "syncAll",
        "syncCast",
        "syncLast",
        "syncLastHead",
    ];
    document.try_examples(&client(stack.worker.url()), &may_fail).await;
}
