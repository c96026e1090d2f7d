//! Rule A4: an empty host is released: marked, DRAINING, looked at again, terminated while still protected. Pure.
//!
//! One step in a plan, so that the order is kept whatever fails and whenever the agent is killed:
//!
//! | ECS says | mark | then |
//! | --- | --- | --- |
//! | ACTIVE | off | empty for the grace, ECS agrees → mark |
//! | ACTIVE | set | still empty → DRAINING; else take the mark off |
//! | ACTIVE | found | take the mark off, before anything else |
//! | DRAINING | set, found | wait 5 s, look → terminate, or ACTIVE where there is work |
//! | DRAINING | off | somebody else drains it: leave it alone |

use daemon::moment::Moment;

use super::registrations::are_settled;
use super::step::{Because, Step};
use super::{Draft, Reason};
use crate::observe::host::{GroupSize, Host, Instance, InstanceStatus, Mark, WorkLook};

pub(super) fn plan(draft: &mut Draft<'_>) {
    let host = &draft.observed.host;
    if host.terminated {
        return;
    }
    let Some(instance) = host.instance else {
        draft.propose(Step::LookAtInstance);
        return;
    };
    match (instance.status, instance.mark) {
        (InstanceStatus::Active, Mark::Found) => draft.propose(Step::Unmark),
        (InstanceStatus::Active, Mark::Set) => match draft.observed.is_empty() {
            Some(true) => draft.propose(Step::Drain),
            Some(false) => draft.propose(Step::Unmark),
            None => {}
        },
        (InstanceStatus::Active, Mark::Off) => begin(draft, host, instance),
        (InstanceStatus::Draining, Mark::Set | Mark::Found) => go_on(draft, host, instance),
        (InstanceStatus::Draining, Mark::Off) | (InstanceStatus::Other, _) => {
            let due = instance.at + draft.policy.look_again;
            draft.propose_from(due, Step::LookAtInstance, Reason::LookAtInstance);
        }
    }
}

/// ACTIVE and unmarked: whether to begin.
fn begin(draft: &mut Draft<'_>, host: &Host, instance: Instance) {
    let (Some(empty_since), Some(group)) = (host.empty_since, releasable(host)) else { return };
    let mut quiet = empty_since.max(instance.since);
    if host.gave_way <= draft.policy.most_give_ways {
        quiet = quiet.max(host.quiet_since);
    }
    let due = quiet + draft.policy.idle_grace;
    if draft.now < due {
        draft.wait(due, Reason::IdleGrace);
        return;
    }
    if !registrations_may_stay(draft, due) {
        return;
    }
    match fresh_look(draft, host, due) {
        Some(look) if look.tasks == 0 && !is_needed(look.group) => draft.propose(Step::Mark),
        Some(_) | None => {
            let earliest = match &host.work {
                Some((at, _, look)) if look.tasks > 0 || is_needed(look.group) => *at + draft.policy.look_again,
                Some(_) | None => Moment::START,
            };
            draft.propose_from(earliest, Step::LookForWork { group }, Reason::LookForWork);
        }
    }
}

/// DRAINING and marked: whether to end it or to go back.
fn go_on(draft: &mut Draft<'_>, host: &Host, instance: Instance) {
    match draft.observed.is_empty() {
        Some(true) => {}
        Some(false) => {
            draft.propose(Step::Activate { because: Because::Work });
            return;
        }
        // Unknown counts as work, but is none: neither on nor back.
        None => return,
    }
    let due = instance.since + draft.policy.drain_settles;
    if draft.now < due {
        draft.wait(due, Reason::DrainSettles);
        return;
    }
    if !registrations_may_stay(draft, instance.since) {
        return;
    }
    let Some(group) = releasable(host) else { return };
    match fresh_look(draft, host, due) {
        None => draft.propose(Step::LookForWork { group }),
        Some(look) if look.tasks > 0 => draft.propose(Step::Activate { because: Because::Work }),
        Some(look) if look.provisioning > 0 && host.gave_way <= draft.policy.most_give_ways => {
            draft.propose(Step::Activate { because: Because::Provisioning });
        }
        Some(look) => {
            let decrement = look.group.desired >= look.group.in_service;
            draft.propose(Step::Terminate { decrement });
        }
    }
}

/// The group of a host that can be terminated: it is in one, in service, and protected until its end.
fn releasable(host: &Host) -> Option<String> {
    let (_, member) = host.member.as_ref()?;
    member.group.clone().filter(|_| member.in_service && member.protected)
}

/// The last look for work, where it began at `not_before` or later and has ended just now.
fn fresh_look<'a>(draft: &Draft<'_>, host: &'a Host, not_before: Moment) -> Option<&'a WorkLook> {
    let (began, ended, look) = host.work.as_ref()?;
    (*began >= not_before && draft.now.since(*ended) <= draft.policy.fresh).then_some(look)
}

/// Whether the group's minimum keeps this host: it would refuse to want one less.
fn is_needed(group: GroupSize) -> bool {
    group.desired >= group.in_service && group.desired <= group.minimum
}

/// A host goes when its registrations are gone, or, so that a Cloud Map that fails for long does not keep it for ever,
/// at a deadline. What remains then is removed by the sweep of orphans.
fn registrations_may_stay(draft: &mut Draft<'_>, since: Moment) -> bool {
    let deadline = since + draft.policy.registrations_deadline;
    let may = are_settled(draft.observed) || draft.now >= deadline;
    if !may {
        draft.wait(deadline, Reason::Registrations);
    }
    may
}
