//! Carries out each action. No ifs about policy.

mod say;

use daemon::moment::Moment;
use task_state::{Message, MessageKind, PROTOCOL, Role, Stamp, State};

use crate::app::App;
use crate::asking::endpoints::Endpoints;
use crate::busy_file::BusyFile;
use crate::decide::action::{Action, Change, Event, SelfEnd, Sleep, Struck, Woke};
use crate::decide::restart::Next;
use crate::decide::watchers::{ClientId, lease_of};
use crate::identity::Identity;
use crate::log::{self, Shown};
use crate::looker::Looker;
use crate::sources::Sources;

/// What came of an action.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It is done, and this came of it.
    Then(Event),
    /// The supervisor has to exit with this code.
    Exit(u8),
}

/// The hands of the supervisor.
#[derive(Debug)]
pub struct Hands {
    /// The app, and what it leaves behind.
    pub app: App,
    /// What looks at it.
    pub looker: Looker,
    /// Who speaks.
    pub identity: Identity,
    busy_file: Option<BusyFile>,
    /// Who can be asked.
    pub endpoints: Endpoints,
}

/// The moment as the watchers are told it.
#[must_use]
pub fn stamp(now: Moment) -> Stamp {
    Stamp(millis(now.since_start()))
}

impl Hands {
    /// Of a supervisor whose app runs.
    #[must_use]
    pub fn new(
        app: App,
        looker: Looker,
        identity: Identity,
        busy_file: Option<BusyFile>,
        endpoints: Endpoints,
    ) -> Self {
        Hands { app, looker, identity, busy_file, endpoints }
    }

    /// Carries out `action`, decided at `now` in `state`.
    pub fn carry_out(&mut self, action: Action, state: State, now: Moment, sources: &mut Sources) -> Outcome {
        match action {
            Action::Look(scope) => {
                let (status, asking, epoll) = sources.own_connections();
                let opened = || {
                    status.accept(epoll, now);
                    status.accepted() + asking.opened_here()
                };
                return Outcome::Then(self.looker.look(scope, opened, |peer| asking.is_own(peer, now)));
            }
            Action::LookAtBusyFile => return self.look_at_busy_file(),
            // Whoever has the figures writes them.
            Action::Measure => {}
            Action::Exit(code) => return Outcome::Exit(code),
            Action::Changed(change) => tell_change(&change, now, sources),
            Action::Hello(client) => self.hello(client, state, now, sources),
            Action::Heartbeat => say(&MessageKind::Heartbeat, state, now, sources),
            Action::Forward(signal) => self.app.signal(signal),
            Action::Term => self.app.tell_to_end(),
            Action::Kill => self.app.kill(),
            Action::Pause => self.app.pause_with_it(),
            Action::Start => return self.app.start_again().map_or(Outcome::Done, Outcome::Then),
            Action::TermLeftovers => log_leftovers(self.app.leftovers.term()),
            Action::KillLeftovers => log_killed(self.app.leftovers.kill()),
            Action::RemoveFile => sources.remove_file(),
            Action::Ask(ask) => {
                if let Some((purpose, question)) = self.endpoints.question(ask) {
                    sources.ask(purpose, question, now);
                }
            }
            Action::TaskUnknown(why) => say::task_unknown(&why),
            Action::Protection(news) => say::protection(&news),
            Action::LeftToEcs => say::left_to_ecs(),
            Action::WouldSleep(why) => say::would_sleep(&why),
            Action::WouldWake(asleep, by, summary) => say::would_wake(asleep, &by, &summary),
            Action::WouldHaveSlept(summary) => say::would_have_slept(&summary),
            Action::Struck(struck) => log_struck(&struck),
            Action::EndedByItself(end) => log_end(end),
            Action::Woke(woke) => log_wake(&woke),
            Action::Slept(sleep) => log_sleep(&sleep),
        }
        Outcome::Done
    }

    fn look_at_busy_file(&mut self) -> Outcome {
        match &mut self.busy_file {
            Some(file) => Outcome::Then(Event::SawBusyFile(file.look())),
            None => Outcome::Done,
        }
    }

    fn hello(&self, client: ClientId, state: State, now: Moment, sources: &mut Sources) {
        let task = self.identity.task_arn();
        let Identity { service, boot, .. } = self.identity.clone();
        let kind = MessageKind::Hello { protocol: PROTOCOL, service, task, boot };
        let (status, epoll) = sources.status();
        status.hello(client, |role| line(&kind, role, state, now), epoll, now);
        // One that comes so late is told, and its stream ends like all others did.
        if is_last(state) {
            status.end_watches(epoll, now);
        }
    }
}

fn tell_change(change: &Change, now: Moment, sources: &mut Sources) {
    let Change { from, to, cause, why } = change;
    let drain = match (from, to) {
        (_, State::Draining { number, .. }) | (State::Draining { number, .. }, _) => Some(*number),
        _ => None,
    };
    log::info("state changed")
        .with("from", from.phase())
        .with("to", to.phase())
        .with("ready", to.is_ready())
        .with("cause", *cause)
        .with("drain", drain)
        .with("why", why)
        .write();
    say(&MessageKind::State, *to, now, sources);
    if is_last(*to) {
        let (status, epoll) = sources.status();
        status.end_watches(epoll, now);
    }
}

fn say(kind: &MessageKind, state: State, now: Moment, sources: &mut Sources) {
    let (status, epoll) = sources.status();
    status.say(|role| line(kind, role, state, now), epoll, now);
}

fn line(kind: &MessageKind, role: Role, state: State, now: Moment) -> Vec<u8> {
    let lease_ms = lease_of(role, state).map(|lease| u64::try_from(lease.as_millis()).unwrap_or(u64::MAX));
    Message { kind: kind.clone(), stamp: stamp(now), state, lease_ms }.to_line()
}

/// After these a watch has nothing more to say (rule S6).
fn is_last(state: State) -> bool {
    match state {
        State::Stopping | State::Gone => true,
        State::Starting | State::Awake { .. } | State::Draining { .. } => false,
    }
}

fn log_leftovers(count: usize) {
    if count > 0 {
        log::info("app left processes behind; they got SIGTERM").with("count", count).write();
    }
}

fn log_killed(count: usize) {
    if count > 0 {
        log::warn("leftovers of the app did not end in time and were killed").with("count", count).write();
    }
}

fn log_end(SelfEnd { ending, next }: SelfEnd) {
    let message = "app ended by itself";
    let (line, restart_in, no_restart) = match next {
        Next::Again(after) => (log::warn(message), Some(millis(after)), None),
        Next::End { why, gave_up: true } => (log::error(message), None, Some(why)),
        Next::End { why, gave_up: false } => (log::info(message), None, Some(why)),
    };
    line.with("ending", Shown(ending)).with("restart_in_ms", restart_in).with("no_restart", no_restart).write();
}

fn log_struck(struck: &Struck) {
    let Struck { setting, limit, then } = struck;
    log::warn("deadline struck").with("setting", *setting).with("limit_ms", millis(*limit)).with("then", *then).write();
}

fn log_wake(woke: &Woke) {
    let line = log::info("service woke");
    match woke {
        Woke::Started { waited, spawn, listen, ready } => line
            .with("cause", "start")
            .with("waited_for_by", waited.as_ref().map(|id| id.to_string()))
            .with("spawn_ms", millis(*spawn))
            .with("listen_ms", listen.map(millis))
            .with("ready_ms", millis(*ready))
            .write(),
        Woke::Back { cause, why, drain } => {
            line.with("cause", *cause).with("why", why).with("drain_ms", millis(*drain)).write();
        }
    }
}

fn log_sleep(sleep: &Sleep) {
    log::info("service sleeps")
        .with("cause", sleep.cause)
        .with("why", &sleep.why)
        .with("awake_ms", millis(sleep.awake))
        .with("drain_ms", millis(sleep.drain))
        .with("stop_ms", millis(sleep.stop))
        .with("leftovers_ms", millis(sleep.leftovers))
        .with("exit_code", sleep.exit_code)
        .write();
}

/// Whole milliseconds, as lines and messages tell them.
#[must_use]
pub fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
