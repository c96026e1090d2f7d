//! Which backend gets a request.
//!
//! Packing (rule X7): the oldest backend by task id is filled to its target before the next one gets anything, so that
//! a trickle keeps one task awake and not all of them. All proxies order by task id and so agree. Above the target the
//! one with the least in flight is chosen.

use std::net::SocketAddr;

use daemon::moment::Moment;

use super::backends::{Backend, Backends};

/// How many requests one backend has in flight before the next one gets any.
pub const TARGET: u32 = 64;

/// The backend for one more request; none where all that are usable have what their ramp allows, or none is usable.
#[must_use]
pub fn choose(backends: &Backends, now: Moment) -> Option<SocketAddr> {
    let mut candidates: Vec<(SocketAddr, &Backend)> = backends
        .iter()
        .filter(|(_, backend)| backend.is_usable(now) && backend.ramp.allows(backend.owes(), now))
        .collect();
    candidates.sort_by(|(a_at, a), (b_at, b)| order(a).cmp(&order(b)).then(a_at.cmp(b_at)));
    let below_target = candidates.iter().find(|(_, backend)| backend.in_flight < TARGET);
    let chosen = below_target.or_else(|| candidates.iter().min_by_key(|(_, backend)| backend.in_flight));
    chosen.map(|(at, _)| *at)
}

/// By task id; those without a known task last.
fn order(backend: &Backend) -> (bool, Option<&str>) {
    (backend.task.is_none(), backend.task_id())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decide::backends::{Contact, Named, Source, Supervision};
    use crate::decide::ramp::Ramp;

    fn healthy(loads: &[u32]) -> Backends {
        let mut backends = Backends::default();
        for (n, load) in loads.iter().enumerate() {
            let at = SocketAddr::from(([10, 0, 0, u8::try_from(n).expect("few")], 9050));
            let task = Some(format!("arn:aws:ecs:r:1:task/c/{:04}", 9_999 - n));
            let named =
                Named { at, status_port: 9051, source: Source::CloudMap, supervision: Supervision::Absent, task };
            backends.name(named, Moment::START);
            let backend = backends.get_mut(at).expect("named");
            backend.hear(Contact::Healthy, Moment::START);
            backend.ramp = Ramp::Over;
            backend.in_flight = *load;
        }
        backends
    }

    #[test]
    fn a_trickle_keeps_one_task_awake_and_it_is_the_oldest_by_task_id() {
        let backends = healthy(&[0, 0, 0]);
        assert_eq!(choose(&backends, Moment::START), Some(SocketAddr::from(([10, 0, 0, 2], 9050))));
        let next = healthy(&[0, 0, TARGET]);
        assert_eq!(choose(&next, Moment::START), Some(SocketAddr::from(([10, 0, 0, 1], 9050))));
    }

    proptest! {
        #[test]
        fn above_the_target_the_least_loaded_is_chosen(loads in prop::collection::vec(TARGET..1_000, 1..6)) {
            let backends = healthy(&loads);
            let chosen = choose(&backends, Moment::START).expect("all are usable");
            let load = backends.get(chosen).expect("known").in_flight;
            prop_assert_eq!(Some(load), loads.into_iter().min());
        }
    }
}
