//! Callers that have had one answer each and stay, until standard input ends.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;

use crate::plan::Plan;

/// Says when all are there, and fails if one of them has been closed in the end.
pub(crate) fn run(plan: &Plan) {
    let callers: Vec<TcpStream> = plan
        .lanes
        .iter()
        .flat_map(|lane| std::iter::repeat_n(lane, lane.connections))
        .map(|lane| {
            let mut caller = TcpStream::connect(plan.at).expect("a connection");
            assert_eq!(get(&mut caller, &lane.path).len() as u64, lane.length, "the answer's length");
            caller.set_nonblocking(true).expect("a socket");
            caller
        })
        .collect();
    println!("parked");
    std::io::stdin().read_to_end(&mut vec![]).expect("its end");
    for caller in callers {
        let read = caller.peek(&mut [0]);
        assert!(
            read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
            "an idle connection was not kept: {read:?}"
        );
    }
}

/// Asks and gives the answer's body, by its length.
pub(crate) fn get(stream: &mut (impl std::io::Read + std::io::Write), path: &str) -> Vec<u8> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n").expect("asked");
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
