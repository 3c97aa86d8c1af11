//! Carrying changes in one direction: what has arrived is gathered, decided, told to the peer in as
//! few requests as can be, and settled.
//!
//! What is to be done is decided in [`decide`], [`answer`], [`batch`] and [`settlement`], which know
//! neither RabbitMQ nor HTTP; [`carrier`] and what it is made of do it.

pub mod answer;
pub mod batch;
pub mod carrier;
mod consuming;
pub mod decide;
mod intake;
mod interrupted;
pub mod settlement;
