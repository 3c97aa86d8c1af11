//! The API document of the store against the store.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderName,
    IF_NONE_MATCH, VARY,
};
use reqwest::{Method, StatusCode};
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

/// Returns the status, the headers and the bytes of an answer.
async fn read(
    store: &TestService,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = store.client.request(Method::GET, path);
    let with = |request: reqwest::RequestBuilder, (name, value): &(HeaderName, &str)| {
        request.header(name, *value)
    };
    let answer = headers.iter().fold(request, with).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

fn text(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn the_documents_are_compressed_beforehand_and_sent_only_to_who_does_not_have_them() {
    let store = TestService::start(PROGRAM.name, records()).await;
    for path in ["/openapi.json", "/docs"] {
        let (_, _, plain) = read(&store, path, &[]).await;
        let mut tags = vec![];
        let encodings = [("gzip, deflate, br", "gzip"), ("gzip;q=0.5, identity;q=0.1", "gzip")];
        let none = ["deflate", "br", "identity", "gzip;q=0"].map(|accepted| (accepted, "identity"));
        for (accepted, expected) in encodings.into_iter().chain(none) {
            let accepts = (ACCEPT_ENCODING, accepted);
            let (status, headers, sent) = read(&store, path, std::slice::from_ref(&accepts)).await;
            assert_eq!(status, 200);
            assert_eq!(text(&headers, CONTENT_ENCODING), expected, "{accepted}");
            // What is compressed for one answer is sent in parts, without a length.
            assert_eq!(text(&headers, CONTENT_LENGTH), sent.len().to_string(), "{accepted}");
            assert_eq!(text(&headers, VARY), "accept-encoding");
            assert_eq!(text(&headers, CACHE_CONTROL), "no-cache");
            let mut unpacked = vec![];
            match expected {
                "gzip" => _ = GzDecoder::new(&*sent).read_to_end(&mut unpacked).unwrap(),
                _ => unpacked.clone_from(&sent),
            }
            assert!(unpacked == plain, "{path} for {accepted}");
            let tag = text(&headers, ETAG);
            let (status, headers, sent) =
                read(&store, path, &[accepts, (IF_NONE_MATCH, &tag)]).await;
            assert_eq!((status, sent.len()), (StatusCode::NOT_MODIFIED, 0), "{accepted}");
            assert_eq!(text(&headers, ETAG), tag);
            tags.push(tag);
        }
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), 2, "one for each encoding: {tags:?}");
        let (status, ..) = read(&store, path, &[(IF_NONE_MATCH, "\"another\"")]).await;
        assert_eq!(status, 200);
    }
}
