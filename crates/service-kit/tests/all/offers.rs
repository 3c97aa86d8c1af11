//! Offers in progress: they take turns, can be listed and ended, and a failing one stops nothing
//! else.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use service_kit::application::ServiceSettings;
use service_kit::database::now;
use service_kit::offers;
use test_kit::queue::published;
use test_kit::{BrokerUser, TestBroker, TestService, eventually, notes, write_notes};

use crate::side::{bound_broker, publishing_to};

const OFFERS: &str = "/v1/offers";

async fn ask(side: &TestService, request: &Value) -> String {
    let answer = side.client.post("/v1/sync/offer", request).await.with(202);
    answer.header("location").unwrap().to_owned()
}

/// A side whose offers proceed slowly enough to be observed.
async fn slowly_offering(broker: &TestBroker) -> TestService {
    let broker = broker.settings(BrokerUser::Store);
    let adjust = |settings: &mut ServiceSettings| {
        settings.broker = broker;
        settings.relay.offer_rate = 400.try_into().unwrap();
    };
    TestService::start_with("notes", notes(), adjust).await
}

async fn execute(side: &TestService, statement: &str) {
    side.database.connect().await.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn an_offer_of_a_few_does_not_wait_for_one_of_all() {
    let broker = bound_broker().await;
    let side = slowly_offering(&broker).await;
    write_notes(&side.database, 3_000).await;
    published(&side).await;
    let since = now();
    write_notes(&side.database, 5).await;
    let all = ask(&side, &json!({"all": true})).await;
    eventually("the offer of all is under way", async || {
        (side.client.get(&all).await.with(200)["offered"].as_i64()? > 0).then_some(())
    })
    .await;
    let few = ask(&side, &json!({ "since": since })).await;
    eventually("the other one has come to its end", async || {
        (side.client.get(&few).await.status == 404).then_some(())
    })
    .await;
    let all = side.client.get(&all).await.with(200);
    assert!(all["place"]["note"].is_string() && all["of"] == "all", "{}", all.text);
}

#[tokio::test]
async fn offers_are_listed_and_one_that_is_ended_goes_no_further() {
    let side = TestService::start("notes", notes()).await;
    write_notes(&side.database, 2).await;
    let since = now();
    let all = ask(&side, &json!({"all": true})).await;
    let changed = ask(&side, &json!({ "since": since })).await;
    let listed = side.client.get(OFFERS).await.with(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &listed["next"]), (2, &json!(null)));
    assert_eq!((&items[0]["of"], &items[1]["of"]), (&json!("all"), &json!("changed")));
    assert_eq!(items[1]["since"], json!(since));
    assert_eq!(side.client.get(&changed).await.with(200).body, items[1]);
    side.client.delete(&all).await.with(204);
    side.client.delete(&all).await.assert_problem(404);
    side.client.get(&all).await.assert_problem(404);
    let left = side.client.get(OFFERS).await.with(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn more_offers_than_fit_on_a_page_are_listed_page_by_page() {
    let side = TestService::start("notes", notes()).await;
    // While a change waits for RabbitMQ, no offer goes on.
    write_notes(&side.database, 1).await;
    let many = "insert into offers (resource, created_at, since)
        select 'note', now(), now() from generate_series(1, 501)";
    execute(&side, many).await;
    let (mut next, mut pages) = (Some(OFFERS.to_owned()), vec![]);
    while let Some(path) = next {
        let page = side.client.get(&path).await.with(200);
        let ids = page["items"].as_array().unwrap().iter().map(|offer| offer["id"].clone());
        pages.push(ids.collect::<Vec<_>>());
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [500, 1]);
    assert_eq!(pages.concat(), (1..=501).map(Value::from).collect::<Vec<_>>());
}

/// A side without RabbitMQ, with the number of an offer that takes more than one step.
async fn offering_all() -> (TestService, i64) {
    let side = TestService::start("notes", notes()).await;
    write_notes(&side.database, usize::from(offers::ADVANCE) + 1).await;
    let all = ask(&side, &json!({"all": true})).await;
    let id = all.rsplit('/').next().unwrap().parse().unwrap();
    (side, id)
}

/// Waits until a session waits for a lock.
async fn one_waits(side: &TestService) {
    eventually("one waits for the other", async || {
        let waiting = "pg_stat_activity where wait_event_type = 'Lock'
            and datname = current_database()";
        (side.database.count(waiting).await > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_offer_that_is_ended_while_a_step_is_under_way_stays_ended() {
    let (side, id) = offering_all().await;
    let mut step = side.database.connect().await;
    step.batch_execute("begin").await.unwrap();
    let offer = offers::take_next(&mut step).await.unwrap().unwrap();
    let offered = offers::advance(&mut step, &notes().resources, &offer).await.unwrap();
    assert_eq!((offer.id, offered), (id, usize::from(offers::ADVANCE)));
    let path = format!("{OFFERS}/{id}");
    let committing = async {
        one_waits(&side).await;
        step.batch_execute("commit").await.unwrap();
    };
    let (deleted, ()) = tokio::join!(side.client.delete(&path), committing);
    deleted.with(204);
    assert_eq!(side.database.count("offers").await, 0);
}

#[tokio::test]
async fn an_offer_that_is_just_being_ended_has_no_further_step() {
    let (side, id) = offering_all().await;
    let (mut ending, mut step) = (side.database.connect().await, side.database.connect().await);
    ending.batch_execute("begin").await.unwrap();
    assert!(offers::end(&mut ending, id).await.unwrap());
    assert!(offers::is_any_due(&mut step).await.unwrap());
    assert!(offers::take_next(&mut step).await.unwrap().is_none());
    ending.batch_execute("commit").await.unwrap();
    assert!(!offers::is_any_due(&mut step).await.unwrap());
}

#[tokio::test]
async fn an_offer_that_fails_stops_neither_publishing_nor_another_one_and_is_tried_again() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 10).await;
    published(&side).await;
    // What is offered by this principal cannot be written.
    let spoil = "create function spoil() returns trigger language plpgsql as $$ begin
            if new.principal = 'spoilt' then raise exception 'spoilt'; end if; return new; end $$;
        create trigger spoil before insert on changes for each row execute function spoil();
        insert into offers (resource, created_at, principal) values ('note', now(), 'spoilt')";
    execute(&side, spoil).await;
    let failed = async || {
        let listed = side.client.get(OFFERS).await.with(200);
        let offer = listed["items"].as_array().unwrap().first()?.clone();
        (offer["failures"].as_i64()? > 0).then_some(offer)
    };
    let offer = eventually("the failure is noted", failed).await;
    assert!(offer["failure"].as_str().unwrap().contains("spoilt"), "{offer}");
    let since = now();
    write_notes(&side.database, 5).await;
    let other = ask(&side, &json!({ "since": since })).await;
    eventually("the other offer and all changes go out", async || {
        let gone = side.client.get(&other).await.status == 404;
        (gone && side.rows().await.outbox == 0).then_some(())
    })
    .await;
    execute(&side, "drop trigger spoil on changes").await;
    eventually("it is tried again, and comes to its end", async || {
        (side.database.count("offers").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_offer_goes_on_though_the_clock_of_postgresql_was_set_back() {
    let broker = bound_broker().await;
    let side = publishing_to(&broker).await;
    write_notes(&side.database, 3).await;
    published(&side).await;
    // What was noted an hour ahead of now: a step, and a failure. The last is in its back-off.
    execute(
        &side,
        "insert into offers (resource, created_at, next_at, failures) values
            ('note', now(), now() + interval '1 hour', 0), ('note', now(), now() + interval '30 seconds', 0),
            ('note', now(), now() + interval '1 hour', 3), ('note', now(), now() + interval '50 seconds', 7)",
    )
    .await;
    eventually("they have come to their end", async || {
        (side.database.count("offers where failures <> 7").await == 0).then_some(())
    })
    .await;
    assert_eq!(side.database.count("offers").await, 1, "one that failed waits");
}

#[tokio::test]
async fn offers_take_turns_also_after_the_clock_of_postgresql_was_set_back() {
    let broker = bound_broker().await;
    let side = slowly_offering(&broker).await;
    write_notes(&side.database, 3_000).await;
    published(&side).await;
    // The steps of both were noted an hour ahead of now.
    execute(
        &side,
        "insert into offers (resource, created_at, next_at) values
            ('note', now(), now() + interval '1 hour'), ('note', now(), now() + interval '61 minutes')",
    )
    .await;
    eventually("both are under way", async || {
        (side.database.count("offers where offered > 0").await == 2).then_some(())
    })
    .await;
}
