//! `/metrics` of the three programs: what stands on the pages, and in `docs/metrics.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use e2e_tests::Stack;
use process_kit::lamps_and_bulbs;
use sample_sources::upstream::{Options, Upstream};
use test_kit::{TestBroker, eventually};

/// A page as it is parsed.
struct Page {
    /// The names of the metrics.
    names: BTreeSet<String>,
    /// The name and labels of each series, with its value.
    series: Vec<(String, f64)>,
}

impl Page {
    /// Parses a page. Each series belongs to a metric whose type and meaning stand before it.
    fn parse(text: &str) -> Self {
        let (mut helped, mut kind) = (String::new(), ("", ""));
        let (mut names, mut series) = (BTreeSet::new(), vec![]);
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, meaning) = help.split_once(' ').unwrap();
                assert!(!meaning.is_empty(), "{line}");
                helped = name.to_owned();
            } else if let Some(typed) = line.strip_prefix("# TYPE ") {
                kind = typed.split_once(' ').unwrap();
                assert_eq!(kind.0, helped, "it has no # HELP: {line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind.1), "{line}");
                assert!(kind.1 != "counter" || kind.0.ends_with("_total"), "{line}");
                assert!(names.insert(kind.0.to_owned()), "it is there twice: {line}");
            } else {
                let (named, value) = line.rsplit_once(' ').unwrap();
                let name = named.split('{').next().unwrap();
                let parts = ["_bucket", "_sum", "_count"];
                let is_part = kind.1 == "histogram"
                    && parts.iter().any(|part| name.strip_suffix(part) == Some(kind.0));
                assert!(is_part || name == kind.0, "{line} is not of {kind:?}");
                series.push((named.to_owned(), value.parse().unwrap()));
            }
        }
        Self { names, series }
    }

    fn value(&self, series: &str) -> f64 {
        let value = self.series.iter().find(|(named, _)| named == series);
        value.unwrap_or_else(|| panic!("there is no {series} in {:?}", self.series)).1
    }
}

/// The names in the first column of the document's tables.
fn documented() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let document = fs::read_to_string(path).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_carried_is_measured_and_every_metric_is_documented() {
    let upstream = Upstream::start(Options::default()).await.unwrap();
    let (url, password) = (upstream.url(), Options::default().password);
    let settings = [
        ("UPSTREAM__URL", &*url),
        ("UPSTREAM__USER", "sample"),
        ("UPSTREAM__PASSWORD", &*password),
    ];
    let broker = TestBroker::new().await;
    let stack = Stack::start_with(&broker, &settings).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    // A comparison and a run have to be over before they show.
    let [store, _, worker] = eventually("the pages have what is documented", async || {
        let mut pages = vec![];
        for client in stack.clients() {
            pages.push(Page::parse(&client.get("/metrics").await.with(200).text));
        }
        let names = pages.iter().flat_map(|page| &page.names).cloned().collect::<BTreeSet<_>>();
        let unknown = names.difference(&documented()).cloned().collect::<Vec<_>>();
        assert!(unknown.is_empty(), "docs/metrics.md lacks {unknown:?}");
        let missing = documented().difference(&names).cloned().collect::<Vec<_>>();
        match missing.is_empty() {
            true => <[Page; 3]>::try_from(pages).ok(),
            false => {
                println!("no program has {missing:?}");
                None
            }
        }
    })
    .await;
    let of = "{direction=\"store-to-warehouse\"}";
    assert_eq!(worker.value(&format!("lockstep_lag_seconds_count{of}")), 1.0);
    assert!(worker.value(&format!("lockstep_lag_seconds_sum{of}")) > 0.0);
    assert!(worker.value(&format!("lockstep_batch_messages_count{of}")) >= 1.0);
    let processed = "{direction=\"store-to-warehouse\",outcome=\"processed\"}";
    assert!(worker.value(&format!("lockstep_request_duration_seconds_count{processed}")) >= 1.0);
    assert!(store.value("lockstep_relay_confirm_duration_seconds_count") >= 1.0);
    let placed = "{method=\"POST\",route=\"/v1/orders\",status=\"201\"}";
    assert_eq!(store.value(&format!("http_server_request_duration_seconds_count{placed}")), 1.0);
    let runs = "{source=\"upstream\",task=\"pull\",outcome=\"succeeded\"}";
    assert_eq!(worker.value(&format!("lockstep_source_runs_total{runs}")), 1.0);
}
