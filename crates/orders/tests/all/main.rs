//! The tests of what both services share, over real PostgreSQL and RabbitMQ.

#[cfg(test)]
mod blocked;
#[cfg(test)]
mod comparing;
#[cfg(test)]
mod creating;
#[cfg(test)]
mod crowded;
#[cfg(test)]
mod database;
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
mod plain;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod relaying;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod taking_over;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod writing;
