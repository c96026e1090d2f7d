mod groups;
mod hooks;
mod moving;
mod pools;
mod properties;

use std::time::Duration;

use daemon::moment::Moment;
use serde_json::json;

use super::model::{AutoScaling, Effect, Lifecycle, SpotAction, Step};
use super::requests::{SetDesiredCapacity, SetInstanceProtection, TerminateInstance};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::Pace;
use crate::refusal::Refusal;

fn scaling(protects_new: bool) -> AutoScaling {
    let mut scaling = AutoScaling::new(Account::default(), Pace::REAL, Ids::new(1));
    let group = json!({
        "AutoScalingGroupName": "doze", "MinSize": 0, "MaxSize": "4",
        "NewInstancesProtectedFromScaleIn": protects_new.to_string(),
    });
    scaling.create_group(Moment::START, serde_json::from_value(group).expect("a request")).expect("made");
    scaling
}

fn want(scaling: &mut AutoScaling, desired: u32) -> Result<(), Refusal> {
    let request =
        SetDesiredCapacity { auto_scaling_group_name: "doze".into(), desired_capacity: desired, honor_cooldown: false };
    scaling.set_desired(Moment::START, &request)
}

fn protect(scaling: &mut AutoScaling, id: &str, on: bool) -> Result<(), Refusal> {
    scaling.set_protection(&SetInstanceProtection {
        instance_ids: vec![id.into()],
        auto_scaling_group_name: "doze".into(),
        protected_from_scale_in: on,
    })
}

fn terminate(scaling: &mut AutoScaling, now: Moment, id: &str, decrement: bool) -> Result<(), Refusal> {
    let request = TerminateInstance { instance_id: id.into(), should_decrement_desired_capacity: decrement };
    scaling.terminate(now, &request).map(|_| ())
}

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

#[test]
fn a_host_comes_into_service_after_fifteen_seconds_and_has_booted_after_thirty() {
    let mut scaling = scaling(true);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    let id = scaling.instances()[0].id.clone();
    let refused = protect(&mut scaling, &id, false).expect_err("it is Pending");
    assert_eq!(refused.message, format!("The instance {id} is not in InService or EnteringStandby or Standby."));
    let (host, group) = (id.clone(), "doze".to_owned());
    let launched = Effect::Launched { host: host.clone(), group: group.clone() };
    assert_eq!(scaling.take_effects(), [launched, Effect::Protected { host: host.clone() }]);
    assert_eq!(scaling.deadline(), Some(at(15)));
    scaling.advance(at(15));
    assert_eq!(scaling.instances()[0].lifecycle, Lifecycle::InService);
    assert_eq!(scaling.take_effects(), []);
    scaling.advance(at(30));
    assert_eq!(
        scaling.take_effects(),
        [Effect::Booted { host: host.clone(), group: group.clone() }, Effect::Joins { host, group },]
    );
    assert_eq!(scaling.deadline(), None);
}

#[test]
fn a_protected_host_is_spared_until_its_protection_is_lifted() {
    let mut scaling = scaling(true);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(15));
    want(&mut scaling, 0).expect("accepted");
    scaling.advance(at(3600));
    let id = scaling.instances()[0].id.clone();
    assert_eq!(scaling.instances()[0].lifecycle, Lifecycle::InService);
    protect(&mut scaling, &id, false).expect("accepted");
    scaling.advance(at(3601));
    assert_eq!(scaling.instances()[0].lifecycle, Lifecycle::Terminating(Step::Going));
}

#[test]
fn terminate_needs_a_live_host_and_a_decrement_needs_room_above_the_least() {
    let mut scaling = scaling(true);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    let id = scaling.instances()[0].id.clone();
    assert_eq!(terminate(&mut scaling, at(1), "i-none", true).expect_err("unknown").code, "ValidationError");
    want(&mut scaling, 0).expect("accepted");
    let refused = terminate(&mut scaling, at(1), &id, true).expect_err("below the least");
    assert!(refused.message.starts_with("Currently, desiredSize equals minSize (0)."), "{}", refused.message);
    terminate(&mut scaling, at(1), &id, false).expect("accepted");
    assert_eq!(terminate(&mut scaling, at(1), &id, false).expect_err("twice").code, "ScalingActivityInProgress");
    scaling.advance(at(10));
    assert_eq!(scaling.instances()[0].lifecycle, Lifecycle::Terminated);
    assert_eq!(terminate(&mut scaling, at(11), &id, false).expect_err("off").code, "ValidationError");
    assert_eq!(scaling.group("doze").expect("a group").desired, 0);
}

#[test]
fn a_spot_notice_takes_the_machine_two_minutes_later_and_the_group_replaces_it() {
    let mut scaling = scaling(true);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    let id = scaling.instances()[0].id.clone();
    scaling.take_effects();
    scaling.spot_notice(at(40), &id, SpotAction::Terminate).expect("a notice");
    scaling.advance(at(159));
    let host = id.clone();
    assert_eq!(scaling.take_effects(), [Effect::SpotNotice { host, action: SpotAction::Terminate }]);
    assert!(scaling.instance(&id).expect("there").runs());
    scaling.advance(at(160));
    assert_eq!(scaling.take_effects(), [Effect::Down { host: id.clone() }]);
    assert_eq!(scaling.instance(&id).expect("there").lifecycle, Lifecycle::InService, "nobody has noticed");
    assert_eq!(scaling.spot_notice(at(161), &id, SpotAction::Stop).expect_err("off").code, "ValidationError");
    scaling.advance(at(220));
    let effects = scaling.take_effects();
    assert!(effects.contains(&Effect::Deregisters { host: id.clone(), reclaimed: true }), "{effects:?}");
    assert!(matches!(effects.last(), Some(Effect::Protected { host }) if *host != id), "{effects:?}");
    assert!(!scaling.instance(&id).expect("there").healthy());
    scaling.advance(at(226));
    assert_eq!(scaling.take_effects(), [Effect::Terminated { host: id, deregisters: false }]);
}

#[test]
fn hibernation_comes_with_its_notice_and_leaves_a_container_instance_that_nothing_deregisters() {
    let mut scaling = scaling(false);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    let id = scaling.instances()[0].id.clone();
    scaling.spot_notice(at(40), &id, SpotAction::Hibernate).expect("a notice");
    scaling.advance(at(40));
    assert_eq!(scaling.take_effects().last(), Some(&Effect::Down { host: id.clone() }));
    scaling.advance(at(100));
    scaling.advance(at(1000));
    let gone = scaling.take_effects();
    assert!(gone.contains(&Effect::Terminated { host: id, deregisters: false }), "{gone:?}");
    assert!(gone.iter().all(|effect| !matches!(effect, Effect::Deregisters { .. })), "{gone:?}");
}

#[test]
fn scale_in_behind_the_back_lowers_what_is_wanted_but_not_below_the_least() {
    let mut scaling = scaling(true);
    want(&mut scaling, 3).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    assert_eq!(scaling.scale_in(at(30), "doze", 2), Ok(1));
    assert_eq!(scaling.scale_in(at(30), "doze", 2), Ok(0));
    assert_eq!(scaling.scale_in(at(30), "other", 2).expect_err("unknown").code, "ValidationError");
    scaling.advance(at(31));
    let protected = scaling.instances().iter().filter(|i| i.lifecycle == Lifecycle::InService).count();
    assert_eq!(protected, 3, "all are protected: what is wanted falls, and termination waits");
}
