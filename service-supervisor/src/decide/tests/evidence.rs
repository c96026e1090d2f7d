//! What holds for every kind of use, whatever else happens.

use proptest::prelude::*;

use super::super::look::tests::{connection, data};
use super::super::look::{Cpu, Data, Ended, Traffic};
use super::properties::{Step, policy, steps, take};
use super::*;

/// Each way in which somebody may use the app at every look, and at no other moment.
const USES: [fn(&mut Look, Moment); 9] = [
    |look, _| look.connections.push(connection(PEER, Traffic::Unknown)),
    // Asked, and not answered for half an hour.
    |look, _| look.connections.push(connection(PEER, Traffic::Known(data(2_000_000, 1_800_000)))),
    // Not read by the app.
    |look, _| look.connections.push(connection(PEER, Traffic::Known(Data { unread: 1, ..data(1_000_000, 2_000_000) }))),
    // Not taken by the peer.
    |look, _| look.connections.push(connection(PEER, Traffic::Known(Data { unsent: 1, ..data(1_000_000, 2_000_000) }))),
    |look, _| look.connections.push(connection(PEER, Traffic::Known(data(1_000_000, 1_000_000)))),
    |look, now| {
        let port = u16::try_from(now.since_start().as_millis() % 50_000).expect("a port") + 1;
        let peer = format!("10.0.0.9:{port}").parse().expect("address");
        look.ended.push(Ended { peer, port: 9050, ago: Duration::ZERO });
    },
    |look, now| {
        let port = now.since_start().as_millis() % 50_000 + 1;
        look.closed = Some(vec![quiet(&format!("10.0.0.9:{port}"), 10)]);
    },
    // Counted, and not told: another one each millisecond.
    |look, now| {
        look.opened = Some(u64::try_from(now.since_start().as_millis()).expect("short"));
        look.closed = None;
    },
    // A twentieth of a core is not above 5 %.
    |look, now| look.cpu = Some(Cpu { used: now.since_start() / 15, limit: None }),
];

fn orders(step: &Step) -> bool {
    matches!(step, Step::Term | Step::File | Step::Sleep)
}

proptest! {
    #[test]
    fn no_kind_of_use_is_put_to_sleep_by_idleness(steps in steps(), which in 0..USES.len()) {
        let mut story = Story::awake(policy());
        story.shows = USES[which];
        for step in steps.iter().filter(|step| !orders(step)) {
            take(&mut story, step);
        }
        story.passes(100_000);
        prop_assert_eq!(story.when(is_term), None);
    }

    #[test]
    fn an_ignored_peer_keeps_nothing_awake_whatever_it_does(steps in steps(), which in 0..7usize) {
        let mut ignores = policy();
        ignores.ignore.networks = vec!["10.0.0.9".parse().expect("network")];
        let mut story = Story::awake(ignores);
        story.shows = USES[which];
        for step in steps.iter().filter(|step| matches!(step, Step::Connect(..) | Step::Disconnect | Step::Pass(_))) {
            take(&mut story, step);
        }
        // Idle for 10 s, and a drain of 60 s at most.
        let latest = Moment::millis(10_000) + policy().drain_timeout + Duration::from_millis(200);
        story.passes(71_000);
        prop_assert!(story.when(is_term).is_some_and(|at| at <= latest), "{:?}", story.changes());
    }
}
