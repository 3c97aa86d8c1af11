//! Sides over HTTPS: which certificates the worker accepts, and which error it reports for the
//! others.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use shared_models::side::Side;
use sync_worker::settings::{PROGRAM, SidesSettings};
use sync_worker::side_client::SideClient;
use test_kit::{BrokerUser, Flaw, Front, Greeting, TestCa};

use crate::events::{edited, id};
use crate::sides::FakeSide;
use crate::world::{TestWorker, World};

/// Asks a warehouse at this address, over HTTPS, whether it is ready; returns why it is not.
async fn refusal(at: SocketAddr, ca: Option<&Path>) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let ca = ca.map_or_else(String::new, |ca| format!("warehouse.ca = '{}'", ca.display()));
    let text = format!(
        "store.url = 'http://127.0.0.1:1'\nwarehouse.url = 'https://{at}'\n{ca}\n\
         carry.connect_timeout = '500ms'\n"
    );
    file.write_all(text.as_bytes()).unwrap();
    let settings = PROGRAM.layout.load::<SidesSettings>(Some(file.path())).unwrap();
    let client = SideClient::new(Side::Warehouse, &settings).unwrap();
    client.probe().await.err().map(|trouble| trouble.reason)
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_is_taken_for_what_its_certificate_says() {
    let side = FakeSide::start().await;
    let (ours, another) = (TestCa::new(), TestCa::new());
    let cases = [
        (Flaw::None, Some(&ours), None),
        (Flaw::None, Some(&another), Some("is not from the CA in the file of warehouse.ca")),
        (Flaw::None, None, Some("does not trust; set warehouse.ca to the file of its CA")),
        (Flaw::Expired, Some(&ours), Some("expired on 2023-12-31 00:00 UTC")),
        (Flaw::OtherName, Some(&ours), Some("the host in warehouse.url, but for elsewhere.test")),
    ];
    for (flaw, ca, wanted) in cases {
        let front = Front::start(address(&side.url()), Greeting::None, &ours.issue(flaw)).await;
        let refused = refusal(front.address(), ca.map(TestCa::path)).await;
        let is_as_wanted = match (&refused, wanted) {
            (Some(refused), Some(wanted)) => refused.contains(wanted) && !refused.contains('\n'),
            (refused, wanted) => refused.is_none() && wanted.is_none(),
        };
        assert!(is_as_wanted, "{flaw:?}: {refused:?} is not {wanted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_speaks_no_tls_or_nothing_at_all_is_refused_in_time() {
    let (side, ca) = (FakeSide::start().await, TestCa::new());
    let refused = refusal(address(&side.url()), Some(ca.path())).await.unwrap();
    assert!(refused.contains("not use TLS on the port in warehouse.url"), "{refused}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = refusal(silent.local_addr().unwrap(), Some(ca.path())).await.unwrap();
    assert_eq!(refused, "no connection in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_peer_whose_certificate_has_expired_is_carried_when_it_has_a_new_one() {
    let world = World::new().await;
    let ca = TestCa::new();
    let (expired, good) = (ca.issue(Flaw::Expired), ca.issue(Flaw::None));
    let front = Front::start(address(&world.warehouse.url()), Greeting::None, &expired).await;
    let (broker, store) = (world.broker.url(BrokerUser::Worker), world.store.url());
    let warehouse = format!("https://{}", front.address());
    let more = format!("warehouse.ca = '{}'", ca.path().display());
    let worker = TestWorker::start(&broker, &store, &warehouse, &more).await;
    let reason = worker.wait_for_state("waiting for the peer").await;
    assert!(reason.contains("certificate expired on 2023-12-31"), "{reason}");
    let health = worker.request("GET", "/health/ready").await.text().await.unwrap();
    assert!(health.contains("certificate expired on 2023-12-31"), "{health}");

    world.publish_all(&[edited(id(), 1)]).await;
    front.show(&good);
    worker.wait_for_counter("carried", 1).await;
    worker.wait_until_ready().await;
    worker.stop().await;
    assert_eq!(world.left().await, 0);
}
