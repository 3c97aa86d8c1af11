//! All states of a small world: two sides, one order from its creation, and everything that can
//! happen to the messages between them, over the real `edit`, `rules`, `coalesce` and `merge`.
//!
//! `tests/all` draws histories by chance; this searches all of them, within bounds. See
//! `docs/reliability.md` for the results, and for how to search deeper.

#[cfg(test)]
mod checking;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod holds;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod receiving;
#[cfg(test)]
mod setting_back;
#[cfg(test)]
mod state;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod values;
#[cfg(test)]
mod workers;
#[cfg(test)]
mod world;
