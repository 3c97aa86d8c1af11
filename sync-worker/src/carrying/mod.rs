//! Carrying changes in one direction: messages are collected into a batch, decided on, sent to the
//! peer in as few requests as possible, and settled.
//!
//! [`decide`], [`batch`], [`settlement`], the [`breaker`](crate::breaker) and the
//! [`answer`](crate::side_client::answer) module decide, and know neither RabbitMQ nor HTTP;
//! [`carrier`] and its parts act.

pub mod batch;
mod blame;
pub mod carrier;
mod consuming;
pub mod decide;
mod draining;
mod intake;
mod interrupted;
pub mod obstacle;
mod parking;
mod peer;
pub mod report;
pub mod settlement;
pub mod stop;
