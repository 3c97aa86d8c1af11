//! What the kit does for every site, over real PostgreSQL and RabbitMQ.

#[cfg(test)]
mod offering;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod relaying;
