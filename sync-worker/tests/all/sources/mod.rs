//! The services outside: what their answers and failures are taken for, and their tokens.

mod outbound;
mod tokens;
