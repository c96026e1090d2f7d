//! What the busy sign, and an order to sleep, do to the core.

use std::net::IpAddr;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::Cause;

use super::action::{Action, Struck};
use super::busy::{FileSeen, Holder, NoHold};
use super::usage::Evidence;
use super::{Core, Phase};

impl Core {
    /// Whether `PUT /busy` can be granted at `now`. Past the commit it cannot: a job must not begin then.
    ///
    /// # Errors
    /// Why not.
    pub fn may_hold(&self, holder: &Holder, lease: Duration, now: Moment) -> Result<(), NoHold> {
        match &self.phase {
            Phase::Starting | Phase::Between(_) | Phase::Awake { .. } | Phase::Draining(_) => {
                self.busy.may_hold(holder, lease, self.policy.busy_max, now)
            }
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => Err(NoHold::Stopping),
        }
    }

    /// How many say on 9051 that they are busy.
    #[must_use]
    pub fn holders(&self, now: Moment) -> usize {
        self.busy.holders(now)
    }

    pub(super) fn held(&mut self, holder: Holder, lease: Duration, now: Moment, actions: &mut Vec<Action>) {
        self.note_busy(now);
        let why = format!("{} says that it is busy", holder.as_str());
        self.busy.hold(holder, lease, now);
        self.note_busy(now);
        // Whoever was told that its hold is granted may begin: no look is waited for.
        if self.can_be_called_back() {
            self.recall("busy", why, now, actions);
        }
    }

    pub(super) fn let_go(&mut self, holder: &Holder, now: Moment) {
        self.note_busy(now);
        self.busy.let_go(holder);
    }

    pub(super) fn saw_busy_file(&mut self, seen: FileSeen, now: Moment, actions: &mut Vec<Action>) {
        let longest = self.policy.busy_max;
        if self.busy.saw_file(seen, self.policy.idle_timeout, longest, now) {
            let then = "the busy file counts no more until it has once not said busy";
            actions.push(Action::Struck(Struck { setting: "busy-max", limit: longest, then }));
        }
        self.note_busy(now);
    }

    /// What the sign says is use (rule S2).
    pub(super) fn note_busy(&mut self, now: Moment) {
        if let Some((sign, at)) = self.busy.last(now) {
            self.usage.note(Evidence::Busy(sign), at);
        }
    }

    /// `POST /sleep`: an order.
    pub(super) fn asked_to_sleep(&mut self, from: IpAddr, now: Moment, actions: &mut Vec<Action>) {
        self.order(Cause::Asked, format!("{from} asked it to sleep"), now, actions);
    }

    pub(super) fn can_be_called_back(&self) -> bool {
        matches!(&self.phase, Phase::Draining(drain) if drain.cause.can_be_called_back())
    }
}
