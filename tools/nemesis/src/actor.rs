//! Somebody who acts while faults go on, and rests while all heals.

/// Somebody who acts.
pub trait Actor: Send + 'static {
    /// Does one thing.
    fn step(&mut self) -> impl Future<Output = ()> + Send;
}
