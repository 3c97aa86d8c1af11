//! The launcher with real servers: one binary, so that linking it stays short.

#[cfg(test)]
mod command;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod stack;
