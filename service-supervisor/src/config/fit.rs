//! Settings that are right each for itself and cannot be together.

use std::ffi::OsString;
use std::net::SocketAddr;

use daemon::settings::Given;

use crate::decide::policy::{LONGEST_GRACE, Policy, SHORTEST_DRAIN};

/// Each port costs a look of its own.
const MOST_PORTS: usize = 8;

pub(super) fn refuse_what_cannot_fit(policy: &Policy, listen: SocketAddr, command: &[OsString], given: &mut Given) {
    if command.is_empty() {
        given.problem("there is nothing to run: expected -- and the app's command at the end");
    }
    if policy.ports.contains(&listen.port()) {
        given.problem(format!("--app-port and --listen are both {}: expected two ports", listen.port()));
    }
    if policy.ports.len() > MOST_PORTS {
        given.problem(format!("--app-port is given {} times: expected {MOST_PORTS} at most", policy.ports.len()));
    }
    if policy.drain_timeout < SHORTEST_DRAIN {
        let shortest = SHORTEST_DRAIN.as_secs();
        given.problem(format!("--drain-timeout is shorter than {shortest} s, in which the leases of proxies end"));
    }
    if policy.drain_min > policy.drain_timeout {
        given.problem("--drain-min is longer than --drain-timeout");
    }
    if let Some(signal) = policy.rewrites.contradiction() {
        given.problem(format!("--rewrite gives signal {signal} two meanings: expected one"));
    }
    let needed = policy.least_stop_timeout();
    if given.is_given("stop-timeout") && needed > policy.stop_timeout {
        given.problem(format!(
            "--stop-timeout is shorter than {:.1} s, which the shortest drain (5 s), --stop-grace and 2 s to spare take",
            needed.as_secs_f64()
        ));
    } else if policy.stop_grace > LONGEST_GRACE && !given.is_given("stop-timeout") {
        let longest = LONGEST_GRACE.as_secs();
        given.problem(format!(
            "--stop-grace is longer than {longest} s: with the drain before it, it does not fit into ECS's longest \
             stopTimeout, 120 s"
        ));
    }
}
