//! The connections of a program to RabbitMQ, counted by their threads and sockets.

use std::collections::HashSet;

use launcher::process::Process;
use procfs::net::TcpNetEntry;
use procfs::process::FDTarget;

/// The name of the thread on which lapin runs a connection.
const THREAD: &str = "lapin-io-loop";

/// The threads and sockets of a program's connections to RabbitMQ on this port; `None` if it does
/// not run.
#[must_use]
pub fn connections_of(program: &Process, port: u16) -> Option<[usize; 2]> {
    let pid = Some(program).filter(|program| program.running())?.identity().pid;
    let process = procfs::process::Process::new(pid.try_into().ok()?).ok()?;
    Some([threads(&process)?, sockets(&process, port)?])
}

fn threads(process: &procfs::process::Process) -> Option<usize> {
    let stats = process.tasks().ok()?.filter_map(|task| task.ok()?.stat().ok());
    Some(stats.filter(|stat| stat.comm == THREAD).count())
}

/// The sockets that a process has open and whose other end has this port.
fn sockets(process: &procfs::process::Process, port: u16) -> Option<usize> {
    let open = process.fd().ok()?.filter_map(|file| {
        if let FDTarget::Socket(inode) = file.ok()?.target { Some(inode) } else { None }
    });
    let open = open.collect::<HashSet<_>>();
    let sockets = process.tcp().ok()?.into_iter();
    let is_one = |it: &TcpNetEntry| it.remote_address.port() == port && open.contains(&it.inode);
    Some(sockets.filter(is_one).count())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn open_sockets_are_counted_until_they_are_closed() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let process = procfs::process::Process::myself().unwrap();
        let count = || sockets(&process, port).unwrap();
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
        let process = procfs::process::Process::myself().unwrap();
        let before = threads(&process).unwrap();
        let named = std::thread::Builder::new().name(THREAD.to_owned());
        let thread = named.spawn(move || {
            told.send(()).unwrap();
            stopped.recv()
        });
        tell.recv().unwrap();
        assert_eq!(threads(&process).unwrap(), before + 1);
        drop(stop);
        thread.unwrap().join().unwrap().unwrap_err();
    }
}
