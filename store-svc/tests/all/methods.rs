//! The methods of each path.

use crate::samples::{place, store};

#[tokio::test]
async fn every_other_method_is_refused_and_the_right_ones_are_named() {
    let store = store().await;
    let (order, _) = place(&store.client).await;
    let history = format!("{order}/changes");
    let routes = [
        ("/v1/orders", "GET, HEAD, POST"),
        ("/v1/orders/batch", "POST"),
        (history.as_str(), "GET, HEAD"),
        ("/v1/sync/orders", "POST"),
        ("/v1/sync/offer", "POST"),
        ("/v1/parked", "GET, HEAD, POST"),
        ("/v1/parked/replay", "POST"),
        ("/v1/parked/drop", "POST"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
        (order.as_str(), "GET, HEAD, PUT, PATCH, DELETE"),
    ];
    store.client.assert_has_only(&routes).await;
}
