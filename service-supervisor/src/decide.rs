//! The core: what the supervisor does about what happens. Pure: no clock, no socket, no process.
//!
//! [`Core::handle`] takes an [`Event`] and the moment and gives the [`Action`]s; [`Core::deadline`] says when to come
//! back though nothing happens. One phase follows the other:
//!
//! ```text
//! starting → awake ⇄ draining → stopping → ended → (exit)
//! ```
//!
//! Guarantees, each a property test: no order of events loses a SIGTERM; nothing in use is put to sleep by idleness; a
//! drain ends awake or stopping; every phase but the last has a deadline.

pub mod action;
pub mod drain;
pub mod exit_code;
pub mod look;
pub mod policy;
pub mod readiness;
pub mod signals;
pub mod usage;
pub mod watchers;

use std::time::Duration;

use daemon::moment::Moment;
use task_state::{CALL_BACK_HOLD, Cause, HEARTBEAT, State};

use self::action::{Action, Change, Deadline, Event, Reason, Sleep, Struck};
use self::drain::{BETWEEN_LOOKS, Commit, Drain, Facts, Verdict};
use self::exit_code::{Ending, StopCause, exit_code};
use self::look::{Look, Scope};
use self::policy::Policy;
use self::readiness::Readiness;
use self::signals::{Meaning, SignalNumber};
use self::usage::{Evidence, Usage};
use self::watchers::Watchers;

/// How long to wait for what SIGKILL should have ended.
const UNKILLABLE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
enum Phase {
    Starting,
    Awake { ready: bool },
    Draining(Drain),
    Stopping(Stopping),
    Ended(Ended),
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Stopping {
    cause: StopCause,
    kill_at: Moment,
    killed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    code: u8,
    at: Moment,
    kill_at: Moment,
    killed: bool,
}

/// When the parts of this life began.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    ready: Option<Moment>,
    drained: Option<Moment>,
    stopped: Option<(Moment, StopCause)>,
}

/// The supervisor's mind.
#[derive(Clone, Debug)]
pub struct Core {
    policy: Policy,
    phase: Phase,
    started: Moment,
    history: History,
    readiness: Readiness,
    usage: Usage,
    watchers: Watchers,
    drains: u64,
    hold_until: Moment,
    next_look: Moment,
    next_heartbeat: Moment,
    why: String,
}

impl Core {
    /// Of an app that was started `now`.
    #[must_use]
    pub fn new(policy: Policy, now: Moment) -> Self {
        Core {
            phase: Phase::Starting,
            started: now,
            history: History::default(),
            readiness: Readiness::new(policy.ports.clone()),
            usage: Usage::new(Evidence::Ready, now),
            watchers: Watchers::default(),
            drains: 0,
            hold_until: now,
            next_look: now,
            next_heartbeat: now + HEARTBEAT,
            why: String::from("the app was started and does not accept yet"),
            policy,
        }
    }

    /// What it says it is.
    #[must_use]
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Starting => State::Starting,
            Phase::Awake { ready } => State::Awake { ready: *ready },
            Phase::Draining(drain) => State::Draining { number: drain.number, cause: drain.cause },
            Phase::Stopping(_) => State::Stopping,
            Phase::Ended(_) | Phase::Over => State::Gone,
        }
    }

    /// One sentence: what keeps it awake, or why it is in its state.
    #[must_use]
    pub fn why(&self, now: Moment) -> String {
        match &self.phase {
            Phase::Awake { .. } => {
                format!("last used {:.1} s ago: {}", self.idle_for(now).as_secs_f64(), self.usage.evidence())
            }
            Phase::Starting | Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {
                self.why.clone()
            }
        }
    }

    /// For how long nobody has used the app.
    #[must_use]
    pub fn idle_for(&self, now: Moment) -> Duration {
        now.since(self.usage.last())
    }

    /// Who watches.
    #[must_use]
    pub fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// Takes in what happened and says what to do, in order.
    pub fn handle(&mut self, event: Event, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Tick => {}
            Event::Signal(signal) => self.signalled(signal, now, &mut actions),
            Event::FileAppeared => {
                actions.push(Action::RemoveFile);
                self.order(Cause::File, now, &mut actions);
            }
            Event::Looked(scope, look) => self.looked(scope, look.as_ref(), now, &mut actions),
            Event::Watching { client, who, address } => {
                self.watchers.join(client, who, address, now);
                self.watchers.said_to(client, self.state(), now);
                actions.push(Action::Hello(client));
            }
            Event::Left(client) => self.watchers.leave(client, now),
            Event::Reported(id, report) => {
                self.watchers.report(&id, report, now);
                self.usage.saw_reports(&self.watchers, &self.policy, now);
            }
            Event::Wake => self.called_back(now, &mut actions),
            Event::AppEnded(ending) => self.app_ended(ending, now, &mut actions),
            Event::AllGone => self.all_gone(now, &mut actions),
        }
        self.time_passed(now, &mut actions);
        actions
    }

    /// When to come back though nothing happens; none: it is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let look = Some((self.next_look, Reason::Look));
        let phase = match &self.phase {
            Phase::Starting => [look, Some((self.started + self.policy.ready_timeout, Reason::ReadyTimeout))],
            Phase::Awake { .. } => [look, None],
            // The end of an idle drain is judged by a look.
            Phase::Draining(drain) if drain.cause.can_be_called_back() => [look, None],
            Phase::Draining(drain) => [look, Some((drain.deadline, Reason::DrainDeadline))],
            Phase::Stopping(stop) => {
                let reason = if stop.killed { Reason::Unkillable } else { Reason::StopGrace };
                [Some((stop.kill_at, reason)), None]
            }
            Phase::Ended(ended) => [Some((ended.kill_at, Reason::Leftovers)), None],
            Phase::Over => return None,
        };
        let heartbeat = self.beats().then_some((self.next_heartbeat, Reason::Heartbeat));
        let first = phase.into_iter().flatten().chain(heartbeat).min_by_key(|(at, _)| *at);
        first.map(|(at, reason)| Deadline { at, reason })
    }

    // ---- what happened

    fn signalled(&mut self, signal: SignalNumber, now: Moment, actions: &mut Vec<Action>) {
        match (signal.meaning(), &self.phase) {
            (Meaning::Stop, Phase::Draining(drain)) if drain.cause == Cause::Signal => {
                let cause = StopCause::Drained(Cause::Signal);
                self.stop(cause, Commit::Hurried.to_string(), now, actions);
            }
            (Meaning::Stop, _) => self.order(Cause::Signal, now, actions),
            (Meaning::Forward, Phase::Ended(_) | Phase::Over) => {}
            (Meaning::Forward, Phase::Starting | Phase::Awake { .. } | Phase::Draining(_) | Phase::Stopping(_)) => {
                actions.push(Action::Forward(signal))
            }
            (Meaning::ChildEnded | Meaning::Ignore, _) => {}
        }
    }

    /// An order to drain: it overrides an idle drain, and the stronger order a weaker one.
    fn order(&mut self, cause: Cause, now: Moment, actions: &mut Vec<Action>) {
        let why = match cause {
            Cause::Signal => "SIGTERM came",
            Cause::File => "the shutdown file appeared",
            Cause::Asked => "it was asked to sleep",
            Cause::Idle => return,
        };
        let from = self.state();
        match &mut self.phase {
            Phase::Starting | Phase::Awake { .. } => self.begin_drain(cause, why.to_owned(), now, actions),
            Phase::Draining(drain) if drain.cause == Cause::Idle || cause == Cause::Signal => {
                drain.overrule(cause, &self.policy, now);
                self.next_look = now;
                self.changed(from, cause.as_str(), why.to_owned(), now, actions);
            }
            // The app has, or will get, its SIGTERM already.
            Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
    }

    fn called_back(&mut self, now: Moment, actions: &mut Vec<Action>) {
        match &self.phase {
            Phase::Starting | Phase::Awake { .. } => self.hold(now),
            Phase::Draining(drain) if drain.cause.can_be_called_back() => {
                self.hold(now);
                self.back_to_awake("call-back", String::from("POST /wake called it back"), now, actions);
            }
            Phase::Draining(_) | Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
    }

    /// A call-back counts as use, and no idle drain starts for a while (rule S3).
    fn hold(&mut self, now: Moment) {
        self.usage.note(Evidence::CalledBack, now);
        self.hold_until = now + CALL_BACK_HOLD;
    }

    fn looked(&mut self, scope: Scope, look: Option<&Look>, now: Moment, actions: &mut Vec<Action>) {
        match (&mut self.phase, look) {
            (Phase::Starting, Some(look)) => {
                if self.readiness.saw(look, now) {
                    self.became_ready(now, actions);
                }
            }
            (Phase::Awake { .. }, Some(look)) if scope == Scope::All => self.saw_awake(look, now, actions),
            (Phase::Awake { .. }, None) => self.usage.note(Evidence::NoLook, now),
            (Phase::Draining(_), look) if scope == Scope::All => self.saw_draining(look, now, actions),
            // A look that was asked for in an earlier phase, or that says nothing.
            (
                Phase::Starting
                | Phase::Awake { .. }
                | Phase::Draining(_)
                | Phase::Stopping(_)
                | Phase::Ended(_)
                | Phase::Over,
                _,
            ) => {}
        }
    }

    fn became_ready(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.history.ready = Some(now);
        self.usage.note(Evidence::Ready, now);
        self.next_look = now + self.policy.look_interval();
        let from = self.state();
        self.phase = Phase::Awake { ready: true };
        self.changed(from, "ready", String::from("the app listens"), now, actions);
    }

    fn saw_awake(&mut self, look: &Look, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        let ready = self.readiness.saw(look, now);
        self.usage.saw(look, &self.watchers, &self.policy, now);
        self.phase = Phase::Awake { ready };
        match (from.is_ready(), ready) {
            (true, false) => {
                self.changed(from, "unready", String::from("the app does not accept any more"), now, actions);
            }
            (false, true) => self.changed(from, "ready", String::from("the app accepts again"), now, actions),
            (true, true) | (false, false) => {}
        }
        match self.idle_at() {
            Some(at) if at <= now => {
                let idle = self.idle_for(now).as_secs_f64();
                let why = format!("nobody has used the app for {idle:.1} s; at last {}", self.usage.evidence());
                self.begin_drain(Cause::Idle, why, now, actions);
            }
            // A look falls on the moment at which it would be idle.
            Some(at) => self.next_look = self.next_look.min(at),
            None => {}
        }
    }

    fn saw_draining(&mut self, look: Option<&Look>, now: Moment, actions: &mut Vec<Action>) {
        let Phase::Draining(drain) = &mut self.phase else { return };
        match look {
            Some(look) => {
                self.readiness.saw(look, now);
                self.usage.saw(look, &self.watchers, &self.policy, now);
            }
            None => self.usage.note(Evidence::NoLook, now),
        }
        let facts = Facts { look, usage: &self.usage, watchers: &self.watchers, policy: &self.policy };
        match drain.judge(facts, now) {
            Verdict::Wait(waiting) => self.why = waiting.to_string(),
            Verdict::Commit(commit) => {
                let cause = drain.cause;
                if commit == Commit::Deadline {
                    actions.push(self.drain_struck("what is left is cut: the app gets its SIGTERM"));
                }
                self.stop(StopCause::Drained(cause), commit.to_string(), now, actions);
            }
            Verdict::Back(reason) => {
                if now >= drain.deadline {
                    actions.push(self.drain_struck("the service is awake again"));
                }
                self.usage.note(Evidence::NotDrained(reason.clone()), now);
                self.back_to_awake("use", reason, now, actions);
            }
        }
    }

    fn app_ended(&mut self, ending: Ending, now: Moment, actions: &mut Vec<Action>) {
        let (stop, within_grace, kill_at) = match &self.phase {
            // One budget: what the grace did not leave to the app it does not leave to its leftovers.
            Phase::Stopping(stop) if stop.killed => (Some(stop.cause), false, now),
            Phase::Stopping(stop) => (Some(stop.cause), true, stop.kill_at),
            Phase::Starting | Phase::Awake { .. } | Phase::Draining(_) => {
                actions.push(Action::EndedByItself(ending));
                (None, true, now + self.policy.stop_grace)
            }
            Phase::Ended(_) | Phase::Over => return,
        };
        let from = self.state();
        let code = exit_code(stop, ending, within_grace);
        self.phase = Phase::Ended(Ended { code, at: now, kill_at, killed: false });
        self.changed(from, "ended", format!("the app {ending}"), now, actions);
        actions.push(Action::TermLeftovers);
    }

    fn all_gone(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if let Phase::Ended(ended) = self.phase {
            self.exit(ended, now, actions);
        }
    }

    // ---- what time brings

    fn time_passed(&mut self, now: Moment, actions: &mut Vec<Action>) {
        match &self.phase {
            Phase::Starting if now >= self.started + self.policy.ready_timeout => {
                let then = "the app gets its SIGTERM";
                actions.push(Action::Struck(Struck {
                    setting: "ready-timeout",
                    limit: self.policy.ready_timeout,
                    then,
                }));
                self.stop(StopCause::NeverReady, String::from("the app never accepted"), now, actions);
            }
            Phase::Starting => {
                let interval = readiness::look_interval(now.since(self.started), self.watchers.proxy_watches());
                self.look_if_due(Scope::Listeners, interval, now, actions);
            }
            Phase::Awake { .. } => self.look_if_due(Scope::All, self.policy.look_interval(), now, actions),
            Phase::Draining(drain) if !drain.cause.can_be_called_back() && now >= drain.deadline => {
                let cause = drain.cause;
                actions.push(self.drain_struck("what is left is cut: the app gets its SIGTERM"));
                self.stop(StopCause::Drained(cause), Commit::Deadline.to_string(), now, actions);
            }
            Phase::Draining(_) => self.look_if_due(Scope::All, BETWEEN_LOOKS, now, actions),
            Phase::Stopping(stop) if now >= stop.kill_at => self.grace_is_over(*stop, now, actions),
            Phase::Ended(ended) if now >= ended.kill_at => self.leftovers_are_due(*ended, now, actions),
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => {}
        }
        if self.beats() && now >= self.next_heartbeat {
            self.watchers.said(self.state(), now);
            self.next_heartbeat = now + HEARTBEAT;
            actions.push(Action::Heartbeat);
        }
    }

    fn look_if_due(&mut self, scope: Scope, interval: Duration, now: Moment, actions: &mut Vec<Action>) {
        if now >= self.next_look {
            self.next_look = now + interval;
            actions.push(Action::Look(scope));
        }
    }

    fn grace_is_over(&mut self, stop: Stopping, now: Moment, actions: &mut Vec<Action>) {
        if stop.killed {
            let then = "the supervisor exits though the app is still there";
            actions.push(Action::Struck(Struck { setting: "(after SIGKILL)", limit: UNKILLABLE, then }));
            let code = exit_code(Some(stop.cause), Ending::Killed(9), false);
            self.exit(Ended { code, at: now, kill_at: now, killed: true }, now, actions);
            return;
        }
        let then = "the app gets SIGKILL";
        actions.push(Action::Struck(Struck { setting: "stop-grace", limit: self.policy.stop_grace, then }));
        actions.push(Action::Kill);
        self.phase = Phase::Stopping(Stopping { killed: true, kill_at: now + UNKILLABLE, ..stop });
    }

    fn leftovers_are_due(&mut self, ended: Ended, now: Moment, actions: &mut Vec<Action>) {
        if ended.killed {
            self.exit(ended, now, actions);
            return;
        }
        actions.push(Action::KillLeftovers);
        self.phase = Phase::Ended(Ended { killed: true, kill_at: now + UNKILLABLE, ..ended });
    }

    // ---- from phase to phase

    fn begin_drain(&mut self, cause: Cause, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        self.drains += 1;
        self.history.drained = Some(now);
        self.phase = Phase::Draining(Drain::begin(self.drains, cause, self.usage.last(), &self.policy, now));
        self.next_look = now;
        self.changed(from, cause.as_str(), why, now, actions);
    }

    fn back_to_awake(&mut self, cause: &'static str, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        self.phase = Phase::Awake { ready: self.readiness.accepted() };
        self.next_look = now + self.policy.look_interval();
        self.changed(from, cause, why, now, actions);
    }

    fn stop(&mut self, cause: StopCause, why: String, now: Moment, actions: &mut Vec<Action>) {
        let from = self.state();
        let kill_at = now + self.policy.stop_grace;
        self.history.stopped = Some((now, cause));
        self.phase = Phase::Stopping(Stopping { cause, kill_at, killed: false });
        self.changed(from, cause.as_str(), why, now, actions);
        actions.push(Action::Term);
    }

    fn exit(&mut self, ended: Ended, now: Moment, actions: &mut Vec<Action>) {
        if let Some((stopped, cause)) = self.history.stopped {
            let drained = self.history.drained.unwrap_or(stopped);
            actions.push(Action::Slept(Sleep {
                cause: cause.as_str(),
                awake: self.history.ready.map_or(Duration::ZERO, |ready| drained.since(ready)),
                drain: stopped.since(drained),
                stop: ended.at.since(stopped),
                leftovers: now.since(ended.at),
                exit_code: ended.code,
            }));
        }
        self.phase = Phase::Over;
        actions.push(Action::Exit(ended.code));
    }

    /// Says the new state; for proxies it is the grant of a lease where it is awake.
    fn changed(&mut self, from: State, cause: &'static str, why: String, now: Moment, actions: &mut Vec<Action>) {
        let to = self.state();
        self.watchers.said(to, now);
        self.next_heartbeat = now + HEARTBEAT;
        self.why.clone_from(&why);
        actions.push(Action::Changed(Change { from, to, cause, why }));
    }

    // ---- facts

    /// When an idle drain would begin if nothing more is used; none: never.
    fn idle_at(&self) -> Option<Moment> {
        let idle = self.usage.last() + self.policy.idle_timeout?;
        let ready = self.history.ready.unwrap_or(self.started) + self.policy.min_awake;
        Some(idle.max(ready).max(self.hold_until))
    }

    fn beats(&self) -> bool {
        let says = match self.phase {
            Phase::Starting | Phase::Awake { .. } | Phase::Draining(_) => true,
            Phase::Stopping(_) | Phase::Ended(_) | Phase::Over => false,
        };
        says && self.watchers.is_anybody_listening()
    }

    fn drain_struck(&self, then: &'static str) -> Action {
        let (setting, limit) = match &self.phase {
            Phase::Draining(drain) if drain.cause == Cause::Signal => {
                ("stop-grace (the drain of a SIGTERM)", self.policy.signal_drain())
            }
            Phase::Starting
            | Phase::Awake { .. }
            | Phase::Draining(_)
            | Phase::Stopping(_)
            | Phase::Ended(_)
            | Phase::Over => ("drain-timeout", self.policy.drain_timeout),
        };
        Action::Struck(Struck { setting, limit, then })
    }
}

#[cfg(test)]
mod tests;
