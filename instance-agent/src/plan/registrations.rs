//! Rules A1 and A2: which tasks are to be registered, which to be taken out, and which drains may go on. Pure.

use cloud_map::{Registration, TaskArn};
use task_state::ServiceName;

use super::step::Step;
use super::{Draft, Reason};
use crate::observe::Observed;
use crate::observe::registrations::{Known, drain_of};
use crate::observe::tasks::{Ownership, Presence, Readiness, Task};

/// `DescribeTasks` takes so many.
const MOST_DESCRIBED: usize = 100;

/// A task that ECS did not know so often is asked for with the lost ones, so that new tasks do not wait for it.
const MISSES: u32 = 10;

pub(super) fn plan(draft: &mut Draft<'_>) {
    describe(draft);
    for (arn, task) in &draft.observed.tasks {
        if let Ownership::Ours(service) = &task.ownership {
            if task.is_leaving() {
                take_out(draft, arn, service, task);
            } else if task.is_ready() {
                put_in(draft, service, task);
            }
            // Anything else is not known well enough to change what is registered (A5).
        }
    }
}

/// Whether no registration of this host's tasks remains, as far as that can be known.
pub(super) fn are_settled(observed: &Observed) -> bool {
    observed.tasks.iter().all(|(arn, task)| match task.ownership {
        Ownership::Ours(_) => observed.registrations.is_gone(arn),
        Ownership::Unknown { .. } => false,
        Ownership::NotOurs => true,
    })
}

fn describe(draft: &mut Draft<'_>) {
    let new = |task: &Task| matches!(task.ownership, Ownership::Unknown { misses } if misses < MISSES);
    let lost = |task: &Task| match task.ownership {
        Ownership::Ours(_) => task.is_missed(),
        Ownership::Unknown { misses } => misses >= MISSES && task.presence == Presence::Listed,
        Ownership::NotOurs => false,
    };
    let such = |which: &dyn Fn(&Task) -> bool| -> Vec<TaskArn> {
        let tasks = draft.observed.tasks.iter().filter(|(_, task)| which(task));
        tasks.map(|(arn, _)| arn.clone()).take(MOST_DESCRIBED).collect()
    };
    let (new, lost) = (such(&new), such(&lost));
    if !new.is_empty() {
        draft.propose(Step::Describe { tasks: new });
    }
    if !lost.is_empty() {
        draft.propose(Step::Prove { tasks: lost });
    }
}

fn put_in(draft: &mut Draft<'_>, service: &ServiceName, task: &Task) {
    let Some(endpoint) = task.listed.endpoint else { return };
    let identity = &draft.observed.host.identity;
    let registration = Registration {
        task: task.listed.arn.clone(),
        address: endpoint.address,
        port: endpoint.port,
        supervisor_port: match task.readiness {
            Readiness::Said { .. } => Some(endpoint.supervisor_port),
            Readiness::Unsupervised { .. } | Readiness::Unheard { .. } => None,
        },
        revision: task.listed.revision.clone(),
        host: Some(identity.host.clone()),
        cluster: identity.cluster.clone(),
    };
    match draft.observed.registrations.of(&task.listed.arn) {
        Known::Registered(before) if *before == registration => {}
        // After a start nothing is known, so everything is registered anew.
        Known::Registered(_) | Known::Nothing | Known::Gone { .. } => {
            draft.propose(Step::Register { service: service.clone(), registration });
        }
    }
}

fn take_out(draft: &mut Draft<'_>, arn: &TaskArn, service: &ServiceName, task: &Task) {
    match draft.observed.registrations.of(arn) {
        Known::Nothing | Known::Registered(_) => {
            draft.propose(Step::Deregister { service: service.clone(), task: arn.clone() });
        }
        Known::Gone { at } => {
            let (Some((number, connection)), Some(endpoint)) = (drain_of(task), task.listed.endpoint) else { return };
            if !draft.observed.registrations.is_released(arn, number, connection) {
                let step = Step::Release { task: arn.clone(), service: service.clone(), endpoint, number, connection };
                draft.propose_from(*at + draft.policy.record_ttl, step, Reason::RecordTtl(arn.clone()));
            }
        }
    }
}
