//! What has happened so far in this life, counted.

use task_state::Cause;

/// The counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    drains: [u64; 4],
    /// Idle drains that ended awake.
    pub call_backs: u64,
}

impl Tally {
    /// Every cause, in the order in which they are told.
    pub const CAUSES: [Cause; 4] = [Cause::Idle, Cause::File, Cause::Signal, Cause::Asked];

    /// A drain began.
    pub fn drained(&mut self, cause: Cause) {
        self.drains[cause as usize] += 1;
    }

    /// How many drains began with `cause`.
    #[must_use]
    pub fn drains(&self, cause: Cause) -> u64 {
        self.drains[cause as usize]
    }
}
