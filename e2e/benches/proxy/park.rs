//! Callers that have had one answer each and stay, until standard input ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::plan::Plan;

/// So many come at once.
const AT_ONCE: usize = 64;
/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says when all are there, and fails if one of them has been closed in the end.
pub(crate) fn run(plan: &Plan) {
    let lane = plan.lanes.first().expect("a lane");
    let mut callers: Vec<TcpStream> = Vec::new();
    while callers.len() < lane.connections {
        let missing = lane.connections - callers.len();
        let mut coming: Vec<TcpStream> = (0..missing.min(AT_ONCE)).map(|_| connect(plan.at)).collect();
        coming.iter_mut().for_each(|caller| ask(caller, &lane.path));
        for caller in &mut coming {
            assert_eq!(answer(caller).len() as u64, lane.length, "the answer's length");
            caller.set_nonblocking(true).expect("a socket");
        }
        callers.append(&mut coming);
    }
    println!("parked");
    std::io::stdin().read_to_end(&mut vec![]).expect("its end");
    for caller in callers {
        let read = caller.peek(&mut [0]);
        let waits = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(waits, "an idle connection was not kept: {read:?}");
    }
}

fn connect(at: SocketAddr) -> TcpStream {
    let caller = TcpStream::connect(at).expect("a connection");
    caller.set_read_timeout(Some(PATIENCE)).expect("a socket");
    caller
}

/// Asks and gives the answer's body.
pub(crate) fn get(stream: &mut (impl Read + Write), path: &str) -> Vec<u8> {
    ask(stream, path);
    answer(stream)
}

fn ask(stream: &mut impl Write, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
}

/// The body of an answer, by its length.
fn answer(stream: &mut impl Read) -> Vec<u8> {
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let mut whole = None;
    while whole.is_none_or(|whole| answer.len() < whole) {
        let read = stream.read(&mut buffer).expect("an answer");
        assert!(read > 0, "an end after {} bytes", answer.len());
        answer.extend_from_slice(&buffer[..read]);
        whole = whole.or_else(|| whole_length(&answer));
    }
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    answer.split_off(head)
}

fn whole_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).expect("a head");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let (_, length) = text
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some(head + length.trim().parse::<usize>().expect("a length"))
}
