//! The API document of the warehouse against the warehouse.

use test_kit::{ApiDocument, TestService};
use warehouse_svc::{PROGRAM, records};

#[tokio::test]
async fn each_example_is_understood_and_answered_as_documented() {
    let warehouse = TestService::start(PROGRAM.name, records()).await;
    let document = ApiDocument::of(&records().paths());
    // An offer may be over, what was removed by one path is not there for the other, and no pull is under way.
    let may_fail = ["getOffer", "getOfferHead", "endOffer", "removeReading", "takePulled"];
    document.try_examples(&warehouse.client, &may_fail).await;
}
