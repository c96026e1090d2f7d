//! What the agent can do, and what can come of it. Pure values.

use std::fmt;

use cloud_map::{Registration, Retry, TaskArn};
use task_state::ServiceName;

use crate::observe::host::{GroupMember, InstanceLook, WorkLook};
use crate::observe::tasks::{Described, Endpoint};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask ECS whose tasks these are.
    Describe {
        /// At least one, at most a hundred.
        tasks: Vec<TaskArn>,
    },
    /// Ask ECS about tasks that introspection no longer lists, and those that ECS did not know for long.
    Prove {
        /// At least one, at most a hundred.
        tasks: Vec<TaskArn>,
    },
    /// Register a task in Cloud Map (A1).
    Register {
        /// Under which name.
        service: ServiceName,
        /// What.
        registration: Registration,
    },
    /// Take a task out of Cloud Map (A2).
    Deregister {
        /// Under which name.
        service: ServiceName,
        /// Which.
        task: TaskArn,
    },
    /// Tell a supervisor that its drain no longer has to wait for this agent (A2).
    Release {
        /// Its task.
        task: TaskArn,
        /// Its service.
        service: ServiceName,
        /// Where it listens.
        endpoint: Endpoint,
        /// The drain's number.
        number: u64,
        /// The watch over which the drain was heard of.
        connection: u64,
    },
    /// Ask the Auto Scaling group about this host.
    LookAtGroup,
    /// Protect this host from scale-in (A3).
    Protect {
        /// Its group.
        group: String,
    },
    /// Ask ECS about this container instance.
    LookAtInstance,
    /// Ask ECS for anything that runs, stops or waits for a host, and the group for its numbers (A4).
    LookForWork {
        /// The host's group.
        group: String,
    },
    /// Set the attribute that says who drains this host.
    Mark,
    /// Take it off.
    Unmark,
    /// Let ECS place nothing new here.
    Drain,
    /// Let it again.
    Activate {
        /// Why.
        because: Because,
    },
    /// Terminate this host.
    Terminate {
        /// Whether the group shall have one host less.
        decrement: bool,
    },
}

/// Why a release is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// There is work here.
    Work,
    /// A task waits for a host.
    Provisioning,
}

/// What two steps may not touch at the same time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The registration of a task.
    Registration(TaskArn),
    /// The reports to a task's supervisor.
    Report(TaskArn),
    /// Questions to ECS about new tasks.
    NewTasks,
    /// Questions to ECS about lost tasks.
    LostTasks,
    /// Questions to the group, and the protection.
    Group,
    /// The container instance's status and mark, and the host's end.
    Instance,
}

/// The kinds of steps: failures are counted by key and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the step of the same name")]
pub enum Kind {
    Describe,
    Prove,
    Register,
    Deregister,
    Release,
    LookAtGroup,
    Protect,
    LookAtInstance,
    LookForWork,
    Mark,
    Unmark,
    Drain,
    Activate,
    Terminate,
}

impl Step {
    /// What it touches.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Step::Describe { .. } => Key::NewTasks,
            Step::Prove { .. } => Key::LostTasks,
            Step::Register { registration, .. } => Key::Registration(registration.task.clone()),
            Step::Deregister { task, .. } => Key::Registration(task.clone()),
            Step::Release { task, .. } => Key::Report(task.clone()),
            Step::LookAtGroup | Step::Protect { .. } => Key::Group,
            Step::LookAtInstance
            | Step::LookForWork { .. }
            | Step::Mark
            | Step::Unmark
            | Step::Drain
            | Step::Activate { .. }
            | Step::Terminate { .. } => Key::Instance,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Step::Describe { .. } => Kind::Describe,
            Step::Prove { .. } => Kind::Prove,
            Step::Register { .. } => Kind::Register,
            Step::Deregister { .. } => Kind::Deregister,
            Step::Release { .. } => Kind::Release,
            Step::LookAtGroup => Kind::LookAtGroup,
            Step::Protect { .. } => Kind::Protect,
            Step::LookAtInstance => Kind::LookAtInstance,
            Step::LookForWork { .. } => Kind::LookForWork,
            Step::Mark => Kind::Mark,
            Step::Unmark => Kind::Unmark,
            Step::Drain => Kind::Drain,
            Step::Activate { .. } => Kind::Activate,
            Step::Terminate { .. } => Kind::Terminate,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Describe { tasks } => write!(f, "ask ECS about {} new task(s)", tasks.len()),
            Step::Prove { tasks } => write!(f, "ask ECS about {} lost task(s)", tasks.len()),
            Step::Register { service, registration } => {
                write!(f, "register {} of {service} at {}", registration.instance_id(), registration.address)
            }
            Step::Deregister { service, task } => write!(f, "deregister {} of {service}", task.id()),
            Step::Release { task, service, number, .. } => {
                write!(f, "release drain {number} of {} of {service}", task.id())
            }
            Step::LookAtGroup => f.write_str("ask the Auto Scaling group about this host"),
            Step::Protect { group } => write!(f, "protect this host in group {group}"),
            Step::LookAtInstance => f.write_str("ask ECS about this container instance"),
            Step::LookForWork { .. } => f.write_str("ask ECS for work on this host"),
            Step::Mark => f.write_str("mark this host as being released"),
            Step::Unmark => f.write_str("take the mark off this host"),
            Step::Drain => f.write_str("set this host DRAINING"),
            Step::Activate { because: Because::Work } => f.write_str("set this host ACTIVE: there is work"),
            Step::Activate { because: Because::Provisioning } => {
                f.write_str("set this host ACTIVE: a task waits for a host")
            }
            Step::Terminate { decrement: true } => f.write_str("terminate this host, the group wants one less"),
            Step::Terminate { decrement: false } => f.write_str("terminate this host"),
        }
    }
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done(Done),
    /// It is not known to be done.
    Failed {
        /// The error and its causes.
        why: String,
        /// Whether it may succeed later.
        retry: Retry,
    },
}

/// What a step that is done has found or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Of `Describe` and `Prove`.
    Described(Vec<(TaskArn, Described)>),
    /// Of `Register`, at the operation's SUCCESS.
    Registered,
    /// Of `Deregister`, at the operation's SUCCESS.
    Deregistered {
        /// False: there was nothing to remove.
        was_there: bool,
    },
    /// Of `Release`.
    Released,
    /// Of `LookAtGroup`.
    Group(GroupMember),
    /// Of `Protect`.
    Protected,
    /// Of `LookAtInstance`.
    Instance(InstanceLook),
    /// Of `LookForWork`.
    Work(WorkLook),
    /// Of `Mark`.
    Marked,
    /// Of `Unmark`.
    Unmarked,
    /// Of `Drain`.
    Draining,
    /// Of `Activate`.
    Active,
    /// Of `Terminate`.
    Terminated,
}
