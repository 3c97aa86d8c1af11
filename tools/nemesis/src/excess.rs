//! The connections of a program to RabbitMQ: those that it has let go of and not ended pile up, each
//! with a thread and a socket.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use process_kit::connections::connections_of;

use super::parts::{Link, Part};
use super::world::World;

/// The longest time for which there may be more: one that was replaced takes 1 s to close.
const CLOSING: Duration = Duration::from_secs(4);

/// The most connections that a program needs: the relay's; or a worker's, of which six are always
/// there, and the others while it parks something or replaces a queue.
const fn needed(part: Part) -> usize {
    match part {
        Part::Worker1 | Part::Worker2 => 12,
        Part::Store | Part::Warehouse | Part::RabbitMq | Part::Postgres => 1,
    }
}

/// The programs that have more connections than they need.
#[derive(Debug, Default)]
pub(super) struct Excesses(BTreeMap<Part, Excess>);

/// A program that has more connections than it needs, if it has.
#[derive(Debug, Default)]
struct Excess {
    since: Option<Instant>,
}

impl Excesses {
    /// Looks at each program; tells which has had too many connections for long.
    pub(super) fn look(&mut self, world: &World) -> Option<String> {
        Part::PROGRAMS.into_iter().find_map(|part| {
            let counts = connections(world, part);
            let excess = self.0.entry(part).or_default();
            let is_lasting = excess.is_lasting(counts, needed(part), Instant::now());
            let [threads, sockets] = counts.filter(|_| is_lasting)?;
            Some(format!("the {part} has {threads} threads and {sockets} sockets for RabbitMQ"))
        })
    }
}

impl Excess {
    /// Returns whether there have been too many for long, of threads or of sockets. None are counted
    /// while the program has a fault.
    fn is_lasting(&mut self, count: Option<[usize; 2]>, needed: usize, now: Instant) -> bool {
        if count.is_none_or(|counts| counts.into_iter().all(|count| count <= needed)) {
            self.since = None;
            return false;
        }
        now.duration_since(*self.since.get_or_insert(now)) >= CLOSING
    }
}

/// The threads and sockets of a program's connections; `None` while it has a fault.
fn connections(world: &World, part: Part) -> Option<[usize; 2]> {
    let program = world.programs.get(&part)?.try_lock().ok()?;
    let proxy = world.proxies.get(&Link::new(part, Part::RabbitMq))?;
    connections_of(program.process()?, proxy.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_needed_are_too_many_only_when_they_stay() {
        let (mut excess, began) = (Excess::default(), Instant::now());
        let mut after =
            |seconds, counts| excess.is_lasting(counts, 1, began + Duration::from_secs(seconds));
        assert!(!after(0, Some([2, 2])));
        assert!(!after(3, Some([1, 1])), "it was being closed");
        assert!(!after(4, Some([2, 1])));
        assert!(!after(7, None), "it had a fault");
        assert!(!after(9, Some([1, 2])));
        assert!(after(13, Some([2, 1])));
    }
}
