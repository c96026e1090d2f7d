//! Rule A3: a host is protected from scale-in from birth. Where that is found off it is set again; nothing here ever
//! takes it off. Pure.

use super::step::Step;
use super::{Draft, Reason};
use crate::observe::host::{InstanceStatus, Mark};

pub(super) fn plan(draft: &mut Draft<'_>) {
    let host = &draft.observed.host;
    let Some((at, member)) = &host.member else {
        draft.propose(Step::LookAtGroup);
        return;
    };
    let pause = match (&member.group, member.in_service) {
        // Protection can be set only in service, and a host is not in service for long at its start and end.
        (Some(_), false) => draft.policy.look_soon,
        (Some(_), true) | (None, _) => draft.policy.look_seldom,
    };
    // A host that somebody else drains is theirs.
    let ours = host.instance.is_some_and(|i| i.status != InstanceStatus::Draining || i.mark != Mark::Off);
    match &member.group {
        Some(group) if member.in_service && !member.protected && ours && !host.terminated => {
            draft.propose(Step::Protect { group: group.clone() });
        }
        Some(_) | None => draft.propose_from(*at + pause, Step::LookAtGroup, Reason::LookAtGroup),
    }
}
