//! A side whose orders have no private part: it has what both services share.

use orders::{Changed, Domain, Draft, Examples, Order, register, routes, storage};
use program_kit::http::endpoints::Routes;
use program_kit::http::problem::FieldError;
use service_kit::database::now;
use service_kit::records::Records;
use shared_models::names::ORDER_EVENTS;
use shared_models::order::Shared;
use shared_models::side::Side;
use test_kit::{TestBroker, TestDatabase, TestService, delivery_to, queue};
use uuid::Uuid;

pub(crate) enum Plain {}

impl Domain for Plain {
    const SIDE: Side = Side::Store;
    type Private = ();
    type Shown<'a> = ();
    type Settable = ();

    fn show(_: &Order<()>) {}

    fn settable(_: &Order<()>) {}

    fn draft(order: &Order<()>, (): ()) -> (Draft<()>, Vec<FieldError>) {
        let shared = order.shared.clone();
        let (delivery, progress) = (shared.delivery.value, shared.progress.value);
        (Draft { delivery, progress, private: () }, vec![])
    }

    fn expectation(_: &str) -> Option<&'static str> {
        None
    }

    fn examples() -> Examples {
        Examples::default()
    }
}

fn routes() -> Routes {
    routes::side::<Plain>().with(routes::collection::<Plain>("orders are listed here", vec![]))
}

/// The records of a plain side.
pub(crate) fn plain() -> Records {
    Records::new(Side::Store, register::<Plain>(routes), vec![])
}

/// A fresh database of a plain side.
pub(crate) async fn fresh_database() -> TestDatabase {
    TestDatabase::of(&plain()).await
}

/// A broker with everything that the relay of a plain side needs.
pub(crate) async fn bound_broker() -> TestBroker {
    queue::bound_broker(ORDER_EVENTS).await
}

/// A plain side that publishes to `broker`.
pub(crate) async fn publishing_to(broker: &TestBroker) -> TestService {
    TestService::publishing_to("plain", plain(), broker).await
}

/// Writes orders in one statement, as another process would; returns their ids.
pub(crate) async fn write_orders(database: &TestDatabase, count: usize) -> Vec<Uuid> {
    let order = |_| Order {
        shared: Shared { delivery: delivery_to("1 Quay Street", 1, 0), ..Shared::default() },
        version: 1,
        ..Order::<()>::blank(Uuid::now_v7(), now())
    };
    let new = (0..count).map(|number| Changed::created(Side::Store, order(number)));
    let mut connection = database.connect().await;
    storage::create(&mut connection, &new.collect::<Vec<_>>()).await.unwrap()
}
