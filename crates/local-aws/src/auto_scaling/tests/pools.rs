use super::*;
use crate::auto_scaling::requests::{DeleteWarmPool, PutWarmPool};

fn pool(scaling: &mut AutoScaling, state: &str, min: u32) {
    let body = json!({
        "AutoScalingGroupName": "doze", "PoolState": state, "MinSize": min, "MaxGroupPreparedCapacity": "0",
    });
    let mut request: PutWarmPool = serde_json::from_value(body).expect("a request");
    request.max_group_prepared_capacity = Some(i64::from(min));
    scaling.put_warm_pool(&request).expect("put");
}

fn states(scaling: &AutoScaling) -> Vec<&'static str> {
    scaling.instances().iter().map(|instance| instance.lifecycle.name()).collect()
}

#[test]
fn a_host_is_prepared_stopped_and_taken_first_and_it_starts_faster() {
    let mut scaling = scaling(true);
    pool(&mut scaling, "Stopped", 1);
    scaling.advance(at(0));
    assert_eq!(states(&scaling), ["Warmed:Pending"]);
    let id = scaling.instances()[0].id.clone();
    assert_eq!(scaling.instance(&id).expect("there").target, None);
    scaling.advance(at(15));
    assert_eq!(states(&scaling), ["Warmed:Stopped"]);
    assert_eq!(scaling.instance(&id).expect("there").target, Some("Warmed:Stopped"));
    assert!(!scaling.instance(&id).expect("there").protected);
    assert_eq!(protect(&mut scaling, &id, true).expect_err("in the pool").code, "ValidationError");
    assert_eq!(terminate(&mut scaling, at(16), &id, true).expect_err("in the pool").code, "ValidationError");
    scaling.take_effects();
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(100));
    assert_eq!(states(&scaling), ["Pending", "Warmed:Pending"], "the pool's least is kept");
    assert!(scaling.instance(&id).expect("there").protected, "as the group protects new ones");
    scaling.advance(at(110));
    assert_eq!(states(&scaling)[0], "InService");
    scaling.take_effects();
    scaling.advance(at(115));
    let (host, group) = (id.clone(), "doze".to_owned());
    let started = scaling.take_effects();
    assert!(started.contains(&Effect::Joins { host, group }), "15 s, where a new one takes 30: {started:?}");
}

#[test]
fn a_running_host_of_the_pool_joins_only_when_the_group_takes_it() {
    let mut scaling = scaling(false);
    pool(&mut scaling, "Running", 1);
    scaling.advance(at(0));
    scaling.advance(at(30));
    let id = scaling.instances()[0].id.clone();
    let booted = scaling.take_effects();
    assert!(booted.contains(&Effect::Booted { host: id.clone(), group: "doze".into() }), "{booted:?}");
    assert!(booted.iter().all(|effect| !matches!(effect, Effect::Joins { .. })), "{booted:?}");
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(40));
    assert!(scaling.take_effects().contains(&Effect::Joins { host: id, group: "doze".into() }));
}

#[test]
fn a_pool_that_is_deleted_ends_with_its_last_host() {
    let mut scaling = scaling(false);
    pool(&mut scaling, "Hibernated", 2);
    scaling.advance(at(0));
    scaling.advance(at(20));
    assert_eq!(states(&scaling), ["Warmed:Hibernated", "Warmed:Hibernated"]);
    let request = DeleteWarmPool { auto_scaling_group_name: "doze".into(), force_delete: false };
    scaling.delete_warm_pool(&request).expect("accepted");
    scaling.advance(at(21));
    assert_eq!(states(&scaling), ["Warmed:Terminating", "Warmed:Terminating"]);
    assert!(scaling.group("doze").expect("a group").warm_pool.is_some_and(|pool| pool.deleting));
    scaling.advance(at(30));
    assert_eq!(states(&scaling), ["Warmed:Terminated", "Warmed:Terminated"]);
    assert_eq!(scaling.group("doze").expect("a group").warm_pool, None);
    assert_eq!(scaling.delete_warm_pool(&request).expect_err("gone").code, "ValidationError");
}

#[test]
fn an_account_has_a_thousand_hosts_at_most_whatever_its_groups_want() {
    let mut scaling = scaling(false);
    let group = json!({ "AutoScalingGroupName": "huge", "MinSize": 0, "MaxSize": i32::MAX, "DesiredCapacity": 900 });
    scaling.create_group(Moment::START, serde_json::from_value(group).expect("a request")).expect("made");
    let request = json!({ "AutoScalingGroupName": "huge", "PoolState": "Running" });
    scaling.put_warm_pool(&serde_json::from_value(request).expect("a request")).expect("put");
    scaling.advance(at(0));
    assert_eq!(scaling.instances().len(), 1000);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(1));
    assert_eq!(scaling.instances().len(), 1000);
    let huge = json!({ "AutoScalingGroupName": "huge", "DesiredCapacity": i32::MAX });
    scaling.set_desired(at(40), &serde_json::from_value(huge).expect("a request")).expect("accepted");
    scaling.advance(at(40));
    assert_eq!(scaling.instances().len(), 1000, "the pool's come first");
    assert_eq!(scaling.instances().iter().filter(|host| host.lifecycle.in_pool()).count(), 0);
}
