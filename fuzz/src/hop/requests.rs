//! A caller's bytes: what is forwarded of them is read as exactly the requests that were accepted.

use std::mem::MaybeUninit;
use std::task::{Context, Poll, Waker};

use http1::framing::Length;
use http1::head::{Outlook, Progress};
use proxy_sidecar::forward::Forward;
use proxy_sidecar::forward::asked::Asked;
use proxy_sidecar::pump::{Broke, Cut, Pump};
use proxy_sidecar::upstream::Outgoing;

use super::ends::{Came, Sent};
use super::fields::{end_to_end, hops, nominated};
use super::front::{FRONTS, LIMITS, PEER, SERVICE, asked};
use super::strict::{self, Framing, Head};

/// Fields that are written anew, or whose values are made of several.
const OURS: [&str; 12] = [
    "host",
    "content-length",
    "via",
    "forwarded",
    "x-forwarded-for",
    "x-real-ip",
    "x-request-id",
    "traceparent",
    "tracestate",
    "cookie",
    "expect",
    "max-forwards",
];

/// How a caller's bytes were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// So many requests were forwarded wholly.
    pub(crate) forwarded: usize,
    /// Another was begun and is not whole.
    pub(crate) unfinished: bool,
    /// The rest was refused, head or body.
    pub(crate) refused: bool,
}

/// What a caller sends, as one who is trusted and as one who is not.
pub(crate) fn requests(bytes: &[u8]) -> Taken {
    let [says_all, says_little] = &*FRONTS;
    let taken = forward(bytes, says_all, false);
    assert_eq!(taken, forward(bytes, says_little, true), "trust changes what is refused");
    taken
}

fn forward(bytes: &[u8], forward: &Forward, trusted: bool) -> Taken {
    let (mut rest, mut sent, mut taken) = (bytes, Vec::new(), Taken::default());
    loop {
        let mut slots = [MaybeUninit::uninit(); LIMITS.fields];
        let whole = http1::request::read(rest, &mut slots, LIMITS);
        comes_in_any_pieces(rest, whole.as_ref().map(|read| read.map(|(_, length)| length)).ok());
        let (request, length) = match whole {
            Ok(Some(read)) => read,
            Ok(None) => break,
            Err(_) => {
                taken.refused = true;
                break;
            }
        };
        let came = strict::arrived(&rest[..length]).expect("nothing lenient").expect("the whole head");
        assert_eq!(came.length, length);
        assert_eq!((came.first[0], came.first[1]), (request.method.as_bytes(), request.target.as_bytes()));
        let Ok(asked) = asked(forward, trusted, &request) else {
            taken.refused = true;
            break;
        };
        if asked.here.is_some() {
            break;
        }
        let begun = sent.len();
        let Outgoing::Http1(head) = &asked.outgoing else { panic!("HTTP/1.1 is spoken") };
        sent.extend_from_slice(head);
        let body = carry(&rest[length..], &asked, &mut sent);
        let said = came.framing_of_request().expect("a clear framing");
        match body {
            Body::Whole(bytes) => {
                is_the_request(&came, &rest[length..], &sent[begun..], &asked, (trusted, forward.forwarded));
                rest = &rest[length + bytes..];
                taken.forwarded += 1;
            }
            Body::Unfinished | Body::Flawed => {
                assert_ne!(said, Framing::Absent);
                taken.unfinished = body == Body::Unfinished;
                taken.refused = body == Body::Flawed;
                break;
            }
        }
        if !asked.keeps {
            break;
        }
    }
    is_read_as(&sent, taken);
    taken
}

/// A head is taken at the same place, or refused, however the network cuts it.
fn comes_in_any_pieces(bytes: &[u8], whole: Option<Option<usize>>) {
    for first in [1, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        let mut progress = Progress::default();
        let mut read = None;
        for cut in [first.clamp(1, bytes.len().max(1)), bytes.len()] {
            let there = &bytes[..cut.min(bytes.len())];
            if there.is_empty() || read.is_some() {
                continue;
            }
            let mut slots = [MaybeUninit::uninit(); LIMITS.fields];
            read = match progress.look(there, LIMITS) {
                Ok(Outlook::Wait) => None,
                Ok(Outlook::Read) => match http1::request::read(there, &mut slots, LIMITS) {
                    Ok(read) => read.map(|(_, length)| Some(length)),
                    Err(_) => Some(None),
                },
                Err(_) => Some(None),
            };
        }
        match (whole, read) {
            // What is flawed is refused at once, or when its end has come.
            (None, read) => assert!(!matches!(read, Some(Some(_))), "cut at {first}: {read:?}"),
            (Some(whole), read) => assert_eq!(read.flatten(), whole, "cut at {first}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// So many bytes were it.
    Whole(usize),
    Unfinished,
    Flawed,
}

/// Carries a body.
fn carry(bytes: &[u8], asked: &Asked, sent: &mut Vec<u8>) -> Body {
    let mut came = Came::new(bytes, Length::Absent);
    came.expect(asked.length, asked.nominated.clone());
    let mut sink = Sent::new(std::mem::take(sent), asked.length);
    let mut pump = Pump::default();
    let moved = pump.poll(&mut Context::from_waker(Waker::noop()), &mut came, &mut sink);
    *sent = sink.bytes;
    match moved {
        Poll::Ready(Ok(())) => Body::Whole(bytes.len() - came.rest.len()),
        Poll::Ready(Err(Broke::Source(Cut::Short))) => Body::Unfinished,
        Poll::Ready(Err(Broke::Source(Cut::Malformed))) => Body::Flawed,
        Poll::Ready(Err(Broke::Sink(error))) => panic!("everything is taken: {error}"),
        Poll::Pending => panic!("nothing has to be waited for"),
    }
}

/// Whoever reads what was sent reads as many requests as were forwarded, and the beginning of another at most.
fn is_read_as(sent: &[u8], taken: Taken) {
    let (mut rest, mut count) = (sent, 0);
    let unfinished = loop {
        let Some(head) = strict::request(rest).expect("a head") else { break !rest.is_empty() };
        let framing = head.framing_of_request().expect("a framing");
        match strict::body(&rest[head.length..], framing, false).expect("a body") {
            Some(body) => {
                count += 1;
                rest = &rest[head.length + body.length..];
            }
            None => break true,
        }
    };
    assert_eq!(count, taken.forwarded);
    assert!(!unfinished || taken.unfinished || taken.refused, "more was sent than was asked");
}

/// `sent` is the request that came, and nothing else.
fn is_the_request(came: &Head<'_>, body: &[u8], sent: &[u8], asked: &Asked, (trusted, forwarded): (bool, bool)) {
    let head = strict::request(sent).expect("a head").expect("the whole head");
    let framing = head.framing_of_request().expect("one framing");
    assert_eq!(framing, came.framing_of_request().expect("one framing"));
    let (came_body, sent_body) =
        (strict::body(body, framing, false), strict::body(&sent[head.length..], framing, false));
    let (came_body, sent_body) =
        (came_body.expect("a body").expect("whole"), sent_body.expect("a body").expect("whole"));
    assert_eq!(came_body.data, sent_body.data);
    assert_eq!(head.length + sent_body.length, sent.len());
    let nominated = nominated(came);
    for (name, value) in &sent_body.trailers {
        let is = |other: &(&[u8], &[u8])| other.0.eq_ignore_ascii_case(name) && other.1 == *value;
        assert!(came_body.trailers.iter().any(is), "a trailer from nowhere");
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        assert!(!nominated.contains(&name), "{name}");
        assert!(!["host", "content-length", "transfer-encoding", "authorization", "te"].contains(&&*name), "{name}");
    }
    assert_eq!((head.first[0], head.first[2]), (came.first[0], &b"HTTP/1.1"[..]));
    let (target, authority) = destination(came.first[0], came.first[1]);
    assert_eq!(head.first[1], target);
    let named = came.host().expect("a host").unwrap_or_default();
    let host = match authority.unwrap_or(named) {
        b"" => SERVICE.as_bytes(),
        host => host,
    };
    assert_eq!(head.host(), Ok(Some(host)));
    assert_hops(&head, asked);
    let is_ours = |name: &str| OURS.contains(&name) || name.contains('_') || name.starts_with("x-forwarded-");
    assert_eq!(end_to_end(&head, &[], is_ours), end_to_end(came, &nominated, is_ours));
    says_the_way(&head, came, &nominated, trusted, forwarded);
}

/// Where a request goes: the target in origin-form, and the authority that an absolute one names.
fn destination<'b>(method: &[u8], target: &'b [u8]) -> (Vec<u8>, Option<&'b [u8]>) {
    if target.starts_with(b"/") {
        return (target.to_vec(), None);
    }
    if target == b"*" {
        assert_eq!(method, b"OPTIONS");
        return (target.to_vec(), None);
    }
    let colon = target.iter().position(|b| *b == b':').expect("a scheme");
    assert!([&b"http"[..], b"https"].iter().any(|scheme| target[..colon].eq_ignore_ascii_case(scheme)));
    let rest = target[colon..].strip_prefix(b"://").expect("an authority");
    let end = rest.iter().position(|b| b"/?".contains(b)).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    assert!(strict::is_host(authority) && !authority.is_empty());
    let path = match (path, method) {
        ([], b"OPTIONS") => b"*".to_vec(),
        ([b'/', ..], _) => path.to_vec(),
        _ => [b"/", path].concat(),
    };
    (path, Some(authority))
}

/// Of what concerns one hop there is only what we say ourselves.
fn assert_hops(head: &Head<'_>, asked: &Asked) {
    let hops = hops(head);
    let hops: Vec<(&str, &[u8])> = hops.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut allowed: Vec<(&str, &[u8])> = match (&asked.upgrade, hops.is_empty()) {
        (Some(_), _) => vec![("connection", b"upgrade"), ("upgrade", b"websocket")],
        (None, false) => vec![("connection", b"te"), ("te", b"trailers")],
        (None, true) => Vec::new(),
    };
    if asked.length == Length::Chunked {
        match hops.len() {
            1 => allowed = vec![("transfer-encoding", b"chunked")],
            _ => allowed.push(("transfer-encoding", b"chunked")),
        }
    }
    assert_eq!(hops, allowed);
    if asked.upgrade.is_some() {
        assert!(matches!(asked.length, Length::Absent | Length::Exactly(0)), "a body would flow into the tunnel");
    }
    let expected: &[&[u8]] = if asked.expects { &[b"100-continue"] } else { &[] };
    assert_eq!(head.all("expect"), expected);
}

/// What is said of the request's way is ours, behind what trusted ones have said.
fn says_the_way(head: &Head<'_>, came: &Head<'_>, nominated: &[String], trusted: bool, forwarded: bool) {
    let takes = |name: &str| trusted && !nominated.iter().any(|nominated| nominated == name);
    let once = |name: &str| match head.all(name)[..] {
        [value] => String::from_utf8_lossy(value).into_owned(),
        ref values => panic!("{name}: {values:?}"),
    };
    let list = |name: &str| {
        let said: Vec<_> = came.all(name).iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect();
        said.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>()
    };
    let addresses = if takes("x-forwarded-for") { list("x-forwarded-for") } else { Vec::new() };
    assert_eq!(once("x-forwarded-for"), [addresses, vec![PEER.to_owned()]].concat().join(", "));
    assert!(once("via").ends_with(if came.first[2] == b"HTTP/1.0" { "1.0 doze" } else { "1.1 doze" }));
    let id = once("x-request-id");
    assert!(id.bytes().all(|b| b.is_ascii_graphic()) && (1..=128).contains(&id.len()));
    let is_kept = came.all("x-request-id").last().is_some_and(|last| *last == id.as_bytes());
    assert!(if takes("x-request-id") { is_kept || id.len() == 32 } else { !is_kept });
    if forwarded {
        let node = format!("for={PEER};host=\"");
        assert!(once("forwarded").contains(&node));
    }
    for (name, value) in &head.fields {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if let Some(what) = name.replace('_', "-").strip_prefix("x-forwarded-")
            && !takes(&name)
        {
            assert!(["for", "proto", "host"].contains(&what) && !name.contains('_'), "{name}: {value:?}");
        }
        if name == "x-forwarded-proto" && !takes(&name) {
            assert_eq!(*value, b"http");
        }
        if name == "x-forwarded-host" && !takes(&name) {
            assert_eq!(head.all("host"), [*value]);
        }
    }
    let addresses = if takes("x-real-ip") { came.all("x-real-ip") } else { Vec::new() };
    assert_eq!(head.all("x-real-ip"), addresses);
    if came.first[0] == b"OPTIONS" {
        let number = |values: Vec<&[u8]>| values.last().and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let (came, sent): (Option<u64>, Option<u64>) =
            (number(came.all("max-forwards")), number(head.all("max-forwards")));
        assert!(came.is_none() || sent.is_none() || came > sent, "{came:?} {sent:?}");
    } else {
        let is_kept = !nominated.iter().any(|name| name == "max-forwards");
        assert_eq!(head.all("max-forwards"), if is_kept { came.all("max-forwards") } else { Vec::new() });
    }
    if !takes("cookie") && trusted {
        assert!(head.all("cookie").is_empty());
    }
    assert!(head.all("cookie").len() <= 1 && head.all("traceparent").len() <= 1);
    assert!(!head.all("traceparent").is_empty() || head.all("tracestate").is_empty());
}
