//! The limit of open files. Each connection takes some; with too few, connections to the database
//! and to RabbitMQ would fail too.

use std::io;
use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The files of a connection: its socket, once for actix, once for the watching task, and once for a
/// request that is answered late.
const FILES_PER_CONNECTION: u64 = 3;

/// The files that a program opens besides.
const OTHER_FILES: u64 = 200;

/// Raises the limit for this number of connections, as far as the system allows.
pub(super) fn raise_limit(connections: NonZeroUsize) -> io::Result<()> {
    let connections = u64::try_from(connections.get()).unwrap_or(u64::MAX);
    let needed = connections.saturating_mul(FILES_PER_CONNECTION).saturating_add(OTHER_FILES);
    match raised(getrlimit(Resource::Nofile), needed) {
        Ok(None) => Ok(()),
        Ok(Some(limit)) => setrlimit(Resource::Nofile, limit).map_err(io::Error::from),
        Err(maximum) => Err(io::Error::other(format!(
            "limits.connections is {connections}, which needs {needed} open files; the system \
             allows {maximum}: raise that (ulimit -Hn), or lower limits.connections"
        ))),
    }
}

/// Returns the limit to set, or `None` if there is room already; fails with the maximum if that is
/// too low.
fn raised(limit: Rlimit, needed: u64) -> Result<Option<Rlimit>, u64> {
    let Rlimit { current, maximum } = limit;
    match (current, maximum) {
        (None, _) => Ok(None),
        (Some(current), _) if current >= needed => Ok(None),
        (Some(_), Some(maximum)) if maximum < needed => Err(maximum),
        (Some(_), _) => Ok(Some(Rlimit { current: Some(needed), maximum })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_only_where_it_has_to_be_and_may() {
        let of = |current, maximum| Rlimit { current, maximum };
        let to = |current, maximum| Ok(Some(of(Some(current), maximum)));
        let cases = [
            (of(None, None), Ok(None)),
            (of(Some(2_200), Some(2_200)), Ok(None)),
            (of(Some(1_024), Some(4_096)), to(2_200, Some(4_096))),
            (of(Some(1_024), None), to(2_200, None)),
            (of(Some(1_024), Some(2_199)), Err(2_199)),
        ];
        for (limit, expected) in cases {
            assert_eq!(raised(limit, 2_200), expected, "{limit:?}");
        }
    }
}
