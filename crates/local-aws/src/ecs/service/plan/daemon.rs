//! The DAEMON strategy: one task on each host that takes tasks (ECS developer guide, "Daemon"). A new deployment's task
//! starts on a host when the old one there has stopped; there are never two.

use std::collections::BTreeSet;

use super::{Facts, Hindrance, Phase, Plan, Step, TaskFact, stops};

pub(super) fn plan(facts: &Facts, hosts: &[String]) -> Plan {
    let hosts: BTreeSet<&str> = hosts.iter().map(String::as_str).collect();
    let wanted_at = |task: &TaskFact| task.host.as_deref().is_some_and(|host| hosts.contains(host));
    // Of several on one host the oldest of the newest deployment stays.
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let mut live: Vec<&TaskFact> = facts.live().collect();
    live.sort_by_key(|task| task.number);
    let (mut staying, mut going): (Vec<&TaskFact>, Vec<&TaskFact>) = (Vec::new(), Vec::new());
    for task in live {
        let stays = wanted_at(task) && task.current && task.host.as_deref().is_some_and(|host| kept.insert(host));
        match stays {
            true => staying.push(task),
            // On a host that is being drained it stays until the others there have gone.
            false if wanted_at(task) || task.leaves => going.push(task),
            false => {}
        }
    }
    going.sort_by_key(|task| (task.phase, task.number));

    let healthy = facts.live().filter(|task| task.phase == Phase::Healthy && wanted_at(task)).count();
    let spare = healthy.saturating_sub(facts.minimum());
    let unprotected = || going.iter().copied().filter(|task| !task.protected);
    let mut steps = stops(unprotected().filter(|task| !wanted_at(task)), usize::MAX);
    steps.extend(stops(unprotected().filter(|task| wanted_at(task)), spare));

    let taken: BTreeSet<&str> = facts.tasks.iter().filter_map(|task| task.host.as_deref()).collect();
    let empty: Vec<&str> = hosts.iter().copied().filter(|host| !taken.contains(host)).collect();
    if facts.may_start {
        steps.extend(empty.iter().map(|host| Step::StartOn((*host).to_owned())));
    }

    let stands = steps.is_empty() && facts.tasks.iter().all(|task| task.phase == Phase::Healthy);
    let hindrance = match () {
        () if going.iter().any(|task| task.protected) => Some(Hindrance::Protected),
        () if stands && facts.may_start && !going.is_empty() => Some(Hindrance::Configuration),
        () => None,
    };
    let all_healthy = staying.iter().all(|task| task.phase == Phase::Healthy);
    let steady = steps.is_empty() && going.is_empty() && staying.len() == hosts.len() && all_healthy;
    Plan { steps, hindrance, steady }
}
