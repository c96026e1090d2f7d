//! The apps: this program, run again. One ends at once on SIGTERM, the other finishes what it has begun.
//!
//! A request is a line: the size of the answer, how long to take, and `keep` or `close`.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{setsockopt, sockopt};

/// Where the app listens; set: this process is one.
pub(super) const LISTEN: &str = "DRILL_LISTEN";

/// Set: it finishes what it has begun.
pub(super) const FINISHES: &str = "DRILL_FINISHES";

/// The kernel keeps as much of an answer for a slow reader.
pub(super) const KERNEL_KEEPS: usize = 100_000;

static ENDING: AtomicBool = AtomicBool::new(false);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Becomes the app where that is asked for, and never comes back then.
pub(crate) fn run_where_asked() {
    if let Ok(listen) = std::env::var(LISTEN) {
        run(&listen, std::env::var_os(FINISHES).is_some());
        std::process::exit(0);
    }
}

fn run(listen: &str, finishes: bool) {
    if finishes {
        end_in_order(listen.to_owned());
    }
    let listener = TcpListener::bind(listen).expect("the app listens");
    for stream in listener.incoming() {
        if ENDING.load(Ordering::SeqCst) {
            break;
        }
        // A client that gave up before it was accepted.
        let Ok(stream) = stream else { continue };
        OPEN.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || {
            // A client that left is its own matter.
            let _ = serve(stream);
            OPEN.fetch_sub(1, Ordering::SeqCst);
        });
    }
    drop(listener);
    while OPEN.load(Ordering::SeqCst) > 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Blocked before there is another thread, SIGTERM comes to the one that waits for it.
fn end_in_order(listen: String) {
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    term.thread_block().expect("blocked");
    std::thread::spawn(move || {
        term.wait().expect("waited");
        ENDING.store(true, Ordering::SeqCst);
        // So that accepting comes back.
        let _ = TcpStream::connect(listen);
    });
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    setsockopt(&stream, sockopt::SndBuf, &(2 * KERNEL_KEEPS))?;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) if byte[0] == b'\n' => {
                if answer(&mut stream, &String::from_utf8_lossy(&line))? || ENDING.load(Ordering::SeqCst) {
                    return Ok(());
                }
                line.clear();
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if line.is_empty() && ENDING.load(Ordering::SeqCst) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether the connection is to be closed then.
fn answer(stream: &mut TcpStream, line: &str) -> std::io::Result<bool> {
    let mut words = line.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).ok_or(ErrorKind::InvalidData);
    let (size, millis) = (number()?, number()?);
    std::thread::sleep(Duration::from_millis(millis as u64));
    let mut whole = format!("{size:08}\n").into_bytes();
    whole.resize(9 + size, b'x');
    stream.write_all(&whole)?;
    Ok(words.next() == Some("close"))
}
