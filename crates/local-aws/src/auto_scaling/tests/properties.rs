use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::auto_scaling::requests::{LifecycleAction, PutLifecycleHook, PutWarmPool, SetInstanceHealth};

/// Something that somebody asks of the group, or that happens to a host of it.
#[derive(Clone, Debug)]
enum Step {
    Want(u32),
    Protect(usize, bool),
    Terminate(usize, bool),
    Health(usize, bool),
    Spot(usize, SpotAction),
    Lose(usize),
    Standby(usize),
    BackFromStandby(usize),
    Hook(bool, u32),
    Answer(usize, bool),
    Pool(i64, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let host = 0usize..8;
    let action = prop_oneof![Just(SpotAction::Terminate), Just(SpotAction::Stop), Just(SpotAction::Hibernate)];
    prop_oneof![
        3 => (0u32..6).prop_map(Step::Want),
        2 => (host.clone(), any::<bool>()).prop_map(|(host, on)| Step::Protect(host, on)),
        2 => (host.clone(), any::<bool>()).prop_map(|(host, less)| Step::Terminate(host, less)),
        1 => (host.clone(), any::<bool>()).prop_map(|(host, well)| Step::Health(host, well)),
        1 => (host.clone(), action).prop_map(|(host, action)| Step::Spot(host, action)),
        1 => host.clone().prop_map(Step::Lose),
        1 => host.clone().prop_map(Step::Standby),
        1 => host.clone().prop_map(Step::BackFromStandby),
        1 => (any::<bool>(), 30u32..200).prop_map(|(launching, seconds)| Step::Hook(launching, seconds)),
        2 => (host, any::<bool>()).prop_map(|(host, goes_on)| Step::Answer(host, goes_on)),
        1 => (-1i64..5, 0u32..3).prop_map(|(most, least)| Step::Pool(most, least)),
    ]
}

/// Carries out a step; whatever is refused is refused.
fn ask(scaling: &mut AutoScaling, now: Moment, step: &Step) {
    let ids: Vec<String> = scaling.instances().iter().map(|instance| instance.id.clone()).collect();
    let id = |number: &usize| ids.get(*number).cloned().unwrap_or_default();
    let group = || "doze".to_owned();
    match step {
        Step::Want(desired) => drop(want(scaling, *desired)),
        Step::Protect(host, on) => drop(protect(scaling, &id(host), *on)),
        Step::Terminate(host, less) => drop(terminate(scaling, now, &id(host), *less)),
        Step::Health(host, well) => {
            let health_status = if *well { "Healthy" } else { "Unhealthy" }.to_owned();
            let request =
                SetInstanceHealth { instance_id: id(host), health_status, should_respect_grace_period: Some(false) };
            drop(scaling.set_health(now, &request));
        }
        Step::Spot(host, action) => drop(scaling.spot_notice(now, &id(host), *action)),
        Step::Lose(host) => drop(scaling.terminate_at_once(now, &id(host))),
        Step::Standby(host) => {
            let body = json!({ "InstanceIds": [id(host)], "AutoScalingGroupName": "doze", "ShouldDecrementDesiredCapacity": true });
            drop(scaling.enter_standby(now, &serde_json::from_value(body).expect("a request")));
        }
        Step::BackFromStandby(host) => {
            let body = json!({ "InstanceIds": [id(host)], "AutoScalingGroupName": "doze" });
            drop(scaling.exit_standby(now, &serde_json::from_value(body).expect("a request")));
        }
        Step::Hook(launching, seconds) => {
            let transition = if *launching { "LAUNCHING" } else { "TERMINATING" };
            let body = json!({
                "AutoScalingGroupName": "doze", "LifecycleHookName": transition, "HeartbeatTimeout": seconds,
                "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"),
            });
            let request: PutLifecycleHook = serde_json::from_value(body).expect("a request");
            drop(scaling.put_hook(request));
        }
        Step::Answer(host, goes_on) => {
            for hook in ["LAUNCHING", "TERMINATING"] {
                let request = LifecycleAction {
                    auto_scaling_group_name: group(),
                    lifecycle_hook_name: hook.to_owned(),
                    lifecycle_action_token: None,
                    instance_id: Some(id(host)),
                    lifecycle_action_result: Some(if *goes_on { "CONTINUE" } else { "ABANDON" }.to_owned()),
                };
                drop(scaling.complete_action(now, &request));
            }
        }
        Step::Pool(most, least) => {
            let request = PutWarmPool {
                auto_scaling_group_name: group(),
                max_group_prepared_capacity: Some(*most),
                min_size: Some(*least),
                pool_state: None,
                instance_reuse_policy: None,
            };
            drop(scaling.put_warm_pool(&request));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn whatever_happens_the_group_has_what_is_wanted_and_each_host_joins_and_ends_once(
        protects_new in any::<bool>(),
        steps in proptest::collection::vec((step(), 0u64..90), 1..60),
    ) {
        let mut scaling = scaling(protects_new);
        let mut now = Moment::START;
        let (mut joined, mut ended): (BTreeMap<String, u32>, BTreeMap<String, u32>) = Default::default();
        for (step, pause) in steps {
            ask(&mut scaling, now, &step);
            now = now + Duration::from_secs(pause);
            // As the world does: from deadline to deadline.
            while let Some(deadline) = scaling.deadline().filter(|deadline| *deadline <= now) {
                scaling.advance(deadline);
                prop_assert!(scaling.deadline().is_none_or(|next| next > deadline), "it stands still at {}", deadline);
            }
            scaling.advance(now);
            for effect in scaling.take_effects() {
                if let Effect::Joins { host, .. } = effect {
                    *joined.entry(host).or_default() += 1;
                } else if let Effect::Terminated { host, .. } = effect {
                    *ended.entry(host).or_default() += 1;
                }
            }
            let group = scaling.group("doze").expect("a group");
            prop_assert!((group.min..=group.max).contains(&group.desired));
            let live = scaling.instances().iter().filter(|instance| instance.lifecycle.counts()).count();
            prop_assert!(live >= group.desired as usize, "{} live, {} wanted", live, group.desired);
            for instance in scaling.instances() {
                let waits = instance.lifecycle.name().ends_with(":Wait");
                prop_assert_eq!(waits, !instance.waits.is_empty(), "{:?}", instance);
            }
        }
        prop_assert!(joined.values().chain(ended.values()).all(|times| *times == 1));
    }
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
                .filter(|i| i.protected && i.lifecycle.counts() && Some(&i.id) != asked.as_ref())
                .map(|i| i.id.clone()).collect();
            now = now + Duration::from_secs(pause);
            scaling.advance(now);
            for id in protected {
                prop_assert!(scaling.instance(&id).expect("kept").lifecycle.counts());
            }
            let group = scaling.group("doze").expect("a group");
            prop_assert!(group.desired <= group.max);
            let live = scaling.instances().iter().filter(|i| i.lifecycle.counts()).count();
            prop_assert!(live >= group.desired as usize, "{} live, {} wanted", live, group.desired);
            prop_assert!(scaling.deadline().is_none_or(|deadline| deadline > now));
        }
    }
}
