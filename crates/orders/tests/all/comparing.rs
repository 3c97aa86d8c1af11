//! The endpoints for the worker's comparison of a side with its peer.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};
use orders::{Changed, Order, Record, storage};
use serde_json::{Value, json};
use service_kit::database::now;
use service_kit::offers;
use shared_models::comparison::{ChangedPage, LogState, OrderState, Revisions, StatesPage};
use shared_models::event::EventKind;
use shared_models::order::{Shared, Touched};
use shared_models::revision::Revision;
use shared_models::side::Side;
use test_kit::{TestDatabase, TestService, change_of, delivery_to, eventually};
use uuid::Uuid;

use crate::plain::{plain, write_orders};

async fn side() -> TestService {
    TestService::start("plain", plain()).await
}

async fn log_state(side: &TestService) -> LogState {
    log_state_upto(side, 9_000).await
}

async fn log_state_upto(side: &TestService, upto: i64) -> LogState {
    read(side.client.get(&format!("/v1/sync/compared?upto={upto}")).await.with(200).body)
}

async fn changed(side: &TestService, after: i64, upto: i64) -> ChangedPage {
    let path = format!("/v1/sync/changed?after={after}&upto={upto}");
    read(side.client.get(&path).await.with(200).body)
}

async fn revisions(side: &TestService, ids: &[Uuid]) -> Revisions {
    let request = json!({ "ids": ids });
    read(side.client.post("/v1/sync/revisions", &request).await.with(200).body)
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn ids(orders: &[OrderState]) -> BTreeSet<Uuid> {
    orders.iter().map(|order| order.id).collect()
}

async fn run(database: &TestDatabase, statement: &str) {
    database.connect().await.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn what_was_changed_here_is_told_page_by_page_each_order_once() {
    let side = side().await;
    let written = write_orders(&side.database, 1_200).await;
    let log = log_state(&side).await;
    assert_eq!((log.compared, log.newest, log.unpublished), (0, 1_200, Some(1)));
    let (mut after, mut told, mut pages) = (log.compared, vec![], 0);
    while after < log.newest {
        let page = changed(&side, after, log.newest).await;
        assert!(page.orders.len() <= 500 && page.newest == 1_200, "{page:?}");
        after = page.upto;
        told.extend(page.orders);
        pages += 1;
    }
    assert_eq!((told.len(), pages, after), (1_200, 3, 1_200));
    assert_eq!(ids(&told), BTreeSet::from_iter(written));
    assert_eq!(changed(&side, after, 9_000).await.upto, 9_000, "behind the end there is nothing");
}

#[tokio::test]
async fn an_order_is_told_as_it_stands_now() {
    let side = side().await;
    let id = write_orders(&side.database, 1).await[0];
    let before = changed(&side, 0, 1).await.orders;
    let newer = change_of(id, delivery_to("2 Side Street", 1, 1), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[newer]).await.outcomes(), ["applied"]);
    let after = changed(&side, 0, 1).await.orders;
    let revision = |orders: &[OrderState]| orders[0].delivery.revision;
    assert_eq!(revision(&before), Revision { store: 1, warehouse: 0 });
    assert_eq!(revision(&after), Revision { store: 1, warehouse: 1 });
    assert_ne!(before[0].delivery.digest, after[0].delivery.digest);
    assert_eq!(before[0].progress, after[0].progress);
    assert_eq!(revisions(&side, &[id]).await.orders, after);
}

#[tokio::test]
async fn what_came_from_the_peer_is_passed_over() {
    let side = side().await;
    let change = change_of(Uuid::now_v7(), delivery_to("1 Quay Street", 1, 0), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
    let page = changed(&side, 0, log_state(&side).await.newest).await;
    assert_eq!((page.orders, page.upto), (vec![], 1));
}

#[tokio::test]
async fn what_an_offer_of_many_published_is_passed_over_and_what_was_asked_for_by_id_is_not() {
    let side = side().await;
    let written = write_orders(&side.database, 150).await;
    let (mut connection, resources) = (side.database.connect().await, plain().resources);
    for since in [None, Some(now() - TimeDelta::hours(1))] {
        // In one transaction: the relay is not to see the offer, and take a step of it.
        let offering = connection.transaction(async |connection| {
            offers::begin(connection, resources.first(), since, None).await?;
            let mut offered = 0;
            while let Some(offer) = offers::take_next(connection).await? {
                offered += offers::advance(connection, &resources, &offer).await?;
            }
            QueryResult::Ok(offered)
        });
        assert_eq!(offering.await.unwrap(), 150);
    }
    let log = log_state(&side).await;
    assert_eq!((log.newest, log.unpublished), (450, Some(1)), "it is in the log, and published");
    let page = changed(&side, 150, 450).await;
    assert_eq!((page.orders, page.upto), (vec![], 450));
    side.client.post("/v1/sync/offer", &json!({"ids": [written[7]]})).await.with(202);
    assert_eq!(ids(&changed(&side, 150, 451).await.orders), [written[7]].into());
}

#[tokio::test]
async fn what_is_passed_over_does_not_fill_the_pages_and_a_page_reads_5000_rows_at_the_most() {
    let side = side().await;
    let first = write_orders(&side.database, 1).await[0];
    let from_the_peer = "
        insert into changes (event_id, resource, key, kind, origin, version, at, body, to_publish)
        select event_id, resource, key, kind, 'warehouse', version, at, body, false
        from changes, generate_series(1, 6000)";
    run(&side.database, from_the_peer).await;
    let second = write_orders(&side.database, 1).await[0];
    let page = changed(&side, 0, 6_002).await;
    assert_eq!((ids(&page.orders), page.upto), ([first].into(), 5_000));
    let page = changed(&side, page.upto, 6_002).await;
    assert_eq!((ids(&page.orders), page.upto), ([second].into(), 6_002));
}

/// Writes an order of the store and then changes only its private part; returns its id.
async fn write_and_edit_in_private(database: &TestDatabase) -> Uuid {
    let shared = Shared { delivery: delivery_to("1 Quay Street", 1, 0), ..Shared::default() };
    let born = Order { shared, version: 1, ..Order::<Option<u8>>::blank(Uuid::now_v7(), now()) };
    let after = Order { private: Some(7), version: 2, ..born.clone() };
    let record = Record::edited(Side::Store, EventKind::Updated, &born, &after, Touched::Nothing);
    assert!(!record.to_publish && record.private_changed);
    let mut connection = database.connect().await;
    let id = born.id;
    let created = Changed::created(Side::Store, born);
    storage::create(&mut connection, &[created]).await.unwrap();
    storage::update_all(&mut connection, &[Changed { order: after, record }]).await.unwrap();
    id
}

#[tokio::test]
async fn an_edit_of_what_is_private_is_passed_over() {
    let side = side().await;
    let id = write_and_edit_in_private(&side.database).await;
    let log = log_state(&side).await;
    assert_eq!(log.newest, 2);
    assert_eq!(ids(&changed(&side, 0, 1).await.orders), [id].into(), "it was placed");
    assert_eq!(changed(&side, 1, 2).await.orders, [], "and then edited in private");
}

/// Parks an event of an order, with its message if it was published here.
async fn park(side: &TestService, event: Uuid, order: Uuid) {
    let published = format!("select body from changes where event_id = '{event}'");
    let mut connection = side.database.connect().await;
    let published = diesel::sql_query(published);
    let published = diesel_async::RunQueryDsl::get_result::<Message>(published, &mut connection);
    let body = published.await.map(|message| BASE64_STANDARD.encode(message.body));
    let report = json!({"schema": 1, "changes": [{
        "event_id": event, "resource": "order", "key": order, "body": body.unwrap_or_default(),
        "reason": "odd", "may_pass": false,
    }]});
    side.client.post("/v1/parked", &report).await.with(200);
}

async fn drop_parked(side: &TestService) {
    side.client.post("/v1/parked/drop", &json!({"all": true})).await.with(200);
}

/// The orders that say that their newest change was dropped, asked for in each way.
async fn dropped(side: &TestService) -> BTreeSet<Uuid> {
    let all: StatesPage = read(side.client.get("/v1/sync/states").await.with(200).body);
    let every = ids(&all.orders).into_iter().collect::<Vec<_>>();
    let by_id = revisions(side, &every).await;
    assert_eq!(by_id.orders.iter().collect::<HashSet<_>>(), all.orders.iter().collect());
    all.orders.iter().filter(|order| order.dropped).map(|order| order.id).collect()
}

#[derive(QueryableByName)]
struct Message {
    #[diesel(sql_type = diesel::sql_types::Text)]
    body: String,
}

#[derive(QueryableByName)]
struct Event {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    event_id: Uuid,
}

/// The newest event that was published of an order.
async fn newest_event(side: &TestService, order: Uuid) -> Uuid {
    let newest = format!(
        "select event_id from changes where key = '{order}' and to_publish order by seq desc limit 1"
    );
    let mut connection = side.database.connect().await;
    let newest = diesel::sql_query(newest);
    diesel_async::RunQueryDsl::get_result::<Event>(newest, &mut connection).await.unwrap().event_id
}

#[tokio::test]
async fn an_order_whose_newest_change_was_dropped_says_so_until_another_one_is_published() {
    let side = side().await;
    let orders = write_orders(&side.database, 3).await;
    // Not the newest of its order: what was published since is not known to be missing at the peer.
    park(&side, Uuid::now_v7(), orders[1]).await;
    drop_parked(&side).await;
    assert_eq!(dropped(&side).await, [].into());
    let event = newest_event(&side, orders[0]).await;
    park(&side, event, orders[0]).await;
    assert_eq!(dropped(&side).await, [].into(), "it is parked");
    drop_parked(&side).await;
    assert_eq!(dropped(&side).await, [orders[0]].into());
    let change = change_of(orders[0], delivery_to("2 Side Street", 1, 1), None);
    assert_eq!(side.client.sync(Side::Warehouse, &[change]).await.outcomes(), ["applied"]);
    assert_eq!(dropped(&side).await, [orders[0]].into(), "what the peer said is not published");
    side.client.post("/v1/sync/offer", &json!({"ids": [orders[0]]})).await.with(202);
    assert_eq!(dropped(&side).await, [].into(), "it is offered again");
    let trim = format!("delete from changes where key = '{}'", orders[0]);
    run(&side.database, &format!("{trim} and kind = 'order.offered'")).await;
    assert_eq!(dropped(&side).await, [].into(), "also where the offer is trimmed");
    side.client.post("/v1/sync/offer", &json!({"ids": [orders[0]]})).await.with(202);
    park(&side, newest_event(&side, orders[0]).await, orders[0]).await;
    drop_parked(&side).await;
    run(&side.database, &trim).await;
    assert_eq!(dropped(&side).await, [orders[0]].into(), "also where the log is trimmed");
}

#[tokio::test]
async fn what_was_dropped_before_a_side_was_set_back_or_decided_more_is_not_what_it_has_now() {
    let side = side().await;
    let order = write_orders(&side.database, 1).await[0];
    park(&side, newest_event(&side, order).await, order).await;
    drop_parked(&side).await;
    assert_eq!(dropped(&side).await, [order].into());
    // As after a restore: a newer change of its own comes back from the peer, and is not published.
    let change = change_of(order, delivery_to("2 Side Street", 2, 0), None);
    side.client.sync(Side::Warehouse, &[change]).await;
    assert_eq!(dropped(&side).await, [].into());
}

#[tokio::test]
async fn an_order_of_which_a_change_is_parked_says_so() {
    let side = side().await;
    let orders = write_orders(&side.database, 2).await;
    park(&side, Uuid::now_v7(), orders[0]).await;
    let parked = async || {
        let orders = changed(&side, 0, 2).await.orders.into_iter();
        orders.filter(|order| order.parked).map(|order| order.id).collect::<Vec<_>>()
    };
    assert_eq!(parked().await, [orders[0]]);
    drop_parked(&side).await;
    assert!(parked().await.is_empty());
}

#[tokio::test]
async fn a_place_that_becomes_visible_later_shows_in_the_snapshot_until_it_has() {
    let side = side().await;
    let mut late = side.database.connect().await;
    late.batch_execute("begin").await.unwrap();
    let shared = Shared { delivery: delivery_to("1 Quay Street", 1, 0), ..Shared::default() };
    let order = Order { shared, version: 1, ..Order::<()>::blank(Uuid::now_v7(), now()) };
    let created = Changed::created(Side::Store, order.clone());
    storage::create(&mut late, &[created]).await.unwrap();
    let early = write_orders(&side.database, 1).await[0];
    let noted = log_state(&side).await;
    assert_eq!((noted.newest, noted.unpublished), (2, Some(2)), "the first place is not visible");
    assert_eq!(ids(&changed(&side, 0, 2).await.orders), [early].into());
    write_orders(&side.database, 1).await;
    assert!(log_state(&side).await.xmin < noted.xmax, "who reads on now skips it");
    late.batch_execute("commit").await.unwrap();
    // Transactions of other tests count too.
    let over = async || (log_state(&side).await.xmin >= noted.xmax).then_some(());
    eventually("what ran then is over", over).await;
    assert_eq!(ids(&changed(&side, 0, noted.newest).await.orders), [order.id, early].into());
}

#[tokio::test]
async fn the_place_up_to_which_is_compared_is_moved_by_who_knows_it_and_never_past_the_end() {
    let side = side().await;
    write_orders(&side.database, 3).await;
    let set = async |from, to| {
        let compared = json!({"from": from, "to": to});
        side.client.post("/v1/sync/compared", &compared).await.with(200)["noted"] == true
    };
    assert!(set(0, 2).await);
    assert!(!set(0, 3).await, "somebody else was faster");
    assert!(!set(2, 1).await, "that would be back");
    assert!(!set(2, 4).await, "so far the log does not go");
    assert_eq!(log_state(&side).await.compared, 2);
    assert!(set(2, 3).await);
    assert_eq!(log_state(&side).await.compared, 3);
}

#[tokio::test]
async fn what_waits_to_be_published_and_a_pause_are_told() {
    let side = side().await;
    write_orders(&side.database, 3).await;
    run(&side.database, "delete from outbox where seq = 1").await;
    let log = log_state(&side).await;
    assert_eq!((log.unpublished, log.paused), (Some(2), false));
    let upto = async |place| log_state_upto(&side, place).await.unpublished;
    assert_eq!([upto(1).await, upto(2).await], [None, Some(2)]);
    let plain = side.client.get("/v1/sync/compared").await.with(200);
    assert!(plain["unpublished"].is_null(), "where nobody asks, nobody looks");
    side.client.post("/v1/relay/pause", &json!(null)).await.with(200);
    run(&side.database, "delete from outbox").await;
    let log = log_state(&side).await;
    assert_eq!((log.unpublished, log.paused), (None, true));
}

#[tokio::test]
async fn what_another_resource_has_not_published_yet_is_passed_over_up_to_5000_changes() {
    let side = side().await;
    write_orders(&side.database, 1).await;
    let notes = async |count: u32| {
        let write = format!(
            "insert into changes
                (event_id, resource, key, kind, origin, version, at, body, to_publish)
            select event_id, 'note', key, 'note.written', origin, version, at, body, true
            from changes, generate_series(1, {count}) where seq = 1;
            delete from outbox where seq = 1;
            insert into outbox select seq from changes where resource = 'note'
            on conflict do nothing"
        );
        run(&side.database, &write).await;
    };
    notes(3).await;
    assert_eq!(log_state(&side).await.unpublished, None);
    write_orders(&side.database, 1).await;
    assert_eq!(log_state(&side).await.unpublished, Some(5));
    run(&side.database, "delete from outbox where seq = 5").await;
    notes(6_000).await;
    // The fifth has been published.
    assert_eq!(log_state(&side).await.unpublished, Some(5_002));
}

#[tokio::test]
async fn a_log_that_was_restored_is_known_even_where_it_has_grown_since() {
    let side = side().await;
    write_orders(&side.database, 2).await;
    let earlier = log_state_upto(&side, 0).await;
    assert!(earlier.newest_event.is_some() && earlier.asked_event.is_none(), "{earlier:?}");
    write_orders(&side.database, 1).await;
    let later = log_state_upto(&side, 2).await;
    assert_eq!((later.newest, later.asked_event), (3, earlier.newest_event));
    assert!(later.continues(&earlier));
    // As a backup from before the second change would be.
    let restore = "delete from changes where seq > 1; delete from outbox where seq > 1;
        alter table changes alter seq restart with 2";
    run(&side.database, restore).await;
    write_orders(&side.database, 3).await;
    let grown = log_state_upto(&side, 3).await;
    assert_eq!(grown.newest, 4);
    assert!(!grown.continues(&later), "{grown:?}");
}

#[tokio::test]
async fn revisions_are_told_of_those_that_are_here() {
    let side = side().await;
    let orders = write_orders(&side.database, 2).await;
    let told = revisions(&side, &[orders[1], Uuid::now_v7()]).await;
    assert_eq!((ids(&told.orders), told.newest), ([orders[1]].into(), 2));
    let many = json!({"ids": vec![Uuid::nil(); 501]});
    side.client.post("/v1/sync/revisions", &many).await.assert_problem(422);
    side.client.get("/v1/sync/changed?after=first&upto=2").await.assert_problem(400);
}
