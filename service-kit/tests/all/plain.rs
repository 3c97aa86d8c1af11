//! A site that knows nothing of an order but what is shared: what the kit does for every site.

use diesel_async::AsyncConnection as _;
use service_kit::application::ServiceSettings;
use service_kit::change_log::{self, Record};
use service_kit::http::problem::FieldError;
use service_kit::http::resource::Routes;
use service_kit::orders::{Domain, Draft, Order, now, storage};
use service_kit::routes;
use service_kit::testing::{BrokerUser, TestBroker, TestDatabase, TestService, delivery_to};
use shared_models::order::Shared;
use shared_models::site::Site;
use uuid::Uuid;

pub(crate) enum Plain {}

impl Domain for Plain {
    const SITE: Site = Site::Store;
    type Private = ();
    type Shown = ();
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
    routes::site::<Plain>().with(routes::collection::<Plain>("orders are listed here", vec![]))
}

/// A plain site that publishes to `broker`.
pub(crate) async fn publishing_to(broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| settings.broker = broker;
    TestService::start_with::<Plain>("plain", routes, adjust).await
}

/// Writes orders in one transaction, as another process would; gives their ids.
pub(crate) async fn write_orders(database: &TestDatabase, count: usize) -> Vec<Uuid> {
    let order = |_| Order {
        shared: Shared { delivery: delivery_to("1 Quay Street", 1, 0), ..Shared::default() },
        version: 1,
        ..Order::<()>::blank(Uuid::now_v7(), now())
    };
    let orders = (0..count).map(order).collect::<Vec<_>>();
    let records = orders.iter().map(|order| Record::created(Site::Store, order));
    let records = records.collect::<Vec<_>>();
    let writing = async |connection: &mut diesel_async::AsyncPgConnection| {
        storage::insert(connection, &orders).await?;
        change_log::append(connection, &records, None).await
    };
    let mut connection = database.connect().await;
    connection.transaction::<_, diesel::result::Error, _>(writing).await.unwrap();
    orders.iter().map(|order| order.id).collect()
}
