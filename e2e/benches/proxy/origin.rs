//! The origin: answers that lie ready, most in one write. Faster than any proxy before it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// An answer: its path, and the length of its body.
pub(crate) type Answer = (&'static str, usize);
pub(crate) const TINY: Answer = ("/", 2);
pub(crate) const SMALL: Answer = ("/1k", 1024);
pub(crate) const MIDDLE: Answer = ("/100k", 100 * 1024);
pub(crate) const LARGE: Answer = ("/10m", 10 * 1024 * 1024);
pub(crate) const ANSWERS: [Answer; 4] = [TINY, SMALL, MIDDLE, LARGE];

/// So much in one write, that no caller has the core for itself: all of most answers.
const AT_ONCE: usize = 256 * 1024;

const LISTENER: u64 = u64::MAX;

/// Each byte of a body says where it is, so that a reader can tell a moved or torn one.
pub(crate) fn byte(at: usize) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "the last digit of 251")]
    let byte = (at % 251) as u8;
    byte
}

struct Caller {
    stream: TcpStream,
    /// Of a head that has not come as a whole.
    head: Vec<u8>,
    /// The answer, and how much of it is written.
    answer: Option<(usize, usize)>,
}

/// Serves for ever.
pub(crate) fn serve(at: &str) {
    let listener = TcpListener::bind(at).unwrap_or_else(|error| panic!("{at}: {error}"));
    listener.set_nonblocking(true).expect("a listener");
    let answers: Vec<Vec<u8>> = ANSWERS.iter().map(|(_, length)| answer(*length)).collect();
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll");
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER)).expect("epoll");
    let mut callers: Vec<Option<Caller>> = Vec::new();
    let mut events = [EpollEvent::empty(); 256];
    loop {
        let ready = match epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(ready) => ready,
            Err(nix::Error::EINTR) => continue,
            Err(error) => panic!("epoll: {error}"),
        };
        for event in events.iter().take(ready) {
            if event.data() == LISTENER {
                accept(&listener, &epoll, &mut callers);
                continue;
            }
            let Some(slot) = usize::try_from(event.data()).ok().and_then(|at| callers.get_mut(at)) else { continue };
            let Some(caller) = slot else { continue };
            if serve_caller(caller, &answers, &epoll, event).is_none() {
                *slot = None;
            }
        }
    }
}

fn answer(length: usize) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    answer.extend((0..length).map(byte));
    answer
}

fn accept(listener: &TcpListener, epoll: &Epoll, callers: &mut Vec<Option<Caller>>) {
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        let free = callers.iter().position(Option::is_none).unwrap_or(callers.len());
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, free as u64)).expect("epoll");
        let caller = Some(Caller { stream, head: vec![], answer: None });
        match callers.get_mut(free) {
            Some(slot) => *slot = caller,
            None => callers.push(caller),
        }
    }
}

/// Reads a head or writes on; gives nothing where the caller has gone.
fn serve_caller(caller: &mut Caller, answers: &[Vec<u8>], epoll: &Epoll, event: &EpollEvent) -> Option<()> {
    let waited = caller.answer.is_some();
    if !waited {
        let mut buffer = [0; 8192];
        let read = match caller.stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => buffer.get(..read)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        };
        caller.head.extend_from_slice(read);
        if !caller.head.ends_with(b"\r\n\r\n") {
            return Some(());
        }
        let path = caller.head.split(|byte| *byte == b' ').nth(1)?;
        let index = ANSWERS.iter().position(|(known, _)| known.as_bytes() == path).unwrap_or(0);
        caller.answer = Some((index, 0));
        caller.head.clear();
    }
    let (index, written) = caller.answer?;
    let answer = answers.get(index)?;
    let end = answer.len().min(written + AT_ONCE);
    let written = match caller.stream.write(answer.get(written..end)?) {
        Ok(more) => written + more,
        Err(error) if error.kind() == ErrorKind::WouldBlock => written,
        Err(_) => return None,
    };
    let waits = written < answer.len();
    caller.answer = waits.then_some((index, written));
    if waits != waited {
        let flags = if waits { EpollFlags::EPOLLOUT } else { EpollFlags::EPOLLIN };
        epoll.modify(&caller.stream, &mut EpollEvent::new(flags, event.data())).expect("epoll");
    }
    Some(())
}
