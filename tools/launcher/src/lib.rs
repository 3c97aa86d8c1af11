#![doc = include_str!("../README.md")]

pub mod account;
pub mod check;
pub mod cli;
mod disk;
pub mod find;
mod http;
pub mod identity;
pub mod log;
pub mod ports;
pub mod postgres;
pub mod private;
pub mod process;
pub mod progress;
mod psql;
pub mod rabbitmq;
pub mod recipe;
pub mod scratch;
pub mod secret;
mod spawner;
pub mod stack;
pub mod stop;
pub mod wait;
