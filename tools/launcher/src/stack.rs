//! The stack on one machine: both servers, the three programs and, if they are asked for, the sample
//! sources, in `.lockstep/` of the checkout.

pub mod down;
mod endpoints;
mod folder;
mod front;
mod given;
mod leftovers;
mod programs;
mod running;
mod secrets;
mod settle;
mod sources;
mod state;
mod tokens;
pub mod up;
