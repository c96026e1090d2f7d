//! A core whose looks and questions are answered at once, and a clock that is moved on: what stories are told with.

use super::*;

pub(super) const TERM: Event = Event::Signal(SignalNumber(15));
pub(super) const ASKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));
pub(super) const PEER: &str = "10.0.0.9:4000";

/// A core and the actions it asked for, in a world where looks are answered at once.
pub(super) struct Story {
    pub(super) core: Core,
    pub(super) now: Moment,
    pub(super) connections: Vec<Connection>,
    pub(super) listens: bool,
    pub(super) blind: bool,
    pub(super) file: FileSeen,
    /// What each look shows besides.
    pub(super) shows: fn(&mut Look, Moment),
    /// What the readiness address and the ECS agent answer at once; none: nothing.
    pub(super) probed: Option<Probed>,
    pub(super) agent: fn(bool) -> Option<Said>,
    pub(super) released_under_lease: bool,
    pub(super) actions: Vec<(Moment, Action)>,
    /// Whether the app runs, and whether anything of it is left.
    pub(super) runs: bool,
    pub(super) leftovers: bool,
}

impl Story {
    pub(super) fn starts(policy: Policy) -> Self {
        let core = Core::new(policy, Moment::START);
        Story {
            core,
            now: Moment::START,
            connections: vec![],
            listens: false,
            blind: false,
            shows: |_, _| (),
            probed: None,
            agent: |on| Some(Said::Is(on)),
            released_under_lease: false,
            file: FileSeen::default(),
            runs: true,
            leftovers: false,
            actions: vec![],
        }
    }

    pub(super) fn awake(policy: Policy) -> Self {
        let mut story = Story::starts(policy);
        story.listens = true;
        story.happens(Event::Tick);
        assert_eq!(story.core.state(), State::Awake { ready: true });
        story
    }

    pub(super) fn happens(&mut self, event: Event) {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.core.handle(event, self.now) {
                if action == Action::Start {
                    assert!(!self.runs && !self.leftovers, "started beside what is left of the old life");
                    self.runs = true;
                }
                if matches!(action, Action::Forward(_) | Action::Term | Action::Kill) {
                    assert!(self.runs, "{action:?} without an app");
                }
                events.extend(self.answer(&action));
                self.actions.push((self.now, action));
            }
        }
    }

    pub(super) fn app_ends(&mut self, ending: Ending) {
        if std::mem::take(&mut self.runs) {
            self.leftovers = true;
            self.happens(Event::AppEnded(ending));
        }
    }

    /// All that the app left behind end, as they do sooner or later.
    pub(super) fn leftovers_go(&mut self) {
        if std::mem::take(&mut self.leftovers) {
            self.happens(Event::AllGone);
        }
    }

    /// What comes of an action at once.
    pub(super) fn answer(&mut self, action: &Action) -> Option<Event> {
        if *action == Action::LeftToEcs {
            let until = self.core.draining().and_then(|number| self.core.watchers().leases_end(number));
            self.released_under_lease |= until.is_some_and(|until| self.now < until);
        }
        if *action == Action::LookAtBusyFile {
            return Some(Event::SawBusyFile(self.file));
        }
        if let Action::Look(scope) = action {
            return Some(Event::Looked(*scope, self.look()));
        }
        if let Action::Ask(Ask::Protection { on, .. }) = action {
            return (self.agent)(*on).map(Event::ProtectionAnswered);
        }
        self.probed.clone().filter(|_| *action == Action::Ask(Ask::Ready)).map(Event::Probed)
    }

    pub(super) fn look(&self) -> Option<Look> {
        let mut seen = look(&self.connections);
        if !self.listens || !self.runs {
            seen.listeners.clear();
        }
        (self.shows)(&mut seen, self.now);
        (!self.blind).then_some(seen)
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn passes(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(deadline) = self.core.deadline().filter(|deadline| deadline.at <= end) {
            self.now = self.now.max(deadline.at);
            self.happens(Event::Tick);
        }
        self.now = end;
    }

    pub(super) fn joins(&mut self, client: u64, name: &str, role: Role) {
        let address: IpAddr = "10.0.0.5".parse().expect("address");
        self.happens(Event::Watching { client: ClientId(client), who: Some((id(name), role)), address });
    }

    pub(super) fn releases(&mut self, name: &str, drain: u64) {
        let report = Report { sequence: drain, in_flight: 0, unanswered: 0, released: Some(drain) };
        self.happens(Event::Reported(id(name), report));
    }

    pub(super) fn when(&self, wanted: impl Fn(&Action) -> bool) -> Option<Moment> {
        self.actions.iter().find(|(_, action)| wanted(action)).map(|(at, _)| *at)
    }

    pub(super) fn exit(&self) -> Option<u8> {
        self.actions.iter().find_map(|(_, action)| if let Action::Exit(code) = action { Some(*code) } else { None })
    }

    pub(super) fn count(&self, wanted: impl Fn(&Action) -> bool) -> usize {
        self.actions.iter().filter(|(_, action)| wanted(action)).count()
    }

    /// The changes of state, as before and after.
    pub(super) fn changes(&self) -> Vec<(State, State)> {
        let change = |action: &Action| if let Action::Changed(c) = action { Some((c.from, c.to)) } else { None };
        self.actions.iter().filter_map(|(_, action)| change(action)).collect()
    }

    pub(super) fn path(&self) -> Vec<&'static str> {
        self.changes().iter().map(|(_, to)| to.phase()).collect()
    }
}

pub(super) fn id(name: &str) -> WatcherId {
    name.parse().expect("id")
}

pub(super) fn is_term(action: &Action) -> bool {
    *action == Action::Term
}

pub(super) fn held(name: &str, secs: u64) -> Event {
    Event::Held { holder: name.parse().expect("holder"), lease: Duration::from_secs(secs) }
}
