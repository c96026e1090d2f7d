//! A timer that costs nothing until it is waited for.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// A timer.
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
