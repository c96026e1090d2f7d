//! A small model of the world, in which plans are carried out step by step, steps fail, and agents are killed. It checks
//! at each step that the step is allowed, and at the end that the goal is reached and a second plan is empty.

mod promises;
mod random;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use cloud_map::{HostIdentity, Registration, Retry, TaskArn};
use daemon::moment::Moment;
use task_state::{Cause, ServiceName, State};

use super::pace::Pace;
use super::step::{Done, Outcome, Step};
use super::{Plan, Policy, Reason};
use crate::observe::Observed;
use crate::observe::host::{GroupMember, GroupSize, Host, Identity, InstanceLook, InstanceStatus, WorkLook};
use crate::observe::tasks::{APP_PORT, Described, Endpoint, Listed, REFUSALS, SUPERVISOR_PORT, Status, Word};

pub(super) const GRACE: Duration = Duration::from_secs(60);
const TTL: Duration = Duration::from_secs(5);
const SETTLES: Duration = Duration::from_secs(5);
const MINUTES: Duration = Duration::from_secs(600);

/// What a task really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Starting,
    Ready,
    Draining(u64),
    Stopped,
}

#[derive(Clone, Debug)]
pub(super) struct Real {
    pub(super) life: Life,
    pub(super) supervised: bool,
    pub(super) ours: bool,
    /// From when introspection shows it; ECS does at once.
    pub(super) shown_from: Moment,
    pub(super) released: Option<u64>,
    deregistered: Option<Moment>,
}

/// How the next steps go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing happens.
    Refused,
    /// It happens, and the answer is lost.
    AnswerLost,
}

pub(super) struct World {
    pub(super) now: Moment,
    pub(super) observed: Observed,
    policy: Policy,
    pub(super) tasks: BTreeMap<TaskArn, Real>,
    pub(super) cloud_map: BTreeMap<TaskArn, Registration>,
    pub(super) status: InstanceStatus,
    draining_since: Moment,
    pub(super) marked: bool,
    pub(super) protected: bool,
    /// As the last look had it: somebody may take it off right after.
    seen_protected: bool,
    pub(super) group: GroupSize,
    pub(super) provisioning: u32,
    pub(super) terminated: Option<bool>,
    pub(super) listing_fails: bool,
    /// The ECS agent has lost its state: it lists nothing.
    pub(super) forgetful: bool,
    pub(super) faults: Vec<Fault>,
    connection: u64,
    pub(super) history: Vec<String>,
}

pub(super) fn arn(number: usize) -> TaskArn {
    format!("arn:aws:ecs:eu-west-1:111122223333:task/c1/{number:032x}").parse().expect("an ARN")
}

pub(super) fn demo() -> ServiceName {
    "demo".parse().expect("a name")
}

impl World {
    pub(super) fn new() -> Self {
        World {
            now: Moment::millis(1_000),
            observed: fresh_agent(),
            policy: Policy::new(GRACE),
            tasks: BTreeMap::new(),
            cloud_map: BTreeMap::new(),
            status: InstanceStatus::Active,
            draining_since: Moment::START,
            marked: false,
            protected: true,
            seen_protected: true,
            group: GroupSize { desired: 1, minimum: 0, in_service: 1 },
            provisioning: 0,
            terminated: None,
            listing_fails: false,
            forgetful: false,
            faults: Vec::new(),
            connection: 0,
            history: Vec::new(),
        }
    }

    pub(super) fn place(&mut self, life: Life) -> TaskArn {
        let arn = arn(self.tasks.len());
        let real =
            Real { life, supervised: true, ours: true, shown_from: self.now, released: None, deregistered: None };
        self.tasks.insert(arn.clone(), real);
        arn
    }

    pub(super) fn task(&mut self, arn: &TaskArn) -> &mut Real {
        self.tasks.get_mut(arn).expect("a task of this world")
    }

    /// The agent dies and the next one knows nothing.
    pub(super) fn kill(&mut self) {
        self.observed = fresh_agent();
        self.history.push(format!("{}: agent killed", self.now));
    }

    fn has_work(&self) -> bool {
        self.tasks.values().any(|task| task.life != Life::Stopped)
    }

    fn look(&mut self) {
        let now = self.now;
        let shown = |task: &Real| task.shown_from <= now && !self.forgetful;
        let listed = self.tasks.iter().filter(|(_, task)| shown(task)).map(listed).collect();
        let look = if self.listing_fails { Err("the ECS agent restarts".to_owned()) } else { Ok(listed) };
        self.observed.note_listing(now, look, now);
        self.connection += 1;
        let followed: Vec<TaskArn> = self.observed.followed().map(|(arn, _)| arn.clone()).collect();
        for arn in followed {
            let real = &self.tasks[&arn];
            let word = match (real.supervised, real.life) {
                (true, life) => {
                    Word::Said { service: demo(), task: Some(arn.to_string()), state: state(life), connection: 1 }
                }
                (false, life) => Word::Refused { accepts: Some(life == Life::Ready) },
            };
            for _ in 0..REFUSALS {
                self.observed.note_word(&arn, word.clone(), now);
            }
        }
    }

    /// One turn: look, plan, carry out; where there is nothing to do, time passes. False: nothing is left to come.
    pub(super) fn turn(&mut self) -> bool {
        self.look();
        let plan = Plan::new(&self.observed, &self.policy, self.now);
        for step in &plan.steps {
            self.observed.note_started(step, self.now);
            self.history.push(format!("{}: {step}", self.now));
            let outcome = match self.faults.pop() {
                Some(Fault::Refused) => None,
                Some(Fault::AnswerLost) => {
                    let _ = self.carry_out(step);
                    None
                }
                None => Some(self.carry_out(step)),
            };
            let lost = Outcome::Failed { why: "lost".to_owned(), retry: Retry::Allowed };
            self.observed.note_outcome(step, &outcome.map_or(lost, Outcome::Done), self.now);
        }
        if !plan.steps.is_empty() {
            self.now = self.now + Duration::from_millis(20);
            return true;
        }
        let shown = self.tasks.values().map(|task| task.shown_from).filter(|from| *from > self.now).min();
        let coming = |wait: &&super::Wait| match wait.reason {
            Reason::Retry(_)
            | Reason::RecordTtl(_)
            | Reason::IdleGrace
            | Reason::Registrations
            | Reason::DrainSettles => true,
            Reason::LookForWork => !self.has_work() && self.group.desired > self.group.minimum,
            Reason::LookAtGroup | Reason::LookAtInstance => false,
        };
        let next = plan.waits.iter().filter(coming).map(|wait| wait.until).chain(shown).min();
        match next {
            Some(next) if self.terminated.is_none() => {
                self.now = next.max(self.now + Duration::from_millis(20));
                true
            }
            Some(_) | None => false,
        }
    }

    /// Turns until nothing is left to come.
    pub(super) fn settle(&mut self) {
        for _ in 0..1_000 {
            if !self.turn() {
                return;
            }
        }
        panic!("it never comes to rest:\n{}", self.history.join("\n"));
    }

    /// Turns until the world is as wanted.
    pub(super) fn until(&mut self, wanted: impl Fn(&World) -> bool) {
        for _ in 0..1_000 {
            if wanted(self) {
                return;
            }
            assert!(self.turn(), "it came to rest before:\n{}", self.history.join("\n"));
        }
        panic!("it never comes to that:\n{}", self.history.join("\n"));
    }

    fn carry_out(&mut self, step: &Step) -> Done {
        let now = self.now;
        match step {
            Step::Describe { tasks } | Step::Prove { tasks } => {
                Done::Described(tasks.iter().map(|arn| (arn.clone(), self.described(arn))).collect())
            }
            Step::Register { service, registration } => {
                let real = &self.tasks[&registration.task];
                assert!(real.ours && real.life == Life::Ready && *service == demo(), "{step} is not ready");
                assert_eq!(registration.supervisor_port.is_some(), real.supervised, "{step}");
                self.cloud_map.insert(registration.task.clone(), registration.clone());
                self.task(&registration.task.clone()).deregistered = None;
                Done::Registered
            }
            Step::Deregister { task, .. } => {
                let real = &self.tasks[task];
                assert!(matches!(real.life, Life::Draining(_) | Life::Stopped), "{step}, but it is {:?}", real.life);
                let was_there = self.cloud_map.remove(task).is_some();
                self.task(task).deregistered = Some(now);
                Done::Deregistered { was_there }
            }
            Step::Release { task, number, .. } => {
                assert!(!self.cloud_map.contains_key(task), "{step}: it is still registered");
                let since = self.tasks[task].deregistered.expect("deregistered before it is released");
                assert!(now.since(since) >= TTL, "{step}: its address may still be held");
                self.task(task).released = Some(*number);
                Done::Released
            }
            Step::LookAtGroup => Done::Group(self.member()),
            Step::Protect { .. } => {
                self.protected = true;
                self.seen_protected = true;
                Done::Protected
            }
            Step::LookAtInstance => Done::Instance(self.instance()),
            Step::LookForWork { .. } => Done::Work(WorkLook {
                instance: self.instance(),
                tasks: self.tasks.values().filter(|task| task.life != Life::Stopped).count() as u32,
                provisioning: self.provisioning,
                group: self.group,
                member: self.member(),
            }),
            Step::Mark => {
                assert_eq!(self.status, InstanceStatus::Active, "{step}");
                self.marked = true;
                Done::Marked
            }
            Step::Unmark => {
                assert_eq!(self.status, InstanceStatus::Active, "ACTIVE first, then the mark");
                self.marked = false;
                Done::Unmarked
            }
            Step::Drain => {
                assert!(self.marked, "the mark before DRAINING");
                self.status = InstanceStatus::Draining;
                self.draining_since = now;
                Done::Draining
            }
            Step::Activate { .. } => {
                assert!(self.marked, "only a drain of its own is taken back");
                self.status = InstanceStatus::Active;
                Done::Active
            }
            Step::Terminate { decrement } => {
                assert!(!self.has_work(), "{step} with work on it");
                assert!(self.status == InstanceStatus::Draining && self.marked && self.seen_protected, "{step}");
                assert!(now.since(self.draining_since) >= SETTLES, "{step} too soon");
                assert_eq!(*decrement, self.group.desired >= self.group.in_service);
                assert!(self.cloud_map.is_empty(), "{step} with registrations left");
                self.terminated = Some(*decrement);
                Done::Terminated
            }
        }
    }

    fn described(&self, arn: &TaskArn) -> Described {
        match self.tasks.get(arn) {
            Some(task) => Described::Found { service: task.ours.then(demo), stopped: task.life == Life::Stopped },
            None => Described::Missing,
        }
    }

    fn member(&mut self) -> GroupMember {
        self.seen_protected = self.protected;
        GroupMember { group: Some("group".to_owned()), in_service: true, protected: self.protected }
    }

    fn instance(&self) -> InstanceLook {
        InstanceLook { status: self.status, marked: self.marked }
    }

    /// What should be so once everything has settled.
    pub(super) fn assert_goal(&mut self) {
        let history = self.history.join("\n");
        for (arn, task) in self.tasks.iter().filter(|(_, task)| task.ours) {
            let registered = self.cloud_map.contains_key(arn);
            match task.life {
                Life::Ready => assert!(registered, "{arn} is ready and not registered:\n{history}"),
                Life::Draining(number) => {
                    assert!(!registered, "{arn} drains and is registered:\n{history}");
                    assert!(!task.supervised || task.released == Some(number), "{arn} is not released:\n{history}");
                }
                Life::Stopped => assert!(!registered, "{arn} has stopped and is registered:\n{history}"),
                Life::Starting => {}
            }
        }
        let needed = self.group.desired >= self.group.in_service && self.group.desired <= self.group.minimum;
        if !self.has_work() && !needed {
            assert!(self.terminated.is_some(), "an empty host is kept:\n{history}");
        } else {
            assert_eq!(self.terminated, None, "{history}");
            assert!(self.protected, "an ACTIVE host is not protected:\n{history}");
            assert!(!self.marked && self.status == InstanceStatus::Active, "not back to ACTIVE:\n{history}");
        }
        let second = Plan::new(&self.observed, &self.policy, self.now);
        assert_eq!(second.steps, [], "a second plan is not empty:\n{history}");
    }
}

fn fresh_agent() -> Observed {
    let identity = Identity {
        host: HostIdentity { instance: "i-0123456789abcdef0".to_owned(), boot: "boot".to_owned() },
        address: Ipv4Addr::new(10, 0, 0, 1),
        cluster: "c1".to_owned(),
        container_instance: "arn:aws:ecs:eu-west-1:111122223333:container-instance/c1/0".to_owned(),
    };
    Observed::new(Host::new(identity), Pace::new(0.0))
}

fn listed((arn, task): (&TaskArn, &Real)) -> Listed {
    Listed {
        arn: arn.clone(),
        revision: "demo:1".to_owned(),
        desired: Some(Status::Running).filter(|_| task.life != Life::Stopped),
        known: if task.life == Life::Stopped { Status::Stopped } else { Status::Running },
        endpoint: Some(Endpoint {
            address: Ipv4Addr::new(10, 0, 2, 100),
            port: APP_PORT,
            supervisor_port: SUPERVISOR_PORT,
        }),
    }
}

fn state(life: Life) -> State {
    match life {
        Life::Starting => State::Starting,
        Life::Ready => State::Awake { ready: true },
        Life::Draining(number) => State::Draining { number, cause: Cause::Idle },
        Life::Stopped => State::Gone,
    }
}
