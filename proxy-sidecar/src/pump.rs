//! Moves a body from where it comes to where it goes, a piece at a time, without gathering it.
//!
//! Both directions of an exchange are polled by the one task that has the exchange: no task for each, nothing shared. A
//! piece is asked for only when the last one was taken, so a side that does not read stops the other side's writing.
//! What is small waits for company until the source has nothing more to give just now.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use tokio::task::yield_now;

/// After so many bytes in a row others have their turn: a large download must not keep small answers waiting.
const TURN: usize = 512 * 1024;

/// What a source gives.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Bytes; some or all of them are [consumed](Source::consume).
    Data(&'a [u8]),
    /// The proper end.
    End,
}

/// How a body ended other than properly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It broke the rules of its coding.
    Malformed,
    /// It ended too early: the sender closed, reset, or was cut off.
    Short,
}

/// Where a body comes from.
pub trait Source {
    /// The next piece. What was not consumed comes again, and more of it perhaps.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece<'_>, Cut>>;

    /// So many bytes of the last piece were taken.
    fn consume(&mut self, bytes: usize);

    /// The sink does not take what the source gives: so much is not to be read ahead.
    fn slow_down(&mut self) {}

    /// The trailers, after the end.
    fn take_trailers(&mut self) -> Option<HeaderMap>;
}

/// Where a body goes.
pub trait Sink {
    /// Takes some of `bytes`; they may wait until a flush.
    fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// The proper end, which goes out with the next flush.
    ///
    /// # Errors
    /// [`Cut::Short`] where more was promised than was put: then there is no proper end.
    fn finish(&mut self, trailers: Option<HeaderMap>) -> Result<(), Cut>;

    /// Everything that was put is with the kernel.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Which side broke.
#[derive(Debug)]
pub enum Broke {
    /// The side that sends.
    Source(Cut),
    /// The side that is sent to.
    Sink(io::Error),
}

/// A body on its way.
#[derive(Debug, Default)]
pub struct Pump {
    state: State,
    moved: u64,
    starves: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Moving,
    Flushing,
    Done,
}

impl Pump {
    /// One that has nothing to move.
    #[must_use]
    pub fn done() -> Pump {
        Pump { state: State::Done, moved: 0, starves: false }
    }

    /// Whether everything has arrived.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes were taken from the source.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether the source has to be waited for, and the sink has all that it gave.
    #[must_use]
    pub fn starves(&self) -> bool {
        self.starves
    }

    /// Moves on, until everything has arrived, or one side has to be waited for.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
        source: &mut impl Source,
        sink: &mut impl Sink,
    ) -> Poll<Result<(), Broke>> {
        let mut turn = TURN;
        self.starves = false;
        while self.state == State::Moving {
            let piece = match source.poll_piece(context) {
                Poll::Ready(piece) => piece.map_err(Broke::Source)?,
                Poll::Pending => {
                    ready!(sink.poll_flush(context)).map_err(Broke::Sink)?;
                    self.starves = true;
                    return Poll::Pending;
                }
            };
            match piece {
                Piece::Data(bytes) => {
                    let Poll::Ready(taken) = sink.poll_put(context, bytes) else {
                        source.slow_down();
                        return Poll::Pending;
                    };
                    let taken = taken.map_err(Broke::Sink)?;
                    source.consume(taken);
                    self.moved += taken as u64;
                    turn = turn.saturating_sub(taken);
                    if turn == 0 {
                        // Not by the waker: the runtime would go on with those that move much, and not look for news.
                        let _ = pin!(yield_now()).poll(context);
                        return Poll::Pending;
                    }
                }
                Piece::End => {
                    sink.finish(source.take_trailers()).map_err(Broke::Source)?;
                    self.state = State::Flushing;
                }
            }
        }
        if self.state == State::Flushing {
            ready!(sink.poll_flush(context)).map_err(Broke::Sink)?;
            self.state = State::Done;
        }
        Poll::Ready(Ok(()))
    }
}
