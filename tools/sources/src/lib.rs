#![doc = include_str!("../README.md")]

pub mod cli;
mod http;
pub mod remote;
mod server;
pub mod steering;
pub mod upstream;
