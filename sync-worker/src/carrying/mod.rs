//! Carrying changes in one direction: what has arrived is gathered, decided, told to the peer in as
//! few requests as can be, and settled.
//!
//! What is to be done is decided in [`decide`], [`batch`], [`settlement`], the
//! [`breaker`](crate::breaker) and by what an [`answer`](crate::site_client::answer) means, which
//! know neither RabbitMQ nor HTTP; [`carrier`] and what it is made of do it.

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
