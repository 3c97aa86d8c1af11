//! The division of a pool's connections. Pure.

use std::num::NonZeroUsize;

/// The number of connections in one thread's pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) all: usize,
    /// The most connections that may read many rows.
    pub(super) reading: usize,
}

impl Parts {
    /// Divides the connections: a quarter for reading, and at least one for either part.
    pub(super) fn of(pool_size: usize, threads: NonZeroUsize) -> Self {
        let all = pool_size.div_ceil(threads.get()).max(2);
        Self { all, reading: (all / 4).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_have_a_quarter_of_a_pool_and_never_all_of_it() {
        let parts = |size, threads| {
            let parts = Parts::of(size, NonZeroUsize::new(threads).unwrap());
            (parts.all, parts.reading)
        };
        assert_eq!(parts(16, 1), (16, 4));
        assert_eq!(parts(16, 2), (8, 2));
        assert_eq!(parts(16, 8), (2, 1));
        assert_eq!(parts(1, 1), (2, 1));
    }
}
