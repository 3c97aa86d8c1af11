#![doc = include_str!("../README.md")]

pub mod cli;
mod http;
pub mod remote;
pub mod running;
mod server;
pub mod steering;
pub mod upstream;
