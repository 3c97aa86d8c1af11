//! The tests of the store's service over real HTTP, each with its own database, without RabbitMQ:
//! orders are accepted while it is down.

#[cfg(test)]
mod access;
#[cfg(test)]
mod api;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod patching;
#[cfg(test)]
mod placing;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod preconditions;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod retrying;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod setting;
#[cfg(test)]
mod setting_back;
#[cfg(test)]
mod syncing;
#[cfg(test)]
mod unknown;
#[cfg(test)]
mod voiding;
