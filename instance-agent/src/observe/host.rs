//! What is known of the host: who it is, what ECS and the Auto Scaling group say of it. Pure.

use std::net::Ipv4Addr;

use cloud_map::HostIdentity;
use daemon::moment::Moment;

use crate::news::News;
use crate::plan::step::{Done, Step};

/// Who this host is; does not change during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The EC2 instance and the kernel's boot.
    pub host: HostIdentity,
    /// Its own address, for tasks that use it.
    pub address: Ipv4Addr,
    /// The cluster, as the ECS agent calls it: name or ARN.
    pub cluster: String,
    /// The container instance.
    pub container_instance: String,
}

/// The container instance's status in ECS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceStatus {
    /// Tasks are placed on it.
    Active,
    /// No new tasks are placed on it.
    Draining,
    /// REGISTERING, DEREGISTERING and the like.
    Other,
}

/// The attribute that says: this host is being released by its agent (rule A4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not there.
    Off,
    /// Set by this run, on the way to DRAINING.
    Set,
    /// There, and not on the way to DRAINING: it was found, or the way was given up.
    Found,
}

/// What ECS says of the container instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its status.
    pub status: InstanceStatus,
    /// Since when this run knows it to have that status.
    pub since: Moment,
    /// The mark.
    pub mark: Mark,
    /// When it was last read or changed.
    pub at: Moment,
}

/// What `DescribeContainerInstances` gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceLook {
    /// Its status.
    pub status: InstanceStatus,
    /// Whether the mark is there.
    pub marked: bool,
}

/// What the Auto Scaling group says of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The group's name; none for a host outside any group.
    pub group: Option<String>,
    /// Its lifecycle state is InService: protection can be set and it can be released.
    pub in_service: bool,
    /// Protected from scale-in.
    pub protected: bool,
}

/// What ECS and the group say of work on the host, at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkLook {
    /// The container instance, read at the same time.
    pub instance: InstanceLook,
    /// Tasks on the host that are not known to have stopped: the most that any of ECS's views shows.
    pub tasks: u32,
    /// Tasks that wait for a host of this capacity provider.
    pub provisioning: u32,
    /// The group's numbers.
    pub group: GroupSize,
    /// The host in its group, read at the same time.
    pub member: GroupMember,
}

/// A group's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSize {
    /// Its desired capacity.
    pub desired: u32,
    /// The least it may have.
    pub minimum: u32,
    /// Its instances that are InService.
    pub in_service: u32,
}

/// Everything known of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Who it is.
    pub identity: Identity,
    /// Since when introspection has been saying, without a gap, that nothing runs here.
    pub empty_since: Option<Moment>,
    /// ECS's view; none before the first look.
    pub instance: Option<Instance>,
    /// The group's view, and when it was asked for.
    pub member: Option<(Moment, GroupMember)>,
    /// The last look for work, when it *began* and when it ended: in a large cluster it takes many calls.
    pub work: Option<(Moment, Moment, WorkLook)>,
    /// Since when nothing has spoken against a release; a task that waits for a host starts it anew.
    pub quiet_since: Moment,
    /// How often in a row a task that waited for a host has kept this one.
    pub gave_way: u32,
    /// Its termination has been accepted.
    pub terminated: bool,
}

impl Host {
    /// At the start of a run.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Host {
            identity,
            empty_since: None,
            instance: None,
            member: None,
            work: None,
            quiet_since: Moment::START,
            gave_way: 0,
            terminated: false,
        }
    }

    pub(super) fn note(&mut self, step: &Step, done: &Done, started: Moment, now: Moment) -> Vec<News> {
        match (step, done) {
            (Step::LookAtGroup, Done::Group(member)) => {
                self.member = Some((started, member.clone()));
                Vec::new()
            }
            (Step::Protect { .. }, Done::Protected) => {
                if let Some((_, member)) = &mut self.member {
                    member.protected = true;
                }
                vec![News::ProtectionSet]
            }
            (Step::LookAtInstance, Done::Instance(look)) => self.read(look, now),
            (Step::LookForWork { .. }, Done::Work(look)) => {
                let mut news = self.read(&look.instance, now);
                if look.provisioning > 0 {
                    self.gave_way = self.gave_way.saturating_add(1);
                    self.quiet_since = now;
                } else {
                    self.gave_way = 0;
                }
                news.extend((look.tasks > 0).then_some(News::WorkFound { tasks: look.tasks }));
                self.member = Some((started, look.member.clone()));
                self.work = Some((started, now, look.clone()));
                news
            }
            (Step::Mark, Done::Marked) => self.change(now, |instance| instance.mark = Mark::Set),
            (Step::Unmark, Done::Unmarked) => self.change(now, |instance| instance.mark = Mark::Off),
            (Step::Drain, Done::Draining) => {
                self.become_status(InstanceStatus::Draining, now);
                vec![News::HostDraining]
            }
            (Step::Activate { .. }, Done::Active) => {
                self.become_status(InstanceStatus::Active, now);
                self.change(now, |instance| instance.mark = Mark::Found);
                vec![News::HostActive]
            }
            (Step::Terminate { decrement }, Done::Terminated) => {
                self.terminated = true;
                vec![News::HostTerminated { decrement: *decrement }]
            }
            _ => Vec::new(),
        }
    }

    /// A change of the container instance that failed may have happened all the same: it has to be read again.
    pub(super) fn note_failure(&mut self, step: &Step) {
        if matches!(step, Step::Mark | Step::Unmark | Step::Drain | Step::Activate { .. }) {
            self.instance = None;
        }
    }

    fn change(&mut self, now: Moment, change: impl FnOnce(&mut Instance)) -> Vec<News> {
        if let Some(instance) = &mut self.instance {
            instance.at = now;
            change(instance);
        }
        Vec::new()
    }

    fn become_status(&mut self, status: InstanceStatus, now: Moment) {
        self.change(now, |instance| {
            instance.status = status;
            instance.since = now;
        });
        // Whatever was seen before belongs to the other status.
        self.work = None;
    }

    fn read(&mut self, look: &InstanceLook, now: Moment) -> Vec<News> {
        let before = self.instance;
        let since = match before {
            Some(known) if known.status == look.status => known.since,
            Some(_) | None => now,
        };
        let mark = if look.marked { Mark::Found } else { Mark::Off };
        self.instance = Some(Instance { status: look.status, since, mark, at: now });
        let by_somebody = |status: InstanceStatus, marked: bool| status == InstanceStatus::Draining && !marked;
        let was = before.is_some_and(|known| by_somebody(known.status, known.mark != Mark::Off));
        let is = by_somebody(look.status, look.marked);
        (is && !was).then_some(News::DrainedBySomebody).into_iter().collect()
    }
}
