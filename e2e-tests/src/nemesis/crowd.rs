//! How many connections to RabbitMQ a program has: those that it has let go of and not ended pile
//! up, each with a thread and a socket.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use launcher::process::Process;

use super::parts::{Link, Part};
use super::world::World;

/// The name of the thread on which lapin runs a connection.
const THREAD: &str = "lapin-io-loop";
/// States of a socket that its program has not closed (`ESTABLISHED`, `CLOSE_WAIT`).
const OPEN: [&str; 2] = ["01", "08"];
/// For how long there may be more: one that was replaced takes 1 s to say goodbye.
const GOODBYE: Duration = Duration::from_secs(4);

/// How many connections a program needs at the most: the relay's; or a worker's, of which six are
/// always there, and the others while it parks something or replaces a queue.
const fn needed(part: Part) -> usize {
    match part {
        Part::Worker1 | Part::Worker2 => 12,
        Part::Store | Part::Warehouse | Part::RabbitMq | Part::Postgres => 1,
    }
}

/// The programs that have more connections than they need.
#[derive(Debug, Default)]
pub(super) struct Crowds(BTreeMap<Part, Crowd>);

/// A program that has more connections than it needs, if it has.
#[derive(Debug, Default)]
struct Crowd {
    since: Option<Instant>,
}

impl Crowds {
    /// Looks at each program; tells which has had too many connections for long.
    pub(super) fn look(&mut self, world: &World) -> Option<String> {
        Part::PROGRAMS.into_iter().find_map(|part| {
            let counts = connections(world, part);
            let crowd = self.0.entry(part).or_default();
            let is_lasting = crowd.is_lasting(counts, needed(part), Instant::now());
            let [threads, sockets] = counts.filter(|_| is_lasting)?;
            Some(format!("the {part} has {threads} threads and {sockets} sockets for RabbitMQ"))
        })
    }
}

impl Crowd {
    /// Whether there have been too many for long, of threads or of sockets. Nobody is counted who
    /// is just being struck.
    fn is_lasting(&mut self, count: Option<[usize; 2]>, needed: usize, now: Instant) -> bool {
        if count.is_none_or(|counts| counts.into_iter().all(|count| count <= needed)) {
            self.since = None;
            return false;
        }
        now.duration_since(*self.since.get_or_insert(now)) >= GOODBYE
    }
}

/// Threads and sockets of a program's connections; none where it is just being struck.
fn connections(world: &World, part: Part) -> Option<[usize; 2]> {
    let program = world.programs.get(&part)?.try_lock().ok()?;
    let pid = program.process().filter(|process| Process::running(process))?.identity().pid;
    let proxy = world.proxies.get(&Link::new(part, Part::RabbitMq))?;
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok()?;
    Some([threads(pid)?, sockets(&table, proxy.port())])
}

fn threads(pid: u32) -> Option<usize> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    Some(names.filter(|name| name.trim_end() == THREAD).count())
}

/// The open sockets in a table of sockets whose other end has this port.
fn sockets(table: &str, port: u16) -> usize {
    let other_end = format!(":{port:04X}");
    let is_one = |line: &&str| {
        let mut fields = line.split_ascii_whitespace().skip(2);
        fields.next().is_some_and(|remote| remote.ends_with(&other_end))
            && fields.next().is_some_and(|state| OPEN.contains(&state))
    };
    table.lines().filter(is_one).count()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn open_sockets_are_counted_until_they_are_closed() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = || sockets(&fs::read_to_string("/proc/self/net/tcp").unwrap(), port);
        assert_eq!(count(), 0);
        let [first, second] = [(); 2].map(|()| TcpStream::connect(("127.0.0.1", port)).unwrap());
        assert_eq!(count(), 2);
        drop(first);
        assert_eq!(count(), 1);
        drop((listener, second));
        assert_eq!(count(), 0);
    }

    #[test]
    fn threads_of_that_name_are_counted() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (told, tell) = std::sync::mpsc::channel();
        let before = threads(std::process::id()).unwrap();
        let named = std::thread::Builder::new().name(THREAD.to_owned());
        let thread = named.spawn(move || {
            told.send(()).unwrap();
            stopped.recv()
        });
        tell.recv().unwrap();
        assert_eq!(threads(std::process::id()).unwrap(), before + 1);
        drop(stop);
        thread.unwrap().join().unwrap().unwrap_err();
    }

    #[test]
    fn more_than_needed_are_a_crowd_only_when_they_stay() {
        let (mut crowd, began) = (Crowd::default(), Instant::now());
        let mut after =
            |seconds, counts| crowd.is_lasting(counts, 1, began + Duration::from_secs(seconds));
        assert!(!after(0, Some([2, 2])));
        assert!(!after(3, Some([1, 1])), "it was a goodbye");
        assert!(!after(4, Some([2, 1])));
        assert!(!after(7, None), "it was struck");
        assert!(!after(9, Some([1, 2])));
        assert!(after(13, Some([2, 1])));
    }
}
