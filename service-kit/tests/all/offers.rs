//! Offers under way: each has its turn, can be looked at and ended, and stops nothing when it fails.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::orders::now;
use service_kit::testing::{BrokerUser, TestBroker, TestService, eventually};

use crate::plain::{Plain, publishing_to, routes, write_orders};
use crate::queue::{bound_broker, published};

const OFFERS: &str = "/v1/offers";

async fn ask(site: &TestService, request: &Value) -> String {
    let answer = site.client.post("/v1/sync/offer", request).await.with(202);
    answer.header("location").unwrap().to_owned()
}

/// A site whose offers go on slowly enough to be looked at.
async fn slowly_offering(broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker = broker;
        settings.relay.offer_rate = 400.try_into().unwrap();
    };
    TestService::start_with::<Plain>("plain", routes, adjust).await
}

async fn execute(site: &TestService, statement: &str) {
    site.database.connect().await.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn an_offer_of_a_few_does_not_wait_for_one_of_all() {
    let broker = bound_broker().await;
    let site = slowly_offering(&broker).await;
    write_orders(&site.database, 3_000).await;
    published(&site).await;
    let since = now();
    write_orders(&site.database, 5).await;
    let all = ask(&site, &json!({"all": true})).await;
    eventually("the offer of all is under way", async || {
        (site.client.get(&all).await.with(200)["offered"].as_i64()? > 0).then_some(())
    })
    .await;
    let few = ask(&site, &json!({ "since": since })).await;
    eventually("the other one has come to its end", async || {
        (site.client.get(&few).await.status == 404).then_some(())
    })
    .await;
    let all = site.client.get(&all).await.with(200);
    assert!(all["place"]["order"].is_string() && all["of"] == "all", "{}", all.text);
}

#[tokio::test]
async fn offers_are_listed_and_one_that_is_ended_goes_no_further() {
    let site = TestService::start::<Plain>("plain", routes).await;
    write_orders(&site.database, 2).await;
    let since = now();
    let all = ask(&site, &json!({"all": true})).await;
    let changed = ask(&site, &json!({ "since": since })).await;
    let listed = site.client.get(OFFERS).await.with(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &listed["next"]), (2, &json!(null)));
    assert_eq!((&items[0]["of"], &items[1]["of"]), (&json!("all"), &json!("changed")));
    assert_eq!(items[1]["since"], json!(since));
    assert_eq!(site.client.get(&changed).await.with(200).body, items[1]);
    site.client.delete(&all).await.with(204);
    site.client.delete(&all).await.assert_problem(404);
    site.client.get(&all).await.assert_problem(404);
    let left = site.client.get(OFFERS).await.with(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_offer_that_is_ended_while_a_step_is_under_way_stays_ended() {
    let site = TestService::start::<Plain>("plain", routes).await;
    write_orders(&site.database, 2).await;
    let all = ask(&site, &json!({"all": true})).await;
    // As a step does.
    let mut step = site.database.connect().await;
    step.batch_execute("begin; select from offers for update").await.unwrap();
    let deleting = tokio::spawn({
        let (client, all) = (site.client.clone(), all.clone());
        async move { client.delete(&all).await }
    });
    eventually("the caller waits for the step", async || {
        let waiting = "pg_stat_activity where wait_event_type = 'Lock'
            and datname = current_database()";
        (site.database.count(waiting).await > 0).then_some(())
    })
    .await;
    step.batch_execute("update offers set offered = 1; commit").await.unwrap();
    deleting.await.unwrap().with(204);
    assert_eq!(site.database.count("offers").await, 0);
}

#[tokio::test]
async fn an_offer_that_fails_stops_neither_publishing_nor_another_one_and_is_tried_again() {
    let broker = bound_broker().await;
    let site = publishing_to(&broker).await;
    write_orders(&site.database, 10).await;
    published(&site).await;
    // What is offered by this principal cannot be written.
    let spoil = "create function spoil() returns trigger language plpgsql as $$ begin
            if new.principal = 'spoilt' then raise exception 'spoilt'; end if; return new; end $$;
        create trigger spoil before insert on changes for each row execute function spoil();
        insert into offers (created_at, principal) values (now(), 'spoilt')";
    execute(&site, spoil).await;
    let failed = async || {
        let listed = site.client.get(OFFERS).await.with(200);
        let offer = listed["items"].as_array().unwrap().first()?.clone();
        (offer["failures"].as_i64()? > 0).then_some(offer)
    };
    let offer = eventually("the failure is noted", failed).await;
    assert!(offer["failure"].as_str().unwrap().contains("spoilt"), "{offer}");
    let since = now();
    write_orders(&site.database, 5).await;
    let other = ask(&site, &json!({ "since": since })).await;
    eventually("the other offer and all changes go out", async || {
        let gone = site.client.get(&other).await.status == 404;
        (gone && site.rows().await.outbox == 0).then_some(())
    })
    .await;
    execute(&site, "drop trigger spoil on changes").await;
    eventually("it is tried again, and comes to its end", async || {
        (site.database.count("offers").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_offer_goes_on_though_the_clock_of_postgresql_was_set_back() {
    let broker = bound_broker().await;
    let site = publishing_to(&broker).await;
    write_orders(&site.database, 3).await;
    published(&site).await;
    // What was noted an hour ahead of now: a step, and a failure. The last is in its back-off.
    execute(
        &site,
        "insert into offers (created_at, next_at, failures) values
            (now(), now() + interval '1 hour', 0), (now(), now() + interval '30 seconds', 0),
            (now(), now() + interval '1 hour', 3), (now(), now() + interval '50 seconds', 7)",
    )
    .await;
    eventually("they have come to their end", async || {
        (site.database.count("offers where failures <> 7").await == 0).then_some(())
    })
    .await;
    assert_eq!(site.database.count("offers").await, 1, "one that failed waits");
}
