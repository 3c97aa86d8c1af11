//! The API document of the store against the store.

use store_svc::{PROGRAM, records};
use test_kit::{ApiDocument, TestService};

#[tokio::test]
async fn each_example_is_understood_and_answered_as_documented() {
    let store = TestService::start(PROGRAM.name, records()).await;
    let document = ApiDocument::of(&records().paths());
    // An offer may be over, and what was removed by one path is not there for the other.
    let may_fail = ["getOffer", "getOfferHead", "endOffer", "removePost", "removeComment"];
    document.try_examples(&store.client, &may_fail).await;
}

#[tokio::test]
async fn the_document_is_served_as_json_and_as_a_page_that_loads_nothing() {
    let store = TestService::start(PROGRAM.name, records()).await;
    let document = store.client.get("/openapi.json").await.with(200);
    assert_eq!(document.body, records().paths().document());
    let page = store.client.get("/docs").await.with(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(page.text.contains("/v1/orders/{id}") && !page.text.contains("<script"));
    for loads in ["src=", "url(", "@import", "<link"] {
        assert!(!page.text.contains(loads), "{loads}");
    }
}
