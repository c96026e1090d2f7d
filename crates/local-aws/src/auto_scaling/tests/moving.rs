use super::*;
use crate::auto_scaling::model::Balance;
use crate::auto_scaling::requests::{EnterStandby, ExitStandby, Processes, SetInstanceHealth};

fn serving(protects: bool, count: u32) -> AutoScaling {
    let mut scaling = scaling(protects);
    want(&mut scaling, count).expect("accepted");
    scaling.advance(at(0));
    scaling.advance(at(30));
    scaling.take_effects();
    scaling
}

fn live(scaling: &AutoScaling) -> Vec<(String, &'static str)> {
    let live = scaling.instances();
    live.iter().filter(|i| !i.lifecycle.is_over()).map(|i| (i.zone.clone(), i.lifecycle.name())).collect()
}

fn processes(names: &[&str]) -> Processes {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Processes { auto_scaling_group_name: "doze".into(), scaling_processes: names }
}

#[test]
fn hosts_are_spread_over_the_zones_and_scale_in_takes_the_oldest_of_the_fullest() {
    let mut scaling = serving(false, 4);
    let zones: Vec<String> = scaling.instances().iter().map(|i| i.zone.clone()).collect();
    assert_eq!(zones, ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1a"]);
    let first = scaling.instances()[0].id.clone();
    want(&mut scaling, 3).expect("accepted");
    scaling.advance(at(31));
    assert_eq!(scaling.instance(&first).expect("there").lifecycle, Lifecycle::Terminating(Step::Going));
}

#[test]
fn zones_out_of_balance_are_balanced_unless_that_is_suspended() {
    for suspended in [false, true] {
        let mut scaling = serving(false, 4);
        if suspended {
            scaling.suspend(at(30), &processes(&["AZRebalance"])).expect("accepted");
        }
        let others: Vec<String> =
            scaling.instances().iter().filter(|i| i.zone != "eu-west-1a").map(|i| i.id.clone()).collect();
        for id in others {
            terminate(&mut scaling, at(31), &id, true).expect("accepted");
        }
        scaling.advance(at(40));
        scaling.advance(at(41));
        assert_eq!(live(&scaling).len(), 2);
        if suspended {
            assert_eq!(scaling.group("doze").expect("a group").balance, Balance::Even);
            continue;
        }
        scaling.advance(at(400));
        let coming = live(&scaling);
        assert_eq!(coming[2], ("eu-west-1b".to_owned(), "Pending"), "one more than wanted for a while");
        scaling.advance(at(420));
        scaling.advance(at(430));
        let zones: Vec<String> = live(&scaling).into_iter().map(|(zone, _)| zone).collect();
        assert_eq!(zones, ["eu-west-1a", "eu-west-1b"]);
    }
}

#[test]
fn standby_takes_a_host_out_and_brings_it_back() {
    let mut scaling = serving(false, 2);
    let id = scaling.instances()[0].id.clone();
    let enter = |decrement| EnterStandby {
        instance_ids: vec![id.clone()],
        auto_scaling_group_name: "doze".into(),
        should_decrement_desired_capacity: decrement,
    };
    let exit = ExitStandby { instance_ids: vec![id.clone()], auto_scaling_group_name: "doze".into() };
    assert_eq!(scaling.exit_standby(at(31), &exit).expect_err("it serves").code, "ValidationError");
    assert_eq!(scaling.enter_standby(at(31), &enter(true)).expect("accepted").len(), 1);
    protect(&mut scaling, &id, true).expect("EnteringStandby has protection");
    scaling.advance(at(36));
    let instance = scaling.instance(&id).expect("there");
    assert_eq!((instance.lifecycle, instance.target), (Lifecycle::Standby, Some("Standby")));
    assert_eq!((scaling.group("doze").expect("a group").desired, live(&scaling).len()), (1, 2));
    scaling.exit_standby(at(40), &exit).expect("accepted");
    scaling.advance(at(50));
    assert_eq!(scaling.instance(&id).expect("there").lifecycle, Lifecycle::InService);
    assert_eq!(scaling.group("doze").expect("a group").desired, 2);
    scaling.enter_standby(at(60), &enter(false)).expect("accepted");
    scaling.advance(at(61));
    assert_eq!(live(&scaling).len(), 3, "it is replaced");
}

#[test]
fn suspended_processes_do_not_happen() {
    let mut scaling = serving(false, 2);
    scaling.suspend(at(30), &processes(&["Launch", "Terminate"])).expect("accepted");
    want(&mut scaling, 4).expect("accepted");
    scaling.advance(at(31));
    assert_eq!(live(&scaling).len(), 2);
    want(&mut scaling, 1).expect("accepted");
    scaling.advance(at(32));
    assert!(live(&scaling).iter().all(|(_, state)| *state == "InService"));
    scaling.resume(&processes(&[])).expect("accepted");
    scaling.advance(at(33));
    assert_eq!(live(&scaling).iter().filter(|(_, state)| *state == "Terminating").count(), 1);
}

#[test]
fn what_is_said_to_be_unhealthy_is_replaced_protected_or_not() {
    let mut scaling = serving(true, 1);
    let id = scaling.instances()[0].id.clone();
    let health = |status: &str| SetInstanceHealth {
        instance_id: id.clone(),
        health_status: status.into(),
        should_respect_grace_period: None,
    };
    assert_eq!(scaling.set_health(at(40), &health("Poorly")).expect_err("no state").code, "ValidationError");
    scaling.suspend(at(40), &processes(&["ReplaceUnhealthy"])).expect("accepted");
    scaling.set_health(at(41), &health("Unhealthy")).expect("accepted");
    scaling.advance(at(42));
    assert_eq!(live(&scaling).len(), 1);
    scaling.resume(&processes(&["ReplaceUnhealthy"])).expect("accepted");
    scaling.advance(at(43));
    let states: Vec<&str> = live(&scaling).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["Terminating", "Pending"]);
}
