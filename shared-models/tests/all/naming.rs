//! The names of events, queues and sides that people read.

use serde_json::to_value;
use shared_models::event::EventKind;
use shared_models::names::{ORDER_EVENTS, exchange, parked_queue, queue};
use shared_models::order::Status;
use shared_models::side::{Direction, Side};

const KINDS: [EventKind; 8] = [
    EventKind::Created,
    EventKind::Updated,
    EventKind::Picking,
    EventKind::Packed,
    EventKind::Voided,
    EventKind::Shipped,
    EventKind::Delivered,
    EventKind::Offered,
];

#[test]
fn an_event_is_called_after_the_status_that_was_reached() {
    for before in Status::ALL {
        for after in Status::ALL {
            let expected = match before == after || after == Status::Placed {
                true => "order.updated".to_owned(),
                false => format!("order.{after}"),
            };
            assert_eq!(EventKind::of_change(before, after).as_str(), expected, "from {before}");
        }
    }
}

#[test]
fn a_kind_of_event_has_one_name_in_json_in_text_and_as_a_routing_key() {
    let prefix = ORDER_EVENTS.strip_suffix('*').expect("a pattern for one word");
    for kind in KINDS {
        assert_eq!(to_value(kind).expect("to JSON"), kind.as_str());
        assert_eq!(kind.to_string(), kind.as_str());
        let word = kind.as_str().strip_prefix(prefix).expect("what the queue is bound with");
        assert!(!word.is_empty() && !word.contains('.'), "{kind}");
    }
}

#[test]
fn a_queue_is_named_after_the_way_that_its_messages_take() {
    let [out, back] = Direction::ALL;
    assert_eq!((out.from, out.to()), (Side::Store, Side::Warehouse));
    assert_eq!((back.from, back.to()), (Side::Warehouse, Side::Store));
    for direction in Direction::ALL {
        let name = format!("sync.{}-to-{}", direction.from, direction.to());
        assert_eq!(name, format!("sync.{direction}"));
        assert_eq!(queue(direction), name);
        assert_eq!(parked_queue(direction), format!("{name}.parked"));
        assert_eq!(exchange(direction.from), format!("{}.events", direction.from));
    }
}

#[test]
fn a_status_and_a_side_have_one_name_in_json_and_in_text() {
    for status in Status::ALL {
        assert_eq!(to_value(status).expect("to JSON"), status.as_str());
    }
    for side in Side::ALL {
        assert_eq!(to_value(side).expect("to JSON"), side.as_str());
    }
}
