use super::*;
use crate::auto_scaling::requests::{LifecycleAction, PutLifecycleHook};

fn hook(scaling: &mut AutoScaling, name: &str, transition: &str, heartbeat: u32, default: &str) -> Result<(), Refusal> {
    let hook = json!({
        "AutoScalingGroupName": "doze", "LifecycleHookName": name, "DefaultResult": default,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "HeartbeatTimeout": heartbeat,
    });
    let request: PutLifecycleHook = serde_json::from_value(hook).expect("a request");
    scaling.put_hook(request)
}

fn action(hook: &str, instance: &str, result: &str) -> LifecycleAction {
    LifecycleAction {
        auto_scaling_group_name: "doze".into(),
        lifecycle_hook_name: hook.into(),
        lifecycle_action_token: None,
        instance_id: Some(instance.into()),
        lifecycle_action_result: Some(result.into()),
    }
}

fn one_host(scaling: &mut AutoScaling) -> String {
    want(scaling, 1).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    scaling.instances()[0].id.clone()
}

fn state(scaling: &AutoScaling, id: &str) -> &'static str {
    scaling.instance(id).expect("there").lifecycle.name()
}

#[test]
fn a_host_waits_at_its_launch_until_its_hook_is_answered() {
    let mut scaling = scaling(false);
    hook(&mut scaling, "hello", "LAUNCHING", 300, "ABANDON").expect("put");
    let id = one_host(&mut scaling);
    assert_eq!(state(&scaling, &id), "Pending:Wait");
    assert_eq!(scaling.instance(&id).expect("there").target, Some("InService"));
    scaling.complete_action(at(40), &action("hello", &id, "CONTINUE")).expect("accepted");
    assert_eq!(state(&scaling, &id), "Pending:Proceed");
    scaling.advance(at(41));
    assert_eq!(state(&scaling, &id), "InService");
    let late = scaling.complete_action(at(42), &action("hello", &id, "CONTINUE")).expect_err("it does not wait");
    assert_eq!(late.message, format!("No active Lifecycle Action found with instance ID {id}"));
}

#[test]
fn abandon_at_launch_terminates_and_the_group_launches_another() {
    let mut scaling = scaling(false);
    hook(&mut scaling, "hello", "LAUNCHING", 30, "ABANDON").expect("put");
    let id = one_host(&mut scaling);
    scaling.advance(at(45));
    assert_eq!(state(&scaling, &id), "Terminating", "nobody answered within 30 s of the wait");
    assert_eq!(scaling.instances().len(), 2);
}

#[test]
fn at_termination_both_answers_let_it_go_and_each_hook_is_waited_for() {
    for (result, state_then) in [("CONTINUE", "Terminating:Wait"), ("ABANDON", "Terminating:Proceed")] {
        let mut scaling = scaling(false);
        hook(&mut scaling, "one", "TERMINATING", 300, "CONTINUE").expect("put");
        hook(&mut scaling, "two", "TERMINATING", 600, "CONTINUE").expect("put");
        let id = one_host(&mut scaling);
        terminate(&mut scaling, at(50), &id, true).expect("accepted");
        assert_eq!(state(&scaling, &id), "Terminating:Wait");
        assert_eq!(scaling.instance(&id).expect("there").target, Some("Terminated"));
        scaling.complete_action(at(60), &action("one", &id, result)).expect("accepted");
        assert_eq!(state(&scaling, &id), state_then, "after {result}");
        // The other hook's time is over at 650.
        scaling.advance(at(660));
        assert_eq!(state(&scaling, &id), "Terminated");
    }
}

#[test]
fn heartbeats_make_a_wait_longer_but_never_than_a_hundred_of_them() {
    let mut scaling = scaling(false);
    hook(&mut scaling, "bye", "TERMINATING", 30, "CONTINUE").expect("put");
    let id = one_host(&mut scaling);
    terminate(&mut scaling, at(100), &id, true).expect("accepted");
    let mut now = 100;
    while state(&scaling, &id) == "Terminating:Wait" {
        now += 20;
        let _ = scaling.record_heartbeat(at(now), &action("bye", &id, ""));
        scaling.advance(at(now));
        assert!(now <= 100 + 3000 + 20, "it waits for 3000 s at most");
    }
    assert_eq!(now, 3100);
    assert_eq!(scaling.group("doze").expect("a group").hooks["bye"].global_timeout(), 3000);
    hook(&mut scaling, "bye", "TERMINATING", 7200, "CONTINUE").expect("put");
    assert_eq!(scaling.group("doze").expect("a group").hooks["bye"].global_timeout(), 48 * 3600);
}

#[test]
fn a_hook_that_makes_no_sense_is_refused() {
    let mut scaling = scaling(false);
    assert_eq!(hook(&mut scaling, "h", "LAUNCHING", 29, "ABANDON").expect_err("short").code, "ValidationError");
    assert_eq!(hook(&mut scaling, "h", "LAUNCHING", 7201, "ABANDON").expect_err("long").code, "ValidationError");
    assert_eq!(hook(&mut scaling, "h", "SLEEPING", 30, "ABANDON").expect_err("none").code, "ValidationError");
    assert_eq!(hook(&mut scaling, "h", "LAUNCHING", 30, "MAYBE").expect_err("none").code, "ValidationError");
    assert_eq!(hook(&mut scaling, "h h", "LAUNCHING", 30, "ABANDON").expect_err("name").code, "ValidationError");
    let refused = scaling.put_hook(PutLifecycleHook {
        auto_scaling_group_name: "none".into(),
        hook: serde_json::from_value(json!({ "LifecycleHookName": "h" })).expect("a hook"),
    });
    assert_eq!(refused.expect_err("no group").code, "ValidationError");
}
