//! A backend's bytes: what the caller is sent of them is read as the same answer, or as none that is whole.

use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll, Waker};

use http1::Limits;
use http1::framing::Length;
use http1::response::Response;
use proxy_sidecar::forward::asked::{Asked, Spoken};
use proxy_sidecar::forward::caller::{AnswerHead, Caller, Fill};
use proxy_sidecar::forward::exchange::{self, Ended, Terms};
use proxy_sidecar::listen::http1::answer;
use proxy_sidecar::service::Ticket;
use proxy_sidecar::upstream::{Backend, Outgoing};
use proxy_sidecar::wire::coming::Coming;
use proxy_sidecar::wire::going::Going;
use proxy_sidecar::wire::{Left, NoHead};

use super::ends::{Came, Ends, Sent};
use super::fields::{end_to_end, hops, nominated};
use super::front::{FRONTS, LIMITS, asked};
use super::strict::{self, Framing, Head, Read};

/// What is asked: each answer is read as one to each of them.
const ASKED: [&str; 5] = [
    "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
];

/// Fields that are written anew, or that we add to.
const OURS: [&str; 4] = ["content-length", "date", "via", "x-request-id"];

/// How an answer was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was passed on wholly; the backend's connection may be used again or not.
    Whole { keeps: bool },
    /// It was begun, and cut short where it was.
    Cut,
    /// The caller is told that it was none.
    Refused,
}

/// What a backend sends before it closes; as an answer to each of [`ASKED`].
pub(crate) fn responses(bytes: &[u8]) -> [Taken; 5] {
    ASKED.map(|ask| {
        let mut slots = [MaybeUninit::uninit(); LIMITS.fields];
        let read = http1::request::read(ask.as_bytes(), &mut slots, LIMITS);
        let (request, _) = read.expect("a request").expect("a whole one");
        pass(bytes, &asked(&FRONTS[0], true, &request).expect("a good one"))
    })
}

fn pass(bytes: &[u8], asked: &Asked) -> Taken {
    let mut caller = Asking {
        ends: Ends { came: Came::new(b"abc", asked.length), sent: Sent::new(Vec::new(), Length::Absent) },
        spoken: asked.spoken,
        keeps: asked.keeps,
        cut: false,
    };
    let mut backend = Answering {
        ends: Ends { came: Came::new(bytes, Length::Absent), sent: Sent::new(Vec::new(), Length::Absent) },
    };
    let terms = Terms { limits: LIMITS, response_timeout: None, stage: &FRONTS[0].stage, hsts: None };
    let taken = {
        // Nothing here has to be waited for.
        let mut exchange = std::pin::pin!(async {
            match exchange::begin(&mut caller, &mut backend, asked, terms, || ()).await {
                Ok(begun) => match exchange::finish(&mut caller, &mut backend, begun).await {
                    Ended::Whole { keeps } => Taken::Whole { keeps },
                    Ended::CutByBackend => Taken::Cut,
                    Ended::CutByCaller => panic!("the caller is there"),
                },
                Err(_) => Taken::Refused,
            }
        });
        match exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => taken,
            Poll::Pending => panic!("nobody has to be waited for"),
        }
    };
    let left = backend.ends.came.rest.len();
    let spent = &bytes[..bytes.len() - left];
    match taken {
        Taken::Whole { keeps } => {
            is_the_answer(bytes, spent, &caller, asked);
            // Or else what is left would be read as the next answer's.
            assert!(!keeps || backend.ends.came.coming == Coming::Nothing);
        }
        Taken::Cut => is_visibly_short(&caller, asked),
        Taken::Refused => {
            assert!(
                heads(&caller.ends.sent.bytes).0.iter().all(|head| head.status() < 200),
                "a final answer came as well"
            );
        }
    }
    taken
}

/// The interim heads at the start of `bytes` and the final one, if there is one; and where it ends.
fn heads(bytes: &[u8]) -> (Vec<Head<'_>>, usize) {
    let (mut heads, mut at) = (Vec::new(), 0);
    while let Some(head) = strict::response(&bytes[at..]).expect("a head") {
        at += head.length;
        let is_last = head.status() >= 200 || head.status() == 101;
        heads.push(head);
        if is_last {
            break;
        }
    }
    (heads, at)
}

/// What the caller was sent is the answer that came, framed in one way, and nothing else.
fn is_the_answer(bytes: &[u8], spent: &[u8], caller: &Asking, asked: &Asked) {
    let (came, came_at) = heads(bytes);
    let (sent, sent_at) = heads(&caller.ends.sent.bytes);
    let (came_last, sent_last) = (came.last().expect("an answer"), sent.last().expect("an answer"));
    assert_eq!((sent_last.status(), sent_last.first[0]), (came_last.status(), &b"HTTP/1.1"[..]));
    interim_are_those(&came, &sent, asked);
    let nominated = nominated(came_last);
    // One that had no date, or nominated it, is given one.
    let dated = end_to_end(came_last, &nominated, |name| name != "date").is_empty();
    let is_ours = |name: &str| OURS.contains(&name) || (dated && name == "date");
    assert_eq!(end_to_end(sent_last, &[], is_ours), end_to_end(came_last, &nominated, is_ours));
    assert!(sent_last.all("via").len() == 1 && sent_last.all("via")[0].ends_with(b" doze"));
    assert!(!sent_last.all("x-request-id").is_empty());
    match came_last.all("date") {
        dates if !dates.is_empty() && !nominated.iter().any(|name| name == "date") => {
            assert_eq!(sent_last.all("date"), dates);
        }
        _ => assert_eq!(sent_last.all("date").len(), usize::from(sent_last.status() != 101)),
    }
    let hops = hops(sent_last);
    let hops: Vec<(&str, &[u8])> = hops.iter().map(|(name, value)| (&**name, &**value)).collect();
    if sent_last.status() == 101 {
        assert!(asked.upgrade.is_some() && !caller.keeps);
        assert_eq!(hops, [("connection", &b"upgrade"[..]), ("upgrade", b"websocket")]);
        assert_eq!(&caller.ends.sent.bytes[sent_at..], &bytes[came_at..], "bytes of the tunnel");
        return;
    }
    let framing = sent_last.framing_of_response(asked.is_head).expect("one framing");
    let ends = (!caller.keeps).then_some(("connection", &b"close"[..]));
    let keeps = (caller.keeps && asked.spoken == Spoken::Http10).then_some(("connection", &b"keep-alive"[..]));
    let chunked = (framing == Framing::Chunked).then_some(("transfer-encoding", &b"chunked"[..]));
    assert_eq!(hops, chunked.into_iter().chain(ends).chain(keeps).collect::<Vec<_>>());
    assert!(framing != Framing::UntilClose || !caller.keeps);
    assert!(framing != Framing::Chunked || asked.spoken != Spoken::Http10);
    if sent_last.status() == 204 {
        assert!(sent_last.all("content-length").is_empty(), "RFC 9110, 8.6");
    }
    let came_framing = came_last.framing_of_response(asked.is_head).expect("one framing");
    let came_body = whole(strict::body(&bytes[came_at..], came_framing, true));
    let sent_body = whole(strict::body(&caller.ends.sent.bytes[sent_at..], framing, true));
    assert_eq!(came_body.data, sent_body.data);
    assert_eq!(sent_at + sent_body.length, caller.ends.sent.bytes.len(), "bytes behind the answer");
    assert_eq!(came_at + came_body.length, spent.len(), "bytes of the next answer");
    for (name, value) in &sent_body.trailers {
        let is = |(n, v): &(&[u8], &[u8])| n.eq_ignore_ascii_case(name) && v == value;
        assert!(came_body.trailers.iter().any(is), "a trailer from nowhere");
        assert!(!nominated.iter().any(|nominated| nominated.as_bytes().eq_ignore_ascii_case(name)));
    }
    assert!(!caller.cut);
}

fn whole(read: Read<strict::Body<'_>>) -> strict::Body<'_> {
    read.expect("a body").expect("a whole one")
}

/// Interim answers pass in order, but to those who know none, and a 100 only to those who wait for one.
fn interim_are_those(came: &[Head<'_>], sent: &[Head<'_>], asked: &Asked) {
    let status = |heads: &[Head<'_>]| -> Vec<u16> { heads.iter().map(Head::status).collect() };
    let (came, sent) = (status(came), status(sent));
    let mut continued = !asked.expects;
    let passed = came.into_iter().filter(|status| match status {
        100 => !std::mem::replace(&mut continued, true),
        102..=199 => asked.spoken != Spoken::Http10,
        _ => true,
    });
    assert_eq!(sent, passed.collect::<Vec<_>>());
}

/// Whoever reads an answer that was cut waits for more of it, or sees the connection break.
fn is_visibly_short(caller: &Asking, asked: &Asked) {
    let (sent, at) = heads(&caller.ends.sent.bytes);
    let last = sent.last().expect("an answer");
    assert!(last.status() >= 200);
    let framing = last.framing_of_response(asked.is_head).expect("one framing");
    match framing {
        Framing::UntilClose => assert!(caller.cut, "it looks whole"),
        Framing::Absent | Framing::Exactly(_) | Framing::Chunked => {
            assert_eq!(strict::body(&caller.ends.sent.bytes[at..], framing, false), Ok(None), "it looks whole");
        }
    }
}

/// A caller that reads everything.
struct Asking {
    ends: Ends<'static>,
    spoken: Spoken,
    keeps: bool,
    cut: bool,
}

impl Caller for Asking {
    type Ends = Ends<'static>;

    fn ends(&mut self) -> &mut Ends<'static> {
        &mut self.ends
    }

    fn answer(&mut self, head: AnswerHead, fill: Fill<'_>) -> io::Result<()> {
        let length = answer::head(&mut self.ends.sent.bytes, head, self.spoken, &mut self.keeps, fill);
        self.ends.sent.going = Going::of(length);
        Ok(())
    }

    fn interim(&mut self, status: u16, fill: Fill<'_>) {
        answer::interim(&mut self.ends.sent.bytes, status, self.spoken, fill);
    }

    fn switch(&mut self, token: &str, fill: Fill<'_>) -> io::Result<()> {
        self.keeps = false;
        answer::switched(&mut self.ends.sent.bytes, token, fill);
        self.ends.sent.going = Going::UntilClose;
        Ok(())
    }

    fn cut(&mut self) {
        self.cut = self.ends.sent.going == Going::UntilClose;
    }

    fn poll_end(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn has_sent_all(&self) -> bool {
        self.ends.came.coming == Coming::Nothing
    }

    fn poll_left(&mut self, _context: &mut Context<'_>) -> Left {
        Left::Here
    }
}

/// A backend that has sent everything it will, and has closed.
struct Answering<'b> {
    ends: Ends<'b>,
}

impl<'b> Backend for Answering<'b> {
    const HTTP2: bool = false;

    type Ends = Ends<'b>;

    fn ends(&mut self) -> &mut Ends<'b> {
        &mut self.ends
    }

    fn send(&mut self, _outgoing: &Outgoing, length: Length) {
        self.ends.sent.going = Going::of(length);
    }

    fn poll_answer<T>(
        &mut self,
        _context: &mut Context<'_>,
        limits: Limits,
        mut take: impl FnMut(&Response<'_, '_>, bool) -> T,
    ) -> Poll<Result<T, NoHead>> {
        let mut slots = [MaybeUninit::uninit(); http1::MOST_FIELDS];
        Poll::Ready(match http1::response::read(self.ends.came.rest, &mut slots, limits) {
            Ok(Some((response, length))) => {
                let came =
                    strict::response(&self.ends.came.rest[..length]).expect("nothing lenient").expect("the whole head");
                assert_eq!(
                    (came.length, came.status(), came.fields.len()),
                    (length, response.status, response.fields.len())
                );
                self.ends.came.rest = &self.ends.came.rest[length..];
                Ok(take(&response, false))
            }
            Ok(None) if self.ends.came.rest.is_empty() => Err(NoHead::Closed),
            Ok(None) => Err(NoHead::Broken),
            Err(flaw) => Err(NoHead::Flawed(flaw)),
        })
    }

    fn expect(&mut self, length: Length, nominated: Vec<String>) {
        self.ends.came.expect(length, nominated);
    }

    fn become_tunnel(&mut self) {
        self.ends.came.coming = Coming::UntilClose;
        self.ends.sent.going = Going::UntilClose;
    }

    fn poll_end(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn has_closed(&mut self, _context: &mut Context<'_>) -> bool {
        true
    }

    fn has_sent_nothing(&self) -> bool {
        false
    }

    fn is_reused(&self) -> bool {
        false
    }

    fn give_back(self, _ticket: &Ticket, _keeps: bool) {}
}
