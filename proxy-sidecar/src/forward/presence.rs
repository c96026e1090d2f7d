//! Whether a caller is still there while its request waits (trap 3): nobody works for one who has left.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::forward::alarm::Alarm;
use crate::forward::caller::Caller;
use crate::wire::Left;

/// How often a caller is looked after while bytes of its own wait to be read: the kernel tells of their end alone.
const LOOK_AFTER: Duration = Duration::from_millis(500);

/// Looks after a caller.
#[derive(Debug, Default)]
pub struct Presence {
    alarm: Alarm,
}

impl Presence {
    /// Whether the caller has left; the task is woken when that may have changed.
    pub fn has_left(&mut self, context: &mut Context<'_>, caller: &mut impl Caller) -> bool {
        loop {
            match caller.poll_left(context) {
                Left::Gone => return true,
                Left::Here => return false,
                Left::HereAndBusy => match self.alarm.poll(context, LOOK_AFTER) {
                    Poll::Ready(()) => (),
                    Poll::Pending => return false,
                },
            }
        }
    }
}

/// What comes of `work`, unless the caller leaves before.
pub async fn unless_left<T>(caller: &mut impl Caller, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut presence = Presence::default();
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if presence.has_left(context, caller) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
