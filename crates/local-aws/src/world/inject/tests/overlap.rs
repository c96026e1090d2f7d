//! Faults that overlap and end in any order: what holds is what the remaining ones say.

use super::*;
use crate::dns::faults as dns;

/// What is done to parts of the world, in short: `freeze task`, `mend host`.
fn grips(actions: Vec<Action>) -> Vec<String> {
    let part = |verb: &str, part: Part| match part {
        Part::Task { .. } => Some(format!("{verb} task")),
        Part::Host { .. } => Some(format!("{verb} host")),
    };
    let said = actions.into_iter().filter_map(|action| match action {
        Action::Freeze(what) => part("freeze", what),
        Action::Thaw(what) => part("thaw", what),
        Action::Cut(what) => part("cut", what),
        Action::Mend(what) => part("mend", what),
        Action::Start(_)
        | Action::Stop { .. }
        | Action::Kill { .. }
        | Action::HostUp { .. }
        | Action::EcsAgent { .. }
        | Action::HostDown { .. }
        | Action::HostLost { .. }
        | Action::KillAgent { .. } => None,
    });
    said.collect()
}

#[test]
fn a_task_stays_frozen_or_cut_off_until_its_last_fault_is_lifted_in_any_order() {
    for (kind, take, leave) in [("freeze", "freeze", "thaw"), ("cut", "cut", "mend")] {
        for first in ["task", "host"] {
            let (mut state, task, host) = running();
            let of_task = fault(json!({ "kind": kind, "what": { "task": task } }));
            let of_host = fault(json!({ "kind": kind, "what": { "host": host } }));
            let of_task = state.inject(at(100), of_task).expect("there");
            assert_eq!(grips(state.take_actions()), [format!("{take} task")]);
            let of_host = state.inject(at(100), of_host).expect("there");
            assert_eq!(grips(state.take_actions()), [format!("{take} host")], "the task is held already");
            let (lifted, other) = if first == "task" { (of_task, of_host) } else { (of_host, of_task) };
            assert!(state.lift(at(101), lifted));
            let let_go = if first == "task" { vec![] } else { vec![format!("{leave} host")] };
            assert_eq!(grips(state.take_actions()), let_go, "{kind}, {first} first");
            assert!(state.lift(at(102), other));
            let rest = match first {
                "task" => vec![format!("{leave} task"), format!("{leave} host")],
                _ => vec![format!("{leave} task")],
            };
            assert_eq!(grips(state.take_actions()), rest, "{kind}, {first} first");
        }
    }
}

#[test]
fn an_ecs_agent_that_is_restarted_on_a_frozen_host_is_back_when_both_are_over() {
    for (thawed, expected) in [(103, [false, false, true]), (150, [false, false, false])] {
        let (mut state, _, host) = running();
        let connected = |state: &mut State, second| {
            let filter = format!("ec2InstanceId == {host} and agentConnected == true");
            let listed = json!({ "cluster": "doze", "filter": filter });
            let listed = ecs(state, at(second), "ListContainerInstances", listed);
            listed["containerInstanceArns"] != json!([])
        };
        let freeze = fault(json!({ "kind": "freeze", "what": { "host": host } }));
        let freeze = state.inject(at(100), freeze).expect("there");
        let restart = json!({ "kind": "restart_ecs_agent", "host": host, "refuses": "10s" });
        state.inject(at(100), fault(restart)).expect("there");
        let mut seen = Vec::new();
        for second in [102, 105, 140] {
            pass(&mut state, second);
            if second > thawed {
                state.lift(at(second), freeze);
            }
            seen.push(connected(&mut state, second));
        }
        assert_eq!(seen, expected, "thawed at {thawed} s");
        state.lift(at(150), freeze);
        assert!(connected(&mut state, 150));
    }
}

#[test]
fn of_two_faults_that_spread_late_the_one_that_remains_holds() {
    for (lifted, remains) in [(0, (30, 9)), (1, (5, 40))] {
        let mut state = state();
        let both = [json!({ "discover": "5s", "dns": "40s" }), json!({ "discover": "30s", "dns": "9s" })];
        let ids = both.map(|mut late| {
            late["kind"] = json!("spread_late");
            state.inject(at(1), fault(late)).expect("injected")
        });
        let seconds = Duration::from_secs;
        assert_eq!(state.cloud_map.spread(), (seconds(30), seconds(9)), "the latest");
        state.lift(at(2), ids[lifted]);
        assert_eq!(state.cloud_map.spread(), (seconds(remains.0), seconds(remains.1)));
        state.lift_all(at(3));
        assert_eq!(state.cloud_map.spread(), (spread::DISCOVER, spread::DNS));
    }
}

#[test]
fn a_fault_of_lost_operations_takes_back_its_own_losses_only() {
    let mut state = state();
    let lose = |count| fault(json!({ "kind": "lose_operations", "count": count, "code": "INTERNAL_FAILURE" }));
    let first = state.inject(at(1), lose(2)).expect("injected");
    let second = state.inject(at(1), lose(1)).expect("injected");
    state.lift(at(2), first);
    assert_eq!(state.faults.one(second).expect("known")["active"], true);
    let statuses = [("one", 3), ("two", 13)].map(|(name, second)| {
        let body = json!({ "Name": name, "Vpc": "v" });
        let answer = state.call(at(second), Service::CloudMap, "CreatePrivateDnsNamespace", body).expect("accepted");
        let Answer::Json(said) = answer else { panic!("Cloud Map speaks JSON") };
        pass(&mut state, second + 9);
        let asked = json!({ "OperationId": said["OperationId"] });
        let answer = state.call(at(second + 9), Service::CloudMap, "GetOperation", asked).expect("known");
        let Answer::Json(said) = answer else { panic!("Cloud Map speaks JSON") };
        said["Operation"]["Status"].clone()
    });
    assert_eq!(statuses, [json!("FAIL"), json!("SUCCESS")]);
    assert_eq!(state.faults.one(second).expect("known")["active"], false, "its operation is lost");
}

#[test]
fn of_two_faults_of_the_same_dns_queries_the_one_that_remains_holds() {
    let mut state = state();
    let asked = |state: &mut State| state.dns_faults.of(dns::Side::Zones, "a.local");
    let slow = fault(json!({ "kind": "dns", "name": "local", "how": "delay", "by": "1s" }));
    let slow = state.inject(at(1), slow).expect("injected");
    let dropped =
        state.inject(at(1), fault(json!({ "kind": "dns", "name": "local", "how": "drop" }))).expect("injected");
    assert_eq!(asked(&mut state), Some(dns::Fault::Drop));
    state.lift(at(2), dropped);
    assert_eq!(asked(&mut state), Some(dns::Fault::Delay(Duration::from_secs(1))));
    state.lift(at(3), slow);
    assert_eq!(asked(&mut state), None);
}
