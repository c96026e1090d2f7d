//! Waking by RunTask, against a stand-in for AWS (rules X3 to X6).

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use task_state::{Cause, State};

use crate::aws::{Aws, Task, now};
use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::Origin;

const AWAKE: State = State::Awake { ready: true };

/// Where a task runs: an address of its own, so that app and supervisor have their ports on it.
struct Place {
    address: Ipv4Addr,
    backend_port: u16,
    status_port: u16,
}

impl Place {
    /// A place for each test, on ports that were free a moment ago.
    fn new() -> Place {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let [high, low] = std::process::id().to_be_bytes()[2..] else { unreachable!("two bytes of four") };
        let address = Ipv4Addr::new(127, 128 | high, low.max(1), NEXT.fetch_add(1, Ordering::SeqCst));
        let free = || Origin::start_at(&format!("{address}:0")).at.port();
        Place { address, backend_port: free(), status_port: free() }
    }

    fn supervisor(&self, task: Option<&str>, state: State) -> Supervisor {
        Supervisor::start_at(&format!("{}:{}", self.address, self.status_port), "demo", task, state)
    }

    fn origin(&self) -> Origin {
        Origin::start_at(&format!("{}:{}", self.address, self.backend_port))
    }

    fn proxy(&self, aws: &Aws, arguments: &[&str]) -> Proxy {
        let (backend, status) = (self.backend_port.to_string(), self.status_port.to_string());
        // Nobody answers DNS there: a wake does not need it.
        let nobody = Origin::start().at.to_string();
        let own = ["--mode", "resident", "--cluster", "main", "--capacity-provider", "hosts", "--dns-server", &nobody];
        let ports = ["--backend-port", &backend, "--status-port", &status];
        let environment = aws.environment();
        let environment: Vec<(&str, &str)> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Proxy::start(&[&own[..], &ports[..], arguments].concat(), &environment)
    }
}

fn hold(proxy: &Proxy) -> crate::wire::Wire {
    let mut caller = proxy.connect();
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    caller
}

fn run_task(aws: &Aws) -> String {
    until("RunTask", || aws.with(|world| world.tasks.first().map(|task| task.arn.clone())))
}

#[test]
fn fifty_first_callers_are_held_and_wake_one_task_and_are_all_answered() {
    let (aws, place) = (Aws::start(), Place::new());
    let proxy = place.proxy(&aws, &[]);
    let mut callers: Vec<_> = (0..50).map(|_| hold(&proxy)).collect();
    let task = run_task(&aws);
    proxy.until_status("fifty held", |status| status["held"] == 50 && status["phase"] == "waking");

    // The address shows before anything runs there; the supervisor comes before its app.
    aws.with(|world| (world.tasks[0].status, world.tasks[0].address) = ("PENDING", Some(place.address)));
    proxy.until_status("the address", |status| status["backends"][0]["task"] == task.as_str());
    let supervisor = place.supervisor(Some(&task), State::Starting);
    proxy.until_status("a watch", |status| status["backends"][0]["state"] == "starting");
    place.origin().answer_all("awake");
    supervisor.becomes(AWAKE);
    for caller in &mut callers {
        assert_eq!(caller.read_answer(), (200, "awake".to_owned()));
    }

    let calls = aws.calls("runtask");
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!(
        (&call["startedBy"], &call["count"], &call["cluster"]),
        (&json!("doze/demo"), &json!(1), &json!("main"))
    );
    assert_eq!(call["taskDefinition"], "demo");
    let strategy = &call["capacityProviderStrategy"][0];
    assert_eq!((&strategy["capacityProvider"], &strategy["weight"]), (&json!("hosts"), &json!(1)));
    let overrides = json!([{ "name": "app", "environment": [{ "name": "SERVICE_NAME", "value": "demo" }] }]);
    assert_eq!(call["overrides"]["containerOverrides"], overrides);
    for message in ["holding requests", "task asked for", "task followed", "backend ready", "first held request sent"] {
        assert_eq!(proxy.until_log(message)["service"], "demo", "{message}");
    }
    let status = proxy.status();
    assert_eq!((&status["phase"], &status["last_wake"]["task"]), (&json!("awake"), &json!(task)));
    let (held, answered) = (&status["callers"]["first_held_ms"], &status["callers"]["first_answer_ms"]);
    assert!(held.as_u64() >= answered.as_u64() && answered.is_u64(), "{status}");
    assert_eq!(status["callers"]["most_held"], 50);
}

#[test]
fn a_run_task_without_an_answer_is_repeated_with_the_same_token() {
    let (aws, place) = (Aws::start(), Place::new());
    // More than the SDK repeats by itself.
    aws.with(|world| world.lost_answers = 5);
    let proxy = place.proxy(&aws, &[]);
    let _caller = hold(&proxy);
    proxy.until_log("task asked for");
    let calls = aws.calls("runtask");
    assert!(calls.len() >= 6 && calls.iter().all(|call| call["clientToken"] == calls[0]["clientToken"]));
    assert_eq!(aws.with(|world| world.tasks.len()), 1);
}

#[test]
fn somebody_elses_wake_is_waited_for() {
    let (aws, place) = (Aws::start(), Place::new());
    let arn = "arn:aws:ecs:eu-west-1:111122223333:task/main/0abc".to_owned();
    aws.with(|world| {
        let (token, address) = ("theirs".to_owned(), Some(place.address));
        world.tasks.push(Task { arn: arn.clone(), token, status: "PENDING", address, created: now() });
    });
    let proxy = place.proxy(&aws, &[]);
    let mut caller = hold(&proxy);
    assert_eq!(proxy.until_log("task found, waiting for it")["task"], arn.as_str());
    let _supervisor = place.supervisor(None, AWAKE);
    place.origin().answer_all("theirs");
    assert_eq!(caller.read_answer(), (200, "theirs".to_owned()));
    assert!(aws.calls("runtask").is_empty());
}

#[test]
fn a_registered_task_serves_without_a_wake() {
    let (aws, place) = (Aws::start(), Place::new());
    let arn = "arn:aws:ecs:eu-west-1:111122223333:task/main/0abc";
    let attributes = json!({
        "AWS_INSTANCE_IPV4": place.address.to_string(), "AWS_INSTANCE_PORT": place.backend_port.to_string(),
        "DOZE_SUPERVISOR_PORT": place.status_port.to_string(), "DOZE_TASK": arn, "DOZE_REVISION": "demo:1",
        "DOZE_CLUSTER": "main",
    });
    aws.with(|world| {
        world.instances.push(("0abc".to_owned(), attributes));
        let (token, address) = ("theirs".to_owned(), Some(place.address));
        world.tasks.push(Task { arn: arn.to_owned(), token, status: "RUNNING", address, created: now() - 86_400.0 });
    });
    let _supervisor = place.supervisor(Some(arn), AWAKE);
    place.origin().answer_all("registered");
    let proxy = place.proxy(&aws, &["--max-tasks", "1"]);
    assert_eq!(proxy.get("/"), (200, "registered".to_owned()));
    assert!(aws.calls("runtask").is_empty());
    assert_eq!(proxy.status()["backends"][0]["source"], "cloud_map");
}

#[test]
fn a_task_that_stops_before_it_is_reachable_is_followed_by_another_with_the_next_token() {
    let (aws, place) = (Aws::start(), Place::new());
    let proxy = place.proxy(&aws, &[]);
    let mut caller = hold(&proxy);
    run_task(&aws);
    aws.with(|world| world.tasks[0].status = "STOPPED");
    until("a second RunTask", || aws.with(|world| world.tasks.get(1).map(|task| task.arn.clone())));
    aws.with(|world| {
        assert_ne!(world.tasks[0].token, world.tasks[1].token);
        (world.tasks[1].status, world.tasks[1].address) = ("RUNNING", Some(place.address));
    });
    let _supervisor = place.supervisor(None, AWAKE);
    place.origin().answer_all("second");
    assert_eq!(caller.read_answer(), (200, "second".to_owned()));
}

#[test]
fn an_ordered_drain_is_answered_by_waking_a_new_task() {
    let (aws, place) = (Aws::start(), Place::new());
    let proxy = place.proxy(&aws, &[]);
    let mut caller = hold(&proxy);
    let task = run_task(&aws);
    aws.with(|world| (world.tasks[0].status, world.tasks[0].address) = ("RUNNING", Some(place.address)));
    let supervisor = place.supervisor(Some(&task), AWAKE);
    place.origin().answer_all("first");
    assert_eq!(caller.read_answer().0, 200);
    supervisor.becomes(State::Draining { number: 1, cause: Cause::File });
    proxy.until_phase("draining");
    let _second = hold(&proxy);
    aws.with(|world| world.revision += 1);
    until("a second task", || aws.with(|world| world.tasks.get(1).map(|task| task.arn.clone())));
    assert_eq!(supervisor.wakes(), 0);
}

#[test]
fn five_wakes_that_fail_open_the_breaker_and_the_held_are_told() {
    let (aws, place) = (Aws::start(), Place::new());
    aws.with(|world| world.refuses = true);
    let proxy = place.proxy(&aws, &[]);
    let mut caller = hold(&proxy);
    let (code, body) = caller.read_answer();
    assert_eq!(code, 503);
    assert!(body.contains("wake_failed"), "{body}");
    let (code, body) = proxy.get("/");
    assert_eq!((code, body.contains("wake_failed")), (503, true));
    proxy.until_log("wakes failed in a row, requests are refused");
}

#[test]
fn an_aws_that_hangs_does_not_keep_a_drain_from_being_called_back() {
    let (aws, place) = (Aws::start(), Place::new());
    let supervisor = place.supervisor(None, State::Draining { number: 1, cause: Cause::File });
    aws.with(|world| {
        world.revision = 1;
        let attributes = json!({ "AWS_INSTANCE_IPV4": place.address.to_string(), "AWS_INSTANCE_PORT": place.backend_port.to_string(),
            "DOZE_SUPERVISOR_PORT": place.status_port.to_string(), "DOZE_TASK": "arn:aws:ecs:eu-west-1:1:task/main/0a",
            "DOZE_REVISION": "demo:1", "DOZE_CLUSTER": "main" });
        world.instances.push(("0a".to_owned(), attributes));
        world.refuses = true;
    });
    let proxy = place.proxy(&aws, &[]);
    let _caller = hold(&proxy);
    proxy.until_log("backend draining");
    proxy.until_log("cannot run a task");
    let before = aws.calls("runtask").len();
    aws.with(|world| world.hangs = true);
    until("a question that hangs", || aws.with(|world| (world.hanging > 0).then_some(())));
    let asked = Instant::now();
    supervisor.becomes(State::Draining { number: 2, cause: Cause::Idle });
    until("a call-back", || (supervisor.wakes() > 0).then_some(()));
    assert!(asked.elapsed() < Duration::from_secs(10), "took {:?}", asked.elapsed());
    assert_eq!(aws.calls("runtask").len(), before, "the question was answered meanwhile");
}
