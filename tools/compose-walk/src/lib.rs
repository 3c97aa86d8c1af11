//! Lockstep as docker-compose.yml runs it, walked through from outside: `deploy/test --compose`.
//!
//! | file | what it sees to |
//! | --- | --- |
//! | [`engine`] | Docker and Compose, whichever is there |
//! | [`project`] | one stack of its own: its secrets, its ports, up and down |
//! | [`caller`] | asking the programs, with a token |
//! | [`walk`] | an order both ways; who may do what |
//! | [`management`] | the names that the management UI shows |
//! | [`hardening`] | whether what the compose file forbids is forbidden |
//! | [`writers`], [`agreement`] | writes that go on, and whether all of them are at both sides |
//! | [`faults`] | each container killed and restarted, meanwhile |
//! | [`leaks`] | whether any log holds a secret |
//! | [`run`] | all of it in turn |
//!
//! The walk uses only what an operator has: Compose's files and the published ports.

pub mod agreement;
pub mod caller;
pub mod engine;
pub mod faults;
pub mod hardening;
pub mod leaks;
pub mod management;
pub mod project;
pub mod run;
pub mod walk;
pub mod writers;
