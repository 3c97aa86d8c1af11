//! A side whose orders have no private part: it has what both services share.

use orders::{Changed, Domain, Draft, Order, records, routes, storage};
use program_kit::http::problem::FieldError;
use program_kit::http::resource::Routes;
use service_kit::application::{Records, ServiceSettings};
use service_kit::database::now;
use shared_models::order::Shared;
use shared_models::side::Side;
use test_kit::{
    BrokerUser, DatabaseLink, ServiceRoutes, TestBroker, TestDatabase, TestService, delivery_to,
    eventually,
};
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
}

pub(crate) fn routes() -> Routes {
    routes::side::<Plain>().with(routes::collection::<Plain>("orders are listed here", vec![]))
}

/// The records of a plain side.
pub(crate) fn plain() -> Records<impl ServiceRoutes> {
    records::<Plain>(routes)
}

/// A fresh database of a plain side.
pub(crate) async fn fresh_database() -> TestDatabase {
    TestDatabase::of(&plain()).await
}

/// A plain side that publishes to `broker`.
pub(crate) async fn publishing_to(broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| settings.broker = broker;
    TestService::start_with("plain", plain(), adjust).await
}

/// A side without RabbitMQ, and the link to its database.
pub(crate) async fn linked() -> (TestService, DatabaseLink) {
    let database = fresh_database().await;
    let mut settings = database.settings();
    let link = DatabaseLink::start(&mut settings).await;
    let adjust = |all: &mut ServiceSettings| all.database = settings;
    let side = TestService::start_over("plain", plain(), database, adjust).await;
    let ready = async || (side.client.get("/health/ready").await.status == 200).then_some(());
    eventually("the side is ready", ready).await;
    (side, link)
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
