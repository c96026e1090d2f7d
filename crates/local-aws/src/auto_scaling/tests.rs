use std::time::Duration;

use daemon::moment::Moment;
use proptest::prelude::*;
use serde_json::json;

use super::model::{AutoScaling, Effect, Lifecycle};
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
    scaling.set_desired(&SetDesiredCapacity { auto_scaling_group_name: "doze".into(), desired_capacity: desired })
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
    assert_eq!(scaling.take_effects(), [Effect::Booted { host, group }]);
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
    assert_eq!(scaling.instances()[0].lifecycle, Lifecycle::Terminating);
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

proptest! {
    #[test]
    fn hosts_follow_what_is_wanted_and_no_protected_one_goes_unasked(
        protects_new in any::<bool>(),
        steps in proptest::collection::vec((0u8..4, 0usize..6, 0u64..40), 1..80)
    ) {
        let mut scaling = scaling(protects_new);
        let mut now = Moment::START;
        for (step, number, pause) in steps {
            let ids: Vec<String> = scaling.instances().iter().map(|i| i.id.clone()).collect();
            let mut asked = None;
            match (step, ids.get(number)) {
                (0, _) => { let _ = want(&mut scaling, u32::try_from(number).expect("small")); }
                (1, Some(id)) => { let _ = protect(&mut scaling, id, pause % 2 == 0); }
                (2, Some(id)) => { let _ = terminate(&mut scaling, now, id, pause % 2 == 0); asked = Some(id.clone()); }
                _ => {}
            }
            let protected: Vec<String> = scaling.instances().iter()
                .filter(|i| i.protected && i.lifecycle <= Lifecycle::InService && Some(&i.id) != asked.as_ref())
                .map(|i| i.id.clone()).collect();
            now = now + Duration::from_secs(pause);
            scaling.advance(now);
            for id in protected {
                prop_assert!(scaling.instance(&id).expect("kept").lifecycle <= Lifecycle::InService);
            }
            let group = scaling.group("doze").expect("a group");
            prop_assert!(group.desired <= group.max);
            let live = scaling.instances().iter().filter(|i| i.lifecycle <= Lifecycle::InService).count();
            prop_assert!(live >= group.desired as usize, "{} live, {} wanted", live, group.desired);
            prop_assert!(scaling.deadline().is_none_or(|deadline| deadline > now));
        }
    }
}
