//! The tests of the warehouse's service over real HTTP, each with its own database, without
//! RabbitMQ.

#[cfg(test)]
mod access;
#[cfg(test)]
mod api;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod handling;
#[cfg(test)]
mod links;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod orders_read;
#[cfg(test)]
mod owned;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pulled;
#[cfg(test)]
mod racing;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod syncing;
#[cfg(test)]
mod unknown;
