use super::*;

const MAX: Duration = Duration::from_secs(3600);
const IDLE: Option<Duration> = Some(Duration::from_secs(300));

fn holder(name: &str) -> Holder {
    name.parse().expect("holder")
}

fn at(secs: u64) -> Moment {
    Moment::millis(secs * 1000)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn touched(mark: i64, ago: u64) -> FileSeen {
    FileSeen { locked: false, modified: Some(Modified { mark, ago: secs(ago) }) }
}

#[test]
fn a_holder_is_busy_until_its_lease_ends_or_it_lets_go() {
    let mut busy = Busy::default();
    busy.hold(holder("job-1"), secs(30), at(0));
    assert_eq!(busy.sign(at(29)), Some(Sign::Held(holder("job-1"), at(30))));
    assert_eq!(busy.sign(at(30)), None);
    // What was use until then stays known.
    assert_eq!(busy.last(at(45)).map(|(_, at)| at), Some(at(30)));
    busy.hold(holder("job-1"), secs(30), at(50));
    busy.let_go(&holder("job-1"));
    assert_eq!(busy.sign(at(51)), None);
}

#[test]
fn holds_are_bounded_in_number_and_length() {
    let mut busy = Busy::default();
    for n in 0..MOST_HOLDERS {
        let one = holder(&format!("job-{n}"));
        assert_eq!(busy.may_hold(&one, secs(60), MAX, at(0)), Ok(()));
        busy.hold(one, secs(60), at(0));
    }
    assert_eq!(busy.may_hold(&holder("more"), secs(1), MAX, at(59)), Err(NoHold::Crowded));
    assert_eq!(busy.may_hold(&holder("job-1"), secs(60), MAX, at(59)), Ok(()), "a renewal takes no more room");
    assert_eq!(busy.may_hold(&holder("more"), secs(1), MAX, at(60)), Ok(()), "those leases are over");
    assert_eq!(busy.may_hold(&holder("job-1"), MAX + secs(1), MAX, at(0)), Err(NoHold::LongLease));
}

#[test]
fn a_locked_file_is_a_sign_until_it_is_let_go_and_for_the_longest_time_at_most() {
    let mut busy = Busy::default();
    let locked = FileSeen { locked: true, modified: None };
    assert!(!busy.saw_file(locked, IDLE, MAX, at(0)));
    assert_eq!(busy.sign(at(0)), Some(Sign::Locked));
    assert!(!busy.saw_file(FileSeen::default(), IDLE, MAX, at(10)));
    assert_eq!(busy.sign(at(10)), None);
    assert!(!busy.saw_file(locked, IDLE, MAX, at(20)));
    assert!(!busy.saw_file(locked, IDLE, MAX, at(3_619)));
    assert!(busy.saw_file(locked, IDLE, MAX, at(3_620)), "the maximum strikes");
    assert!(!busy.saw_file(locked, IDLE, MAX, at(3_630)), "and once only");
    assert_eq!(busy.sign(at(3_630)), None);
    busy.saw_file(FileSeen::default(), IDLE, MAX, at(3_640));
    busy.saw_file(locked, IDLE, MAX, at(3_650));
    assert_eq!(busy.sign(at(3_650)), Some(Sign::Locked), "a lock that is taken anew counts anew");
}

#[test]
fn a_touched_file_is_use_when_it_was_touched_and_a_sign_for_as_long_as_it_is_fresh() {
    let mut busy = Busy::default();
    busy.saw_file(touched(1, 100), IDLE, MAX, at(1_000));
    assert_eq!(busy.last(at(1_000)), Some((Sign::Touched(at(900)), at(900))));
    busy.saw_file(touched(1, 350), IDLE, MAX, at(1_250));
    assert_eq!(busy.sign(at(1_250)), None, "300 s old");
    busy.saw_file(touched(2, 0), IDLE, MAX, at(1_300));
    assert_eq!(busy.sign(at(1_300)), Some(Sign::Touched(at(1_300))));
    busy.saw_file(FileSeen::default(), IDLE, MAX, at(1_301));
    assert_eq!(busy.sign(at(1_301)), None, "it was removed");
}

#[test]
fn a_file_from_the_future_is_fresh_once_and_not_for_ever() {
    let mut busy = Busy::default();
    for now in (0..900).step_by(5) {
        busy.saw_file(touched(7, 0), IDLE, MAX, at(now));
        assert_eq!(busy.sign(at(now)).is_some(), now < 300, "at {now} s");
    }
}

#[test]
fn the_sign_that_stands_longest_is_told() {
    let mut busy = Busy::default();
    busy.hold(holder("short"), secs(10), at(0));
    busy.hold(holder("long"), secs(90), at(0));
    let told = busy.sign(at(5)).map(|sign| sign.told(at(5)));
    assert_eq!(told.as_deref(), Some("long says that it is busy; its lease ends in 85.0 s"));
    assert_eq!(busy.holders(at(5)), 2);
    busy.saw_file(FileSeen { locked: true, modified: None }, IDLE, MAX, at(5));
    assert_eq!(busy.sign(at(5)), Some(Sign::Locked));
}
