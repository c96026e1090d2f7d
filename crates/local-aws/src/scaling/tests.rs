use proptest::prelude::*;

use super::*;

const SIZE: Resources = Resources { cpu: 2048, memory: 3884 };
const THIRD: Resources = Resources { cpu: 640, memory: 1024 };
const DEFAULTS: Settings = Settings { target: 100, min_step: 1, max_step: 10_000, warmup: Duration::from_secs(300) };

fn observed(waiting: usize, hosts: u32, booting: u32, busy: u32) -> Observed {
    Observed { waiting: vec![THIRD; waiting], hosts, booting, busy, desired: hosts, min: 0, max: 4, size: SIZE }
}

fn at(minutes: u64) -> Moment {
    Moment::after_start(Duration::from_secs(60 * minutes))
}

fn first(observed: &Observed) -> Option<u32> {
    look(at(0), Pace::REAL, DEFAULTS, &mut Memory::default(), observed).desired
}

#[test]
fn from_zero_two_hosts_come_for_one_task() {
    assert_eq!(first(&observed(1, 0, 0, 0)), Some(2));
    assert_eq!(first(&observed(9, 0, 0, 0)), Some(2));
    let reservation = |observed| look(at(0), Pace::REAL, DEFAULTS, &mut Memory::default(), &observed).reservation;
    assert_eq!((reservation(observed(1, 0, 0, 0)), reservation(observed(0, 0, 0, 0))), (200, 100));
}

#[test]
fn hosts_that_boot_are_waited_for() {
    assert_eq!(first(&observed(1, 2, 2, 0)), None);
    assert_eq!(first(&observed(7, 2, 2, 0)), Some(3));
}

#[test]
fn what_is_missing_is_added_up_to_the_greatest_size_and_the_greatest_step() {
    assert_eq!(first(&observed(4, 2, 0, 2)), Some(4));
    assert_eq!(first(&observed(40, 2, 0, 2)), Some(4));
    assert_eq!(first(&observed(0, 2, 0, 2)), None);
    let step = |min_step, max_step| Settings { min_step, max_step, ..DEFAULTS };
    let one_look = |settings| look(at(0), Pace::REAL, settings, &mut Memory::default(), &observed(4, 1, 0, 1)).desired;
    assert_eq!((one_look(step(1, 1)), one_look(step(3, 5))), (Some(2), Some(4)));
}

#[test]
fn a_task_that_fits_on_no_host_asks_for_none() {
    let giant = Observed { waiting: vec![Resources { cpu: 9999, memory: 1 }], ..observed(0, 0, 0, 0) };
    assert_eq!(first(&giant), None);
}

#[test]
fn a_second_step_waits_for_the_warm_up_of_the_first() {
    let mut memory = Memory::default();
    let mut grows = |minute, observed: &Observed| look(at(minute), Pace::REAL, DEFAULTS, &mut memory, observed).desired;
    assert_eq!(grows(1, &observed(4, 1, 0, 1)), Some(3));
    for minute in 2..6 {
        assert_eq!(grows(minute, &observed(4, 3, 0, 3)), None, "minute {minute}");
    }
    assert_eq!(grows(6, &observed(4, 3, 0, 3)), Some(4));
}

#[test]
fn the_group_shrinks_after_fifteen_quiet_looks_by_half_of_what_is_too_much() {
    let mut memory = Memory::default();
    let mut desired = 9;
    let mut looks = Vec::new();
    for minute in 0..20 {
        let observed = Observed { desired, max: 20, ..observed(0, desired, 0, 2) };
        if let Some(less) = look(at(minute), Pace::REAL, DEFAULTS, &mut memory, &observed).desired {
            desired = less;
            looks.push((minute, less));
        }
    }
    assert_eq!(looks, [(14, 5), (15, 3), (16, 2)]);
}

#[test]
fn one_look_at_the_target_begins_the_fifteen_anew() {
    let mut memory = Memory::default();
    for minute in 0..14 {
        assert_eq!(look(at(minute), Pace::REAL, DEFAULTS, &mut memory, &observed(0, 2, 0, 1)).desired, None);
    }
    assert_eq!(look(at(14), Pace::REAL, DEFAULTS, &mut memory, &observed(0, 2, 0, 2)).desired, None);
    for minute in 15..29 {
        assert_eq!(look(at(minute), Pace::REAL, DEFAULTS, &mut memory, &observed(0, 2, 0, 1)).desired, None);
    }
    assert_eq!(look(at(29), Pace::REAL, DEFAULTS, &mut memory, &observed(0, 2, 0, 1)).desired, Some(1));
}

#[test]
fn a_target_below_hundred_keeps_hosts_to_spare() {
    let spare = Settings { target: 50, ..DEFAULTS };
    let grown = look(at(0), Pace::REAL, spare, &mut Memory::default(), &observed(0, 2, 0, 2)).desired;
    assert_eq!(grown, Some(4), "two of four are half");
    assert_eq!(look(at(0), Pace::REAL, spare, &mut Memory::default(), &observed(0, 0, 0, 0)).desired, None);
    let mut memory = Memory { quiet: 99, grew_at: None };
    assert_eq!(look(at(0), Pace::REAL, spare, &mut memory, &observed(0, 4, 0, 1)).desired, Some(3));
}

prop_compose! {
    fn any_look()(
        waiting in 0usize..60, hosts in 0u32..8, booting in 0u32..8, busy in 0u32..8, desired in 0u32..10,
        min in 0u32..3, more in 0u32..8,
    ) -> Observed {
        let (booting, max) = (booting.min(hosts), min + more);
        let (busy, desired) = (busy.min(hosts - booting), desired.clamp(min, max));
        Observed { waiting: vec![THIRD; waiting], hosts, booting, busy, desired, min, max, size: SIZE }
    }
}

proptest! {
    #[test]
    fn a_look_keeps_the_bounds_the_steps_and_every_host_that_is_used(
        looks in proptest::collection::vec(any_look(), 1..60), max_step in 1u32..5, target in 1u32..=100,
    ) {
        let settings = Settings { target, max_step, ..DEFAULTS };
        let mut memory = Memory::default();
        let (mut grew, mut quiet): (Option<u64>, u32) = (None, 0);
        for (minute, observed) in (0u64..).zip(&looks) {
            let seen = look(at(minute), Pace::REAL, settings, &mut memory, observed);
            quiet = if memory.quiet > 0 { quiet + 1 } else { 0 };
            prop_assert!(quiet == 0 || seen.reservation < target, "quiet at {}", seen.reservation);
            let Some(desired) = seen.desired else { continue };
            prop_assert!((observed.min..=observed.max).contains(&desired));
            if desired > observed.desired {
                prop_assert!(seen.reservation >= target);
                prop_assert!(grew.is_none_or(|before| minute - before >= 5), "within the warm-up");
                grew = Some(minute);
            } else {
                prop_assert!(desired < observed.desired && quiet >= QUIET_LOOKS);
                prop_assert!(desired >= observed.busy.min(observed.desired));
            }
        }
    }

    #[test]
    fn a_look_after_what_the_first_made_asks_for_nothing(waiting in 0usize..60, hosts in 1u32..4, booting in 0u32..4) {
        let booting = booting.min(hosts);
        let before = Observed { max: 30, ..observed(waiting, hosts, booting, hosts - booting) };
        let mut memory = Memory::default();
        let Some(desired) = look(at(0), Pace::REAL, DEFAULTS, &mut memory, &before).desired else { return Ok(()) };
        let after = Observed { hosts: desired, booting: booting + desired - hosts, desired, ..before };
        prop_assert_eq!(look(at(60), Pace::REAL, DEFAULTS, &mut memory, &after).desired, None);
    }

    #[test]
    fn what_stays_quiet_comes_down_to_what_is_used(desired in 0u32..300, busy in 0u32..300, target in 1u32..=100) {
        let busy = busy.min(desired);
        let settings = Settings { target, ..DEFAULTS };
        let (mut memory, mut now) = (Memory::default(), desired);
        for minute in 0..40 {
            let observed = Observed { desired: now, max: 300, ..observed(0, now, 0, busy) };
            if let Some(less) = look(at(minute), Pace::REAL, settings, &mut memory, &observed).desired {
                now = less;
            }
        }
        let goal = u64::from(busy) * 100;
        // Down to the target's share, or up to it, within the group's bounds.
        prop_assert!(u64::from(now) * u64::from(target) >= goal.min(300 * u64::from(target)));
        prop_assert!(now == 300 || (u64::from(now).saturating_sub(1)) * u64::from(target) < goal.max(1));
    }
}
