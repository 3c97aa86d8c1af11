//! The tests of the contract: tables against the code, `docs/sync-rules.md` against both, and
//! random histories of two sides. They need no servers.

#[cfg(test)]
mod algebra;
#[cfg(test)]
mod comparing;
#[cfg(test)]
mod document;
#[cfg(test)]
mod documented_meetings;
#[cfg(test)]
mod documented_moves;
#[cfg(test)]
mod documented_rules;
#[cfg(test)]
mod documented_set_backs;
#[cfg(test)]
mod editing;
#[cfg(test)]
mod folding;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod lineage;
#[cfg(test)]
mod meeting;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod naming;
#[cfg(test)]
mod noticing;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod set_backs;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod unknown;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod wire_between;
#[cfg(test)]
mod world;
