//! What the worker's user may do at RabbitMQ, by the patterns in `deploy/rabbitmq/definitions.json`.
//! Needs no RabbitMQ.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;
use shared_models::names::{QueueGeneration, exchange, parked_queue, queue, queue_lock};
use shared_models::side::{Direction, Side};

const DEFINITIONS: &str = include_str!("../../../deploy/rabbitmq/definitions.json");

/// The kinds of permissions, and the letters that stand for them below.
const PERMISSIONS: [(&str, char); 3] = [("configure", 'c'), ("write", 'w'), ("read", 'r')];

/// Names that begin with the name of a sync queue, without it, and what the worker may do.
const OF_A_DIRECTION: [(&str, &str); 38] = [
    // The sync queue, which it binds (writing) and consumes from, and the parked queue.
    ("", "cwr"),
    (".parked", "cr"),
    // Those of later generations.
    (".2", "cwr"),
    (".2.parked", "cr"),
    (".10", "cwr"),
    (".10.parked", "cr"),
    (".4294967295", "cwr"),
    (".4294967295.parked", "cr"),
    // Markers, and the lock.
    (".generation.2", "c"),
    (".generation.10", "c"),
    (".generation.2.offered", "c"),
    (".generation.10.offered", "c"),
    (".replacing", "c"),
    // Nothing else.
    (".", ""),
    (".two", ""),
    (".2.", ""),
    (".2.3", ""),
    (".-2", ""),
    ("2", ""),
    ("s", ""),
    (".parked.2", ""),
    (".parked.parked", ""),
    (".parked2", ""),
    (".Parked", ""),
    (".generation", ""),
    (".generation.", ""),
    (".generation.two", ""),
    (".generation.2.3", ""),
    (".generation.2.parked", ""),
    (".generation.offered", ""),
    (".generation.2.offered.2", ""),
    (".generation.2offered", ""),
    (".offered", ""),
    (".2.offered", ""),
    (".2.replacing", ""),
    (".replacing.2", ""),
    ("xparked", ""),
    ("xreplacing", ""),
];

/// Other names, and what the worker may do. (There is no empty one, which `^$` would match: the
/// default exchange is asked about as `amq.default`, a queue without a name after it has got one.)
const OTHERS: [(&str, &str); 23] = [
    ("store.events", "cr"),
    ("warehouse.events", "cr"),
    // The default exchange, through which it publishes to the parked queues.
    ("amq.default", "w"),
    // Nothing else.
    ("amq.direct", ""),
    ("amq.topic", ""),
    ("amq.gen-JzTY20BRgKO", ""),
    ("amqxdefault", ""),
    ("my.amq.default", ""),
    ("events", ""),
    ("other.events", ""),
    ("storexevents", ""),
    ("my.store.events", ""),
    ("store.events.2", ""),
    ("store.events.parked", ""),
    ("warehouse.event", ""),
    ("sync", ""),
    ("sync.", ""),
    ("sync.parked", ""),
    ("sync.store-to-store", ""),
    ("sync.warehouse-to-warehouse", ""),
    ("syncxstore-to-warehouse", ""),
    ("my.sync.store-to-warehouse", ""),
    ("STORE.EVENTS", ""),
];

/// All names, and what the worker may do.
fn table() -> BTreeMap<String, &'static str> {
    let of_directions = Direction::ALL.into_iter().flat_map(|direction| {
        OF_A_DIRECTION.map(|(rest, may)| (format!("{}{rest}", queue(direction)), may))
    });
    of_directions.chain(OTHERS.map(|(name, may)| (name.to_owned(), may))).collect()
}

/// What a user may do.
struct Permissions([(Regex, char); 3]);

impl Permissions {
    fn of(user: &str) -> Self {
        let definitions: Value = serde_json::from_str(DEFINITIONS).unwrap();
        let all = definitions["permissions"].as_array().unwrap();
        let of_user = all.iter().find(|it| it["user"] == user && it["vhost"] == "/").unwrap();
        let pattern = |kind: &str| Regex::new(of_user[kind].as_str().unwrap()).unwrap();
        Self(PERMISSIONS.map(|(kind, letter)| (pattern(kind), letter)))
    }

    /// What it may do with something of this name. RabbitMQ looks for a match anywhere in the name
    /// (`re:run`), so a pattern that is not anchored lets more through.
    fn with(&self, name: &str) -> String {
        let permitted = self.0.iter().filter(|(pattern, _)| pattern.is_match(name));
        permitted.map(|(_, letter)| letter).collect()
    }
}

#[test]
fn the_worker_may_do_what_it_does_and_nothing_else() {
    let worker = Permissions::of("worker");
    for (name, may) in table() {
        assert_eq!(worker.with(&name), may, "{name}");
    }
}

#[test]
fn the_table_has_every_name_that_the_worker_uses() {
    let table = table();
    for direction in Direction::ALL {
        let first = QueueGeneration::first(direction);
        let second = first.next();
        for (name, may) in [
            (exchange(direction.from).to_owned(), "cr"),
            (first.queue(), "cwr"),
            (parked_queue(direction).to_owned(), "cr"),
            (second.queue(), "cwr"),
            (second.parked_queue(), "cr"),
            (second.marker(), "c"),
            (second.offered_marker(), "c"),
            (queue_lock(direction).to_owned(), "c"),
        ] {
            assert_eq!(table.get(&name), Some(&may), "{name}");
        }
    }
}

#[test]
fn a_service_may_write_to_its_own_exchange_and_do_nothing_else() {
    for (user, side) in [("store", Side::Store), ("warehouse", Side::Warehouse)] {
        let service = Permissions::of(user);
        for name in table().keys() {
            let expected = if name == exchange(side) { "w" } else { "" };
            assert_eq!(service.with(name), expected, "{user}: {name}");
        }
    }
}
