//! What the fuzz target of 9051's requests does with its bytes. A test of service-supervisor includes this file and does
//! the same with the corpus.

use std::net::{IpAddr, Ipv4Addr};

use service_supervisor::status::access::Access;
use service_supervisor::status::reply;
use service_supervisor::status::request::{Asked, Parsed, parse};
use task_state::Token;

const TOKEN: &str = "fuzzed";
const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));

/// A request as it came so far.
pub(crate) fn request(bytes: &[u8]) {
    let open = Access::default();
    let closed = Access { token: Some(Token::setting(TOKEN).expect("a token")) };
    for (access, from) in [(&open, NEAR), (&open, FAR), (&closed, NEAR), (&closed, FAR)] {
        let parsed = parse(bytes, access, from);
        match &parsed {
            Parsed::More => {}
            Parsed::Refused(refusal) => is_an_answer(&reply::refusal(*refusal)),
            Parsed::Whole { asked, .. } => {
                is_admitted(asked, access, from, bytes);
                comes_in_any_pieces(bytes, access, from, &parsed);
            }
        }
    }
}

/// An answer is one, with as many bytes as it says.
fn is_an_answer(answer: &[u8]) {
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(answer) {
        Ok(httparse::Status::Complete(length)) => length,
        other => panic!("{other:?}"),
    };
    let said = head.headers.iter().find(|field| field.name == "content-length").expect("a length").value;
    assert_eq!(String::from_utf8_lossy(said), (answer.len() - length).to_string());
}

/// Nothing that wants the token is taken without it, and the busy sign only from near.
fn is_admitted(asked: &Asked, access: &Access, from: IpAddr, bytes: &[u8]) {
    let shown = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
    match asked {
        Asked::Health | Asked::Metrics => {}
        Asked::Hold { .. } | Asked::LetGo(_) => assert_eq!(from, NEAR),
        Asked::Sleep => assert!(if access.token.is_some() { shown } else { from == NEAR }),
        Asked::Wake | Asked::Watch(_) | Asked::Report(..) => assert!(access.token.is_none() || shown),
    }
}

/// However the bytes are cut, a begin waits for more or is the whole: nothing is refused for coming slowly.
fn comes_in_any_pieces(bytes: &[u8], access: &Access, from: IpAddr, whole: &Parsed) {
    let step = bytes.len() / 64 + 1;
    for length in (0..bytes.len()).step_by(step) {
        let begin = parse(&bytes[..length], access, from);
        assert!(begin == Parsed::More || begin == *whole, "{length} bytes are {begin:?}");
    }
}
