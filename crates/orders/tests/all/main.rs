//! The tests of what both services do with orders, over real PostgreSQL and RabbitMQ.

#[cfg(test)]
mod comparing;
#[cfg(test)]
mod creating;
#[cfg(test)]
mod crowded;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod states;
#[cfg(test)]
mod writing;
