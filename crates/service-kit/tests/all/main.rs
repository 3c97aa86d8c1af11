//! The tests of what every service shares, with notes as its records, over real PostgreSQL and
//! RabbitMQ.

#[cfg(test)]
mod blocked;
#[cfg(test)]
mod crowded;
#[cfg(test)]
mod database;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod health;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod offering;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod pausing;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod relaying;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod side;
#[cfg(test)]
mod taking_over;
#[cfg(test)]
mod tls;
