//! A RabbitMQ that is away, comes back, or is slow: changes wait.

use std::time::Duration;

use program_kit::broker::BrokerUrl;
use service_kit::application::ServiceSettings;
use test_kit::queue::{published, take_all, told_state};
use test_kit::{BrokerUser, TestBroker, TestService, notes, write_notes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::side::bound_broker;

/// A proxy to the broker that can be cut and opened again.
struct Way {
    port: u16,
    to: String,
    open: Option<JoinHandle<()>>,
}

impl Way {
    /// Creates a proxy that is not open yet.
    fn to(broker: &TestBroker) -> Self {
        let url = broker.url(BrokerUser::Store);
        let (_, server) = url.rsplit_once('@').unwrap();
        let (to, _) = server.split_once('/').unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, to: to.to_owned(), open: None }
    }

    fn url(&self, broker: &TestBroker) -> BrokerUrl {
        let through = format!("127.0.0.1:{}", self.port);
        BrokerUrl::try_from(broker.url(BrokerUser::Store).replace(&self.to, &through)).unwrap()
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let to = self.to.clone();
        self.open = Some(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let mut to = TcpStream::connect(&to).await.unwrap();
                connections.spawn(async move { copy_bidirectional(&mut from, &mut to).await });
            }
        }));
    }

    async fn cut(&mut self) {
        let open = self.open.take().unwrap();
        open.abort();
        let _ = open.await;
    }
}

async fn publishing_on(way: &Way, broker: &TestBroker) -> TestService {
    let url = way.url(broker);
    let adjust = |settings: &mut ServiceSettings| settings.broker.url = url;
    TestService::start_with("notes", notes(), adjust).await
}

#[tokio::test]
async fn what_was_written_while_rabbitmq_was_away_arrives_when_it_is_there() {
    let broker = bound_broker().await;
    let mut way = Way::to(&broker);
    let side = publishing_on(&way, &broker).await;
    write_notes(&side.database, 3).await;
    told_state(&side, "waiting").await;
    assert_eq!(side.rows().await.outbox, 3);
    way.open().await;
    published(&side).await;
    told_state(&side, "publishing").await;
    assert_eq!(take_all(&broker).await.len(), 3);
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew() {
    let broker = bound_broker().await;
    let mut way = Way::to(&broker);
    way.open().await;
    let side = publishing_on(&way, &broker).await;
    told_state(&side, "publishing").await;
    for _ in 0..2 {
        way.cut().await;
        write_notes(&side.database, 2).await;
        told_state(&side, "waiting").await;
        way.open().await;
        published(&side).await;
    }
    assert!(take_all(&broker).await.len() >= 4);
}

#[tokio::test]
async fn a_quiet_side_says_that_rabbitmq_is_away_and_that_it_is_back() {
    let broker = bound_broker().await;
    let mut way = Way::to(&broker);
    way.open().await;
    let side = publishing_on(&way, &broker).await;
    told_state(&side, "publishing").await;
    way.cut().await;
    told_state(&side, "waiting").await;
    way.open().await;
    told_state(&side, "publishing").await;
}

#[tokio::test]
async fn while_rabbitmq_is_silent_the_relay_keeps_its_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut kept = vec![];
        while let Ok((connection, _)) = listener.accept().await {
            kept.push(connection);
        }
    });
    let url = BrokerUrl::try_from(format!("amqp://a:b@{address}/%2f")).unwrap();
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker.url = url;
        // Longer than PostgreSQL lets a silent holder keep the lock.
        settings.broker.connect_timeout = Duration::from_secs(6);
    };
    let side = TestService::start_with("notes", notes(), adjust).await;
    write_notes(&side.database, 1).await;
    let detail = told_state(&side, "waiting").await;
    assert!(detail.as_str().unwrap().contains("did not answer within 6s"), "{detail}");
    silent.abort();
}

/// Forwards connections to RabbitMQ, with at most this many bytes a second from the client.
async fn slowly(listener: TcpListener, to: String, bytes_a_second: usize) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((from, _)) = listener.accept().await {
        let to = TcpStream::connect(&to).await.unwrap();
        let ((mut from_reads, mut from_writes), (mut to_reads, mut to_writes)) =
            (from.into_split(), to.into_split());
        connections.spawn(async move {
            let mut bytes = vec![0; bytes_a_second / 50];
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            while let Ok(count @ 1..) = from_reads.read(&mut bytes).await {
                tick.tick().await;
                if to_writes.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        });
        connections.spawn(async move { drop(copy(&mut to_reads, &mut from_writes).await) });
    }
}

#[tokio::test]
async fn a_rabbitmq_that_cannot_confirm_so_much_at_once_is_given_less() {
    let broker = bound_broker().await;
    let way = Way::to(&broker);
    let listener = TcpListener::bind(("127.0.0.1", way.port)).await.unwrap();
    let slow = tokio::spawn(slowly(listener, way.to.clone(), 100_000));
    let url = way.url(&broker);
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker.url = url;
        settings.relay.confirm_timeout = Duration::from_secs(1);
        settings.relay.batch_size = 300;
    };
    let side = TestService::start_with("notes", notes(), adjust).await;
    // Some 250 kB.
    write_notes(&side.database, 300).await;
    published(&side).await;
    slow.abort();
}
