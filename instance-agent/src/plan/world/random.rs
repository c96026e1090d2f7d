//! Whatever happens in whatever order.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    /// A task is placed, where ECS may; introspection shows it so many milliseconds later.
    Arrive {
        life: Life,
        supervised: bool,
        ours: bool,
        shown_after: u64,
    },
    /// A task's life changes.
    Become {
        which: usize,
        life: Life,
    },
    Provisioning(u32),
    ListingFails(bool),
    Forgetful(bool),
    Unprotected,
    Kill,
    Faults(Vec<Fault>),
}

fn lives() -> impl Strategy<Value = Life> {
    prop_oneof![
        1 => Just(Life::Starting),
        3 => Just(Life::Ready),
        2 => (1u64..4).prop_map(Life::Draining),
        3 => Just(Life::Stopped),
    ]
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    prop::collection::vec(prop_oneof![Just(Fault::Refused), Just(Fault::AnswerLost)], 1..5)
}

fn events() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let arrive = (lives(), any::<bool>(), prop::bool::weighted(0.8), 0u64..20_000)
        .prop_map(|(life, supervised, ours, shown_after)| Event::Arrive { life, supervised, ours, shown_after });
    let event = prop_oneof![
        3 => arrive,
        3 => (0usize..6, lives()).prop_map(|(which, life)| Event::Become { which, life }),
        1 => (0u32..3).prop_map(Event::Provisioning),
        1 => any::<bool>().prop_map(Event::ListingFails),
        1 => any::<bool>().prop_map(Event::Forgetful),
        1 => Just(Event::Unprotected),
        2 => Just(Event::Kill),
        2 => faults().prop_map(Event::Faults),
    ];
    prop::collection::vec((0usize..12, event), 0..14)
}

fn happen(world: &mut World, event: Event) {
    world.history.push(format!("{}: {event:?}", world.now));
    match event {
        Event::Arrive { life, supervised, ours, shown_after } => {
            if world.status == InstanceStatus::Active && world.terminated.is_none() {
                let arn = world.place(life);
                let shown_from = world.now + Duration::from_millis(shown_after);
                let task = world.task(&arn);
                (task.supervised, task.ours, task.shown_from) = (supervised, ours, shown_from);
                if !supervised && matches!(life, Life::Draining(_)) {
                    // Without a supervisor nobody says "draining".
                    task.life = Life::Ready;
                }
            }
        }
        Event::Become { which, life } => {
            if let Some(task) = world.tasks.values_mut().nth(which) {
                let back = task.life == Life::Stopped
                    || matches!((task.life, life), (Life::Ready | Life::Draining(_), Life::Starting));
                if !back && (task.supervised || !matches!(life, Life::Draining(_))) {
                    task.life = life;
                }
            }
        }
        Event::Provisioning(count) => world.provisioning = count,
        Event::ListingFails(fails) => world.listing_fails = fails,
        Event::Forgetful(forgetful) => world.forgetful = forgetful,
        Event::Unprotected => world.protected = false,
        Event::Kill => world.kill(),
        Event::Faults(faults) => world.faults = faults,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_goal_is_reached_and_a_second_plan_is_empty(
        events in events(), desired in 1u32..4, minimum in 0u32..2, in_service in 1u32..4,
    ) {
        let mut world = World::new();
        world.group = GroupSize { desired, minimum, in_service };
        for (turns, event) in events {
            for _ in 0..turns {
                if world.terminated.is_none() {
                    world.turn();
                }
            }
            if world.terminated.is_none() {
                happen(&mut world, event);
            }
        }
        (world.listing_fails, world.forgetful) = (false, false);
        if world.terminated.is_none() {
            // Protection that somebody took off is found by the next look at the group.
            world.now = world.now + MINUTES;
            world.settle();
            world.assert_goal();
        }
    }

    #[test]
    fn a_failed_look_at_the_tasks_removes_nothing(lives in prop::collection::vec(lives(), 1..5)) {
        let mut world = World::new();
        for life in lives {
            world.place(life);
        }
        world.until(|world| world.terminated.is_some() || world.observed.is_empty().is_some());
        for _ in 0..20 {
            world.turn();
        }
        let before = (world.cloud_map.clone(), world.terminated);
        let drains = world.tasks.values().filter(|task| task.life != Life::Stopped).count();
        world.listing_fails = true;
        for _ in 0..50 {
            world.now = world.now + Duration::from_secs(60);
            world.turn();
        }
        prop_assert!(drains == 0 || world.terminated.is_none());
        prop_assert_eq!(before.0, world.cloud_map);
    }
}
