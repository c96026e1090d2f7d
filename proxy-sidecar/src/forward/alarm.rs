//! Timers that cost little where they hardly ever fire.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// A timer that costs nothing until it is waited for.
#[derive(Debug, Default)]
pub struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Ready once `after` has passed since it was first polled; then it starts anew.
    pub fn poll(&mut self, context: &mut Context<'_>, after: Duration) -> Poll<()> {
        let polled = self.sleep.get_or_insert_with(|| Box::pin(sleep(after))).as_mut().poll(context);
        if polled.is_ready() {
            self.sleep = None;
        }
        polled
    }

    /// Starts anew when it is next polled.
    pub fn reset(&mut self) {
        self.sleep = None;
    }
}

/// A timer for wait after wait, most of which end long before their time: it is not set anew for each, but runs on, and is
/// set again when it fires too early for the wait that is under way.
#[derive(Debug)]
pub struct Patience {
    since: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { since: Instant::now(), sleep: None }
    }
}

impl Patience {
    /// A wait begins.
    pub fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// Ready once the wait has taken this long.
    pub fn poll(&mut self, context: &mut Context<'_>, long: Duration) -> Poll<()> {
        let until = self.since + long;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
    }
}
