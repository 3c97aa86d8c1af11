//! Group commit of new orders: orders that arrive together are created together, and yet each has
//! its own outcome and its own record.

use diesel_async::SimpleAsyncConnection as _;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use orders::{Changed, Order};
use service_kit::database::now;
use service_kit::error::Error;
use shared_models::order::Shared;
use shared_models::side::Side;
use test_kit::delivery_to;
use uuid::Uuid;

use crate::writing::Desk;

pub(crate) fn new(id: Uuid, company: &str) -> Changed<()> {
    let mut delivery = delivery_to("1 Quay Street", 1, 0);
    delivery.value.company = company.to_owned();
    let shared = Shared { delivery, ..Shared::default() };
    let order = Order { shared, version: 1, ..Order::<()>::blank(id, now()) };
    Changed::created(Side::Store, order).by(Some(company))
}

/// Creates orders that all wait before the first is written. Returns for each its company, nothing
/// if the id was taken, or the error.
pub(crate) async fn create_all(
    desk: &Desk,
    new: Vec<Changed<()>>,
) -> Vec<Result<Option<String>, Error>> {
    let created = join_all(new.into_iter().map(|new| desk.writer.create(new))).await;
    let company = |order: Order<()>| order.shared.delivery.value.company;
    created.into_iter().map(|created| created.map(|order| order.map(company))).collect()
}

pub(crate) fn created(outcomes: &[Result<Option<String>, Error>]) -> Vec<&str> {
    let name = |outcome: &Result<Option<String>, Error>| match outcome {
        Ok(Some(_)) => "created",
        Ok(None) => "there",
        Err(_) => "failed",
    };
    outcomes.iter().map(name).collect()
}

#[actix_web::test]
async fn orders_that_wait_are_created_in_one_transaction_each_with_its_record() {
    let desk = Desk::new().await;
    let names = ["ann", "bob", "cid"];
    let outcomes = create_all(&desk, names.map(|name| new(Uuid::now_v7(), name)).into()).await;
    for (name, outcome) in names.into_iter().zip(outcomes) {
        assert_eq!(outcome.unwrap().as_deref(), Some(name));
        let stands = format!("orders where company = '{name}'");
        assert_eq!(desk.database.count(&stands).await, 1);
    }
    let (history, transactions) = desk.history().await;
    let principals = history[1..].iter().map(|(_, _, principal)| principal.as_deref());
    assert_eq!(principals.collect::<Vec<_>>(), names.map(Some));
    assert_eq!((history.len(), transactions), (4, 2));
    assert_eq!(desk.database.count("outbox").await, 4);
}

#[actix_web::test]
async fn of_two_with_the_same_id_one_is_created_with_one_record() {
    let desk = Desk::new().await;
    let id = Uuid::now_v7();
    let all = vec![new(id, "ann"), new(Uuid::now_v7(), "bob"), new(id, "cid"), new(desk.id, "dan")];
    let outcomes = create_all(&desk, all).await;
    assert_eq!(created(&outcomes), ["created", "created", "there", "there"]);
    assert_eq!(desk.history().await.0.len(), 3);
    assert_eq!(desk.database.count("orders where company = 'ann'").await, 1);
}

#[actix_web::test]
async fn one_that_the_database_refuses_does_not_take_the_others_along() {
    let desk = Desk::new().await;
    let all = ["ann", "nul \0", "cid"].map(|name| new(Uuid::now_v7(), name));
    let outcomes = create_all(&desk, all.into()).await;
    assert_eq!(created(&outcomes), ["created", "failed", "created"]);
    assert_eq!(desk.history().await.0.len(), 3);
    assert_eq!(desk.database.count("orders").await, 3);
}

#[actix_web::test]
async fn nobody_is_kept_who_does_not_wait_any_more() {
    let desk = Desk::new().await;
    let given_up = desk.writer.create(new(Uuid::now_v7(), "ann"));
    assert!(given_up.now_or_never().is_none());
    let outcomes = create_all(&desk, vec![new(Uuid::now_v7(), "bob")]).await;
    assert_eq!(created(&outcomes), ["created"]);
    assert_eq!(desk.history().await.0.len(), 2);
}

#[actix_web::test]
async fn one_that_waits_for_another_process_in_vain_does_not_take_the_others_along() {
    let desk = Desk::new().await;
    let mut other = desk.database.connect().await;
    let held = Uuid::now_v7();
    let holds = format!(
        "begin; insert into orders select '{held}', delivery, progress, private, version,
            created_at, updated_at, company, status from orders"
    );
    other.batch_execute(&holds).await.unwrap();
    let all = vec![new(held, "ann"), new(Uuid::now_v7(), "bob")];
    assert_eq!(created(&create_all(&desk, all).await), ["failed", "created"]);
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(created(&create_all(&desk, vec![new(held, "ann")]).await), ["created"]);
}
