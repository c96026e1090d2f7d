//! The REPLICA strategy: so many tasks, wherever they fit.

use std::collections::BTreeMap;

use super::{Facts, Hindrance, Phase, Plan, Step, TaskFact, stops};

pub(super) fn plan(facts: &Facts, desired: usize) -> Plan {
    let stays = |task: &&TaskFact| task.current && (!task.leaves || task.protected);
    let staying: Vec<&TaskFact> = facts.live().filter(stays).collect();
    let going: Vec<&TaskFact> = facts.live().filter(|task| !stays(task)).collect();

    let room = facts.maximum().saturating_sub(facts.tasks.len());
    let missing = desired.saturating_sub(staying.len());
    let starts = if facts.may_start { missing.min(room) } else { 0 };

    let mut replaced: Vec<&TaskFact> = going.iter().copied().filter(|task| !task.protected).collect();
    replaced.sort_by_key(|task| (task.phase, !task.leaves, task.number));
    let beyond = staying.len().saturating_sub(desired);
    let surplus = surplus(&staying, beyond);
    let healthy = facts.live().filter(|task| task.phase == Phase::Healthy).count();
    let spare = healthy.saturating_sub(facts.minimum());
    let mut steps = stops(replaced.into_iter().chain(surplus.iter().copied()), spare);
    steps.extend((0..starts).map(|_| Step::Start));

    let protected = going.iter().any(|task| task.protected) || surplus.len() < beyond;
    // With everything healthy and nothing on its way, waiting changes nothing.
    let stands = steps.is_empty() && facts.tasks.iter().all(|task| task.phase == Phase::Healthy);
    let hindrance = match () {
        () if protected => Some(Hindrance::Protected),
        () if stands && facts.may_start && (missing > 0 || !going.is_empty()) => Some(Hindrance::Configuration),
        () => None,
    };
    let all_healthy = staying.iter().all(|task| task.phase == Phase::Healthy);
    Plan { steady: steps.is_empty() && going.is_empty() && staying.len() == desired && all_healthy, steps, hindrance }
}

/// Which of the tasks that may stay are too many: never a protected one, those that are worth least first, then from the
/// hosts that have most of them (ECS developer guide, "Service scheduler concepts"), the newest first.
fn surplus<'a>(staying: &[&'a TaskFact], beyond: usize) -> Vec<&'a TaskFact> {
    let mut on: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for task in staying {
        *on.entry(task.host.as_deref()).or_default() += 1;
    }
    let mut left: Vec<&TaskFact> = staying.iter().copied().filter(|task| !task.protected).collect();
    let mut chosen = Vec::new();
    while chosen.len() < beyond {
        let crowd = |task: &TaskFact| on.get(&task.host.as_deref()).copied().unwrap_or(0);
        let worth = |task: &TaskFact| (task.phase, std::cmp::Reverse(crowd(task)), std::cmp::Reverse(task.number));
        let Some(place) = (0..left.len()).min_by_key(|place| worth(left[*place])) else { break };
        let task = left.swap_remove(place);
        if let Some(count) = on.get_mut(&task.host.as_deref()) {
            *count = count.saturating_sub(1);
        }
        chosen.push(task);
    }
    chosen
}
