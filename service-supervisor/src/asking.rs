//! What the supervisor asks others: its ECS task who it is, its ECS agent for protection, the app whether it is ready.
//!
//! Guarantees: nothing here waits, whatever the other side does; each question is bounded in bytes and time and ends in
//! exactly one [`Answered`]; at most one of each [`Purpose`] is under way. Whether to ask again is decided elsewhere.
//!
//! A question to the app is no use of the app: [`Asking::is_own`] tells the supervisor's connections from others.

pub mod agent;
pub mod answer;
pub mod endpoints;
mod exchange;
pub mod target;
pub mod task;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::moment::Moment;
use nix::sys::epoll::Epoll;

use self::answer::{Answer, Wanted};
use self::exchange::{Came, Exchange, canonical};
use self::target::{Ready, Target};
use crate::decide::probe::Probed;

/// How long the kernel may still show a connection of ours after its end (TIME_WAIT), and a little more.
const SHOWN: Duration = Duration::from_secs(65);

/// So many ended connections are remembered.
const REMEMBERED: usize = 128;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Who the ECS task is.
    Task,
    /// Its scale-in protection.
    Protection,
    /// Whether the app is ready.
    Ready,
}

impl Purpose {
    const ALL: [Purpose; 3] = [Purpose::Task, Purpose::Protection, Purpose::Ready];

    /// How long it may take. The ECS agent waits 4 s for ECS.
    const fn patience(self) -> Duration {
        match self {
            Purpose::Task => Duration::from_secs(3),
            Purpose::Protection => Duration::from_secs(6),
            Purpose::Ready => Duration::from_secs(4),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody accepts there.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// What came is of no use.
    #[error("{0}")]
    Bad(&'static str),
    /// It took too long.
    #[error("no answer in time")]
    Late,
}

/// What became of a question.
#[derive(Debug)]
pub struct Answered {
    /// Of which.
    pub purpose: Purpose,
    /// The answer; none where to connect was all.
    pub answer: Result<Option<Answer>, NoAnswer>,
}

impl Answered {
    /// What it says of the app's readiness.
    #[must_use]
    pub fn probed(self) -> Probed {
        match self.answer {
            Ok(Some(Answer { status, .. })) if status >= 400 => Probed::NotReady(format!("it answered {status}")),
            Ok(Some(_) | None) => Probed::Ready,
            Err(NoAnswer::Late) => Probed::Silent,
            Err(no @ (NoAnswer::Connect(_) | NoAnswer::Broken(_) | NoAnswer::Bad(_))) => {
                Probed::NotReady(daemon::exit::chain(&no))
            }
        }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    addresses: Vec<SocketAddr>,
    request: Vec<u8>,
    wanted: Option<Wanted>,
    patience: Duration,
}

impl Question {
    /// `GET` of an answer with a body of `most` bytes.
    #[must_use]
    pub fn get(target: &Target, purpose: Purpose, most: usize) -> Self {
        Question::over_http("GET", target, "", purpose, Wanted::Body(most))
    }

    /// `PUT` of a body in JSON, answered by a body of `most` bytes.
    #[must_use]
    pub fn put(target: &Target, body: &str, purpose: Purpose, most: usize) -> Self {
        Question::over_http("PUT", target, body, purpose, Wanted::Body(most))
    }

    /// Whether the app is ready.
    #[must_use]
    pub fn ready(ready: &Ready) -> Self {
        let patience = Purpose::Ready.patience();
        match ready {
            Ready::Tcp(addresses) => {
                Question { addresses: addresses.clone(), request: Vec::new(), wanted: None, patience }
            }
            Ready::Http(target) => Question::over_http("GET", target, "", Purpose::Ready, Wanted::Head),
        }
    }

    fn over_http(method: &str, target: &Target, body: &str, purpose: Purpose, wanted: Wanted) -> Self {
        let Target { addresses, host, path } = target;
        // A body is asked for as HTTP/1.0, to which nobody answers in chunks. Some servers refuse that version, but
        // ECS's is none of them.
        let version = match wanted {
            Wanted::Head => 1,
            Wanted::Body(_) => 0,
        };
        let fields = match body.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.{version}\r\nhost: {host}\r\nuser-agent: service-supervisor\r\naccept: */*\r\n\
             {fields}connection: close\r\n\r\n{body}"
        );
        Question {
            addresses: addresses.clone(),
            request: request.into_bytes(),
            wanted: Some(wanted),
            patience: purpose.patience(),
        }
    }
}

/// The questions under way.
#[derive(Debug)]
pub struct Asking {
    first_token: u64,
    under_way: [Option<Exchange>; Purpose::ALL.len()],
    over: Vec<Answered>,
    own: VecDeque<(SocketAddr, Moment)>,
    opened_here: u64,
}

impl Asking {
    /// Nothing is asked yet; `first_token` and the two above it are for epoll.
    #[must_use]
    pub const fn new(first_token: u64) -> Self {
        let under_way = [const { None }; Purpose::ALL.len()];
        Asking { first_token, under_way, over: Vec::new(), own: VecDeque::new(), opened_here: 0 }
    }

    /// Asks. A question of the same purpose that is under way is given up.
    pub fn ask(&mut self, purpose: Purpose, question: Question, epoll: &Epoll, now: Moment) {
        self.give_up(purpose, now);
        match Exchange::begin(question, self.first_token + purpose as u64, epoll, now) {
            Ok(exchange) => self.under_way[purpose as usize] = Some(exchange),
            Err(no) => self.over.push(Answered { purpose, answer: Err(no) }),
        }
    }

    /// The socket of this token can be read or written.
    pub fn ready(&mut self, token: u64, epoll: &Epoll, now: Moment) {
        let purpose = Purpose::ALL.into_iter().find(|purpose| self.first_token + *purpose as u64 == token);
        let Some(purpose) = purpose else { return };
        let Some(exchange) = &mut self.under_way[purpose as usize] else { return };
        if let Came::Over(answer) = exchange.progress(epoll) {
            self.give_up(purpose, now);
            self.over.push(Answered { purpose, answer });
        }
    }

    /// When to call [`Asking::time_passed`].
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.under_way.iter().flatten().map(|exchange| exchange.deadline).min()
    }

    /// Gives up what takes too long.
    pub fn time_passed(&mut self, now: Moment) {
        for purpose in Purpose::ALL {
            if self.under_way[purpose as usize].as_ref().is_some_and(|exchange| exchange.deadline <= now) {
                self.give_up(purpose, now);
                self.over.push(Answered { purpose, answer: Err(NoAnswer::Late) });
            }
        }
    }

    /// What has come of questions since it was last asked.
    pub fn take_answered(&mut self) -> Vec<Answered> {
        std::mem::take(&mut self.over)
    }

    /// Whether an answer waits to be taken.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        !self.over.is_empty()
    }

    /// Whether the connection of `peer`, as the app sees it, is the supervisor's own or has just been.
    #[must_use]
    pub fn is_own(&self, peer: SocketAddr, now: Moment) -> bool {
        let peer = canonical(peer);
        let open = self.under_way.iter().flatten().any(|exchange| exchange.local() == Some(peer));
        open || self.own.iter().any(|(own, ended)| *own == peer && now.since(*ended) < SHOWN)
    }

    /// How many connections to this machine or task itself were ever opened.
    #[must_use]
    pub fn opened_here(&self) -> u64 {
        self.opened_here + self.under_way.iter().flatten().filter(|exchange| exchange.has_opened_here()).count() as u64
    }

    /// Closing its file descriptor also takes it out of epoll.
    fn give_up(&mut self, purpose: Purpose, now: Moment) {
        let Some(exchange) = self.under_way[purpose as usize].take() else { return };
        self.opened_here += u64::from(exchange.has_opened_here());
        if let (Purpose::Ready, Some(own)) = (purpose, exchange.local()) {
            self.own.truncate(REMEMBERED - 1);
            self.own.push_front((own, now));
        }
    }
}

#[cfg(test)]
mod tests;
