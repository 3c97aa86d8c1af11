//! The publisher with several batches in flight, and a broker that answers in every order.

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::FutureExt as _;
use lapin::BasicProperties;
use program_kit::broker::BrokerSettings;
use shared_models::side::Side;
use test_kit::{FakeBroker, FakeConnection};
use uuid::Uuid;

use super::*;
use crate::relay::lease::Pending;
use crate::relay::publisher::Publisher;
use crate::relay::{RelayOptions, RelaySettings};
use crate::resource::Resources;

/// The frames that the broker sends about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Return(usize),
    Ack(usize),
    AckUpTo(usize),
    Nack(usize),
}

use Frame::{Ack, AckUpTo, Nack, Return};

/// Both ends of a channel on which three messages are published, in batches.
struct World {
    publisher: Publisher,
    broker: FakeConnection,
    in_flight: InFlightBatches,
    /// The number of messages published before.
    before: usize,
}

/// The outcomes of the messages, by their numbers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fates {
    confirmed: Vec<i64>,
    returned: usize,
    refused: usize,
}

async fn world() -> World {
    let broker = FakeBroker::start().await;
    let url = "postgres://nobody@127.0.0.1:1/none".to_owned();
    let database = crate::database::DatabaseSettings {
        url: crate::database::DatabaseUrl::try_from(url).unwrap(),
        ca: None,
        tls: None,
        pool_size: 1,
        connect_timeout: Duration::from_secs(1),
        lock_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(1),
        migrate_timeout: Duration::from_secs(1),
        deadline: Duration::from_secs(1),
    };
    let second = Duration::from_secs(1);
    let broker_settings = BrokerSettings {
        url: broker.url(),
        ca: None,
        tls: None,
        connect_timeout: second,
        reply_timeout: second,
    };
    let relay = RelaySettings {
        batch_size: 500,
        confirm_timeout: second,
        poll_min: second,
        poll_max: second,
        offer_rate: NonZeroU32::MAX,
    };
    let side = Side::Store;
    let resources = Resources::of(vec![]);
    let options = RelayOptions {
        name: "test",
        side,
        database,
        broker: broker_settings,
        relay,
        resources,
        tasks: vec![],
    };
    let (publisher, broker) = tokio::join!(Publisher::connect(&options), broker.accept());
    World {
        publisher: publisher.unwrap(),
        broker,
        in_flight: InFlightBatches::new(Histogram::noop()),
        before: 0,
    }
}

fn pending(seq: usize) -> Pending {
    Pending {
        seq: seq as i64,
        event_id: Uuid::from_u128(1 + seq as u128),
        resource: "order".into(),
        kind: "order.created".into(),
        origin: "store".into(),
        at: chrono::Utc::now(),
        body: "{}".into(),
        trace: None,
    }
}

impl World {
    async fn publish(&mut self, sizes: &[usize]) -> Vec<BasicProperties> {
        let (mut next, mut messages) = (0, vec![]);
        for size in sizes {
            let batch = (next..next + size).map(pending).collect();
            self.in_flight.add(self.publisher.publish(batch, Duration::from_secs(20)));
            self.in_flight.await_written().await.unwrap();
            next += size;
        }
        for _ in 0..next {
            messages.push(self.broker.published().await);
        }
        messages
    }

    /// Plays the frames; the relay polls after each of them.
    async fn play(&mut self, sizes: &[usize], frames: &[Frame]) -> Fates {
        let messages = self.publish(sizes).await;
        let (mut fates, before) = (Fates::default(), self.before);
        let tag = |message: usize| u64::try_from(before + message + 1).unwrap();
        for frame in frames {
            match frame {
                Return(message) => self.broker.give_back(&messages[*message]).await,
                Ack(message) => self.broker.ack(tag(*message), false).await,
                AckUpTo(message) => self.broker.ack(tag(*message), true).await,
                Nack(message) => self.broker.nack(tag(*message), false).await,
            }
            self.broker.is_heard().await;
            while self.in_flight.await_oldest_outcome().now_or_never().is_some() {
                let sent = self.in_flight.take_outcome().unwrap().unwrap();
                fates.confirmed.extend(sent.confirmed);
                fates.returned += sent.returned;
                fates.refused += sent.refused;
            }
        }
        self.before += messages.len();
        assert!(self.in_flight.is_empty(), "{frames:?} were not decided");
        fates
    }
}

/// Every order in which the broker may send something about each of three messages: a return
/// before the message's own confirm, confirms in any order, one by one or several at once.
fn orders(returned: &[usize], refused: &[usize]) -> Vec<Vec<Frame>> {
    let mut found = vec![];
    let mut begun = vec![(vec![], [false; 3], [false; 3])];
    while let Some((frames, back, answered)) = begun.pop() {
        if answered == [true; 3] {
            found.push(frames);
            continue;
        }
        let mut go_on = |frame, back, answered| {
            begun.push(([frames.as_slice(), &[frame]].concat(), back, answered));
        };
        for message in 0..3 {
            let due = |message: &usize| returned.contains(message) && !back[*message];
            if due(&message) && !answered[message] {
                let mut back = back;
                back[message] = true;
                go_on(Return(message), back, answered);
                continue;
            }
            if answered[message] {
                continue;
            }
            let mut one = answered;
            one[message] = true;
            go_on(if refused.contains(&message) { Nack(message) } else { Ack(message) }, back, one);
            let open = (0..=message).filter(|it| !answered[*it]).collect::<Vec<_>>();
            if open.len() > 1 && !open.iter().any(|it| due(it) || refused.contains(it)) {
                let mut all = answered;
                open.iter().for_each(|it| all[*it] = true);
                go_on(AckUpTo(message), back, all);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_no_order_of_frames_does_a_returned_change_count_as_confirmed() {
    let mut world = world().await;
    let mut played = 0;
    for (returned, refused) in [
        (&[][..], &[][..]),
        (&[0], &[]),
        (&[1], &[2]),
        (&[0, 1], &[]),
        (&[0, 2], &[2]),
        (&[0, 1, 2], &[]),
    ] {
        for sizes in [&[1, 1, 1][..], &[1, 2], &[2, 1]] {
            for frames in orders(returned, refused) {
                let mut fates = world.play(sizes, &frames).await;
                fates.confirmed.sort_unstable();
                let lost = |it: &i64| {
                    let it = usize::try_from(*it).unwrap();
                    returned.contains(&it) || refused.contains(&it)
                };
                let confirmed = (0..3).filter(|it| !lost(it)).collect();
                let refused = refused.iter().filter(|it| !returned.contains(it)).count();
                let wanted = Fates { confirmed, returned: returned.len(), refused };
                assert_eq!(fates, wanted, "{sizes:?}: {frames:?}");
                played += 1;
            }
        }
    }
    assert!(played > 300, "{played}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_the_exchange_is_missing_every_batch_fails_for_that_reason() {
    let mut world = world().await;
    world.publish(&[1, 2]).await;
    world.broker.close_channel(404, "NOT_FOUND - no exchange").await;
    world.in_flight.await_oldest_outcome().await;
    let error = world.in_flight.take_outcome().unwrap().unwrap_err().about("store.events");
    assert!(matches!(error, PublishError::NoExchange("store.events")), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn while_the_broker_is_blocked_no_confirm_is_late() {
    let mut world = world().await;
    let limit = Duration::from_millis(200);
    world.in_flight.add(world.publisher.publish(vec![pending(0)], limit));
    world.in_flight.await_written().await.unwrap();
    world.broker.block("low on memory").await;
    world.publisher.blocks().await;
    assert_eq!(world.publisher.blocked().as_deref(), Some("low on memory"));
    let deciding = tokio::time::timeout(limit * 4, world.in_flight.await_oldest_outcome());
    assert!(deciding.await.is_err(), "it waits");
    world.broker.unblock().await;
    world.broker.is_heard().await;
    assert_eq!(world.publisher.blocked(), None);
    world.in_flight.restart_timeouts(Instant::now());
    world.in_flight.await_oldest_outcome().await;
    let late = world.in_flight.take_outcome().unwrap().unwrap_err();
    assert!(matches!(late, PublishError::NotConfirmed(_)), "{late}");
}

/// RabbitMQ's alarm comes while a long batch is being written, of which the first message is
/// confirmed already. That confirm takes the return of the batch before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_batch_is_not_decided_while_the_confirms_of_another_cannot_be_read() {
    let World { mut publisher, mut broker, mut in_flight, .. } = world().await;
    let limit = Duration::from_secs(20);
    in_flight.add(publisher.publish(vec![pending(0)], limit));
    in_flight.await_written().await.unwrap();
    let first = broker.published().await;
    // More than fits into the socket while nobody reads.
    let long = Pending { body: "x".repeat(64 * 1024 * 1024), ..pending(2) };
    in_flight.add(publisher.publish(vec![pending(1), long], limit));
    let writing = async {
        tokio::select! {
            written = in_flight.await_written() => panic!("it is written: {written:?}"),
            () = publisher.blocks() => {}
        }
    };
    let blocking = async {
        broker.published().await;
        broker.block("low on memory").await;
    };
    tokio::join!(writing, blocking);
    broker.give_back(&first).await;
    broker.ack(2, false).await;
    broker.ack(1, false).await;
    let InFlightBatches { batches, answers, .. } = &mut in_flight;
    batches[0].confirm(0, answers).await.unwrap();
    assert!(
        in_flight.await_oldest_outcome().now_or_never().is_none(),
        "it was decided: {:?}",
        in_flight.take_outcome()
    );
    broker.unblock().await;
    broker.is_heard().await;
    broker.ack(3, false).await;
    broker.is_heard().await;
    in_flight.await_oldest_outcome().await;
    assert_eq!(
        in_flight.take_outcome().unwrap().unwrap(),
        BatchOutcome { returned: 1, ..BatchOutcome::default() }
    );
    in_flight.await_oldest_outcome().await;
    assert_eq!(in_flight.take_outcome().unwrap().unwrap().confirmed, [1, 2]);
}
