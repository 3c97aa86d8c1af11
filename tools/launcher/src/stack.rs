//! The stack on one machine: both servers and the three programs, in `.lockstep/` of the checkout.

pub mod down;
mod endpoints;
mod folder;
mod front;
mod leftovers;
mod programs;
mod running;
mod secrets;
mod settle;
mod state;
mod tokens;
pub mod up;
