//! The permissions of each role at the warehouse.

use program_kit::access::Role;
use service_kit::application::ServiceSettings;
use test_kit::{TestService, TestTokens};
use warehouse_svc::{PROGRAM, records};

use crate::samples::{arrived, history};

async fn secured(tokens: &TestTokens) -> TestService {
    let access = tokens.settings();
    let adjust = |settings: &mut ServiceSettings| settings.access = access;
    TestService::start_with(PROGRAM.name, records(), adjust).await
}

#[tokio::test]
async fn each_route_is_for_those_for_whom_its_rule_is() {
    let tokens = TestTokens::random();
    let warehouse = secured(&tokens).await;
    warehouse.client.assert_keeps_to_its_rules(&records().paths(), &tokens).await;
}

#[tokio::test]
async fn what_arrives_bears_the_name_of_the_worker() {
    let tokens = TestTokens::random();
    let warehouse = secured(&tokens).await;
    let [worker, admin] =
        [Role::Sync, Role::Admin].map(|role| warehouse.client.clone().with_token(tokens.of(role)));
    let path = arrived(&worker).await;
    assert_eq!(history(&admin, &path).await[0]["principal"], "sync");
}
