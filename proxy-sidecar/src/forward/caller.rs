//! What a request's way needs of its caller, whatever version it speaks.

use std::io;
use std::task::{Context, Poll};

use http1::framing::Length;

use crate::fields::Lines;
use crate::pump::{Sink, Source};
use crate::wire::Left;

/// The head of an answer, besides its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// The status, none of 1xx.
    pub status: u16,
    /// The body that follows.
    pub length: Length,
    /// The length that is said though no body follows, in answers to `HEAD` and in 304.
    pub said: Option<u64>,
    /// The caller's connection ends with this answer.
    pub closes: bool,
}

/// Writes fields.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Lines);

/// A caller whose request is under way.
///
/// Where its answer was begun and not finished, dropping it tells the caller so.
pub trait Caller {
    /// The source of the request's body and the sink of the answer's.
    type Ends: Source + Sink;

    /// Both.
    fn ends(&mut self) -> &mut Self::Ends;

    /// Begins the answer.
    ///
    /// # Errors
    /// The caller cannot be told any more.
    fn answer(&mut self, head: AnswerHead, fill: Fill<'_>) -> io::Result<()>;

    /// An interim answer, where the caller's version knows them.
    fn interim(&mut self, status: u16, fill: Fill<'_>);

    /// The protocol is switched: from now on the caller is one end of a tunnel.
    ///
    /// # Errors
    /// The caller cannot be told any more.
    fn switch(&mut self, token: &str, fill: Fill<'_>) -> io::Result<()>;

    /// The answer that was begun ends here, in a way that nobody takes for its proper end (trap 12).
    fn cut(&mut self);

    /// Says that nothing more comes from us, in a tunnel.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Whether nothing of its request has yet to come.
    fn has_sent_all(&self) -> bool;

    /// Whether it is there.
    fn poll_left(&mut self, context: &mut Context<'_>) -> Left;
}
