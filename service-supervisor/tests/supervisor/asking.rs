//! What the supervisor asks of others: the ECS task, its protection, whether the app is ready.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use task_state::{MessageKind, State};

use super::ecs::{Agent, Ecs, TASK, answer, failure};
use super::rig::{App, Rig, SUPERVISOR};

const ON: &str = r#"{"ProtectionEnabled":true,"ExpiresInMinutes":120}"#;
const OFF: &str = r#"{"ProtectionEnabled":false}"#;

/// A supervisor in a task that ECS answers for, which sleeps after a second.
fn in_task(address: &str, ecs: &Ecs, options: &[&str]) -> Rig {
    let environment = ecs.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let usual = ["--task-protection", "--idle-timeout", "1s", "--drain-min", "1s"];
    Rig::start_in(address, &[&usual, options].concat(), &App::Listening, &environment)
}

fn protection(rig: &Rig) -> String {
    rig.health().and_then(|health| health.protection).unwrap_or_default()
}

#[test]
fn a_task_of_a_service_is_protected_in_use_unprotected_idle_and_stopped_by_ecs() {
    let ecs = Ecs::start(Agent::Obeys);
    let rig = in_task("127.95.1.1", &ecs, &["--min-awake", "500ms"]);
    rig.wait_for("awake", |rig| rig.phase() == "awake");
    assert_eq!(ecs.heard(), [ON]);
    rig.wait_for("its protection to be off", |rig| protection(rig) == "off");
    assert_eq!((ecs.heard(), rig.phase()), (vec![ON.to_owned(), OFF.to_owned()], "draining"));
    // A wake is 200 once it is protected again.
    assert_eq!(rig.wake(), 200);
    assert_eq!((ecs.heard().len(), protection(&rig).as_str()), (3, "on"));
    rig.wait_for("its protection to be off again", |rig| protection(rig) == "off");
    rig.signal(Signal::SIGTERM);
    let (code, rig) = rig.exit();
    assert_eq!(code, 143, "{}", rig.told());
    rig.wait_for_path(&["awake", "draining", "awake", "draining", "draining", "stopping", "gone"]);
}

#[test]
fn the_first_awake_waits_for_protection_however_the_agent_answers() {
    let throttled = r#"{"requestID":"r","error":{"Arn":"a","Code":"ThrottlingException","Message":"Rate exceeded"}}"#;
    let flood = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 1024 * 1024]].concat();
    let cases = [
        ("127.95.2.1", failure("DEPLOYMENT_BLOCKED"), "DEPLOYMENT_BLOCKED"),
        ("127.95.2.2", Agent::Says(answer("400 Bad Request", throttled)), "ThrottlingException: Rate exceeded"),
        ("127.95.2.3", Agent::Says(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{".to_vec()), "it broke off"),
        ("127.95.2.4", Agent::Says(b"\x00\x01\x02 garbage".to_vec()), "it is no HTTP/1 answer"),
        ("127.95.2.5", Agent::Says(flood), "its body is too long"),
        ("127.95.2.6", Agent::Silent, "no answer in time"),
    ];
    let threads = cases.map(|(address, agent, reason)| {
        std::thread::spawn(move || {
            let ecs = Ecs::start(agent);
            let rig = in_task(address, &ecs, &[]);
            rig.wait_for("the reason in /healthz", |rig| protection(rig).contains(reason));
            rig.wait_for("the app to serve direct clients", |rig| rig.health().is_some_and(|health| health.ready));
            assert_eq!(rig.health().map(|health| health.state), Some(State::Starting), "and no proxy's");
            rig.wait_for_log("task protection is not as wanted; it is asked for again");
            ecs.becomes(Agent::Obeys);
            rig.wait_for("awake", |rig| rig.path().first().is_some_and(|state| state == "awake"));
        })
    });
    for thread in threads {
        thread.join().expect("as promised");
    }
}

#[test]
fn a_wake_that_cannot_be_protected_is_503_and_not_200() {
    let ecs = Ecs::start(Agent::Obeys);
    let rig = in_task("127.95.3.1", &ecs, &[]);
    rig.wait_for("its protection to be off", |rig| protection(rig) == "off");
    ecs.becomes(failure("DEPLOYMENT_BLOCKED"));
    assert_eq!((rig.wake(), rig.phase()), (503, "draining"));
    ecs.becomes(Agent::Obeys);
    rig.wait_for("a wake to be granted", |rig| rig.wake() == 200);
    assert_eq!(protection(&rig), "on");
}

#[test]
fn a_standalone_task_asks_once_and_sleeps_as_usual() {
    let ecs = Ecs::start(failure("TASK_NOT_VALID"));
    let rig = in_task("127.95.4.1", &ecs, &[]);
    let (code, rig) = rig.exit();
    assert_eq!(code, 0, "{}", rig.told());
    assert_eq!(ecs.heard(), [ON]);
}

#[test]
fn the_task_is_asked_for_until_it_is_known() {
    let ecs = Ecs::start(Agent::Obeys);
    let good = ecs.environment();
    ecs.metadata_becomes(answer("500 Internal Server Error", "not now"));
    let (name, value) = &good[1];
    let rig = Rig::start_in("127.95.5.1", &[], &App::Listening, &[(name, value)]);
    rig.wait_for_log("the ECS task is not known yet; hellos go without it");
    ecs.metadata_becomes(answer("200 OK", &format!(r#"{{"TaskARN":"{TASK}"}}"#)));
    rig.wait_for("the task to be known", |rig| rig.health().is_some_and(|health| health.task.as_deref() == Some(TASK)));
    let hello = rig.watch("").next().expect("a hello");
    assert!(matches!(hello.kind, MessageKind::Hello { task: Some(task), .. } if task == TASK));
}

#[test]
fn the_readiness_address_says_when_it_is_ready_and_when_it_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let url = format!("http://localhost:{}/health", listener.local_addr().expect("address").port());
    let status = Arc::new(Mutex::new("503 Service Unavailable"));
    let says = Arc::clone(&status);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap_or_default();
            assert!(request[..count].starts_with(b"GET /health HTTP/1.1\r\n"));
            let _ = stream.write_all(&answer(*says.lock().expect("status"), "{}"));
        }
    });
    let rig = Rig::start("127.95.6.1", &["--ready", &url], &App::Listening);
    rig.wait_for("its word in why", |rig| rig.health().is_some_and(|health| health.why.contains("it answered 503")));
    assert_eq!(rig.phase(), "starting");
    *status.lock().expect("status") = "200 OK";
    rig.wait_for_path(&["awake"]);
    *status.lock().expect("status") = "500 Internal Server Error";
    rig.wait_for("unready", |rig| rig.health().is_some_and(|health| !health.ready && health.state.phase() == "awake"));
    *status.lock().expect("status") = "204 No Content";
    rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
}

#[test]
fn to_ask_the_app_whether_it_is_ready_does_not_keep_it_awake() {
    // It is asked at its own port, again and again while it is awake, and sleeps all the same.
    let options = ["--ready", "tcp://127.95.7.1:9050", "--idle-timeout", "7s", "--drain-min", "1s"];
    let rig = Rig::start("127.95.7.1", &options, &App::Listening);
    rig.wait_for_path(&["awake"]);
    let (code, rig) = rig.exit();
    assert_eq!(code, 0, "{}", rig.told());
    let sleep = rig.wait_for_log("service sleeps");
    assert!(sleep["awake_ms"].as_u64().is_some_and(|awake| awake < 9_000), "{sleep}");
}

#[test]
fn whoever_only_observes_says_what_it_would_do_and_obeys_orders() {
    let rig = Rig::ready("127.95.8.1", &["--observe", "--idle-timeout", "1s", "--drain-min", "100ms"]);
    rig.wait_for_log("service would sleep");
    rig.wait_for("a sleep in /healthz", |rig| {
        rig.health().and_then(|health| health.observed).is_some_and(|observed| observed.sleeps == 1)
    });
    assert_eq!(rig.phase(), "awake");
    let mut client = rig.connect(9050).expect("connected");
    Rig::talk(&mut client, "quick").expect("answered");
    rig.wait_for_log("service would be woken");
    drop(client);
    std::fs::write(&rig.file, "").expect("touch");
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    rig.wait_for_log("sleeping would have saved");
    rig.wait_for_path(&["awake", "draining", "stopping", "gone"]);
}

/// What the container's health check says, with a clean environment and an empty root, as in an image from scratch.
fn health(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(SUPERVISOR).arg("health").args(arguments).env_clear().output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), 1, "{text}");
    (output.status.code(), text)
}

#[test]
fn the_health_check_asks_9051_and_not_the_app() {
    let listen = ["--listen", "127.95.9.1:9051"];
    let (code, text) = health(&listen);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("unhealthy: 127.95.9.1:9051 does not answer"), "{text}");
    // With a token too: health needs none.
    let rig = Rig::ready("127.95.9.1", &["--token", "of-sixteen-characters", "--stop-grace", "3s"]);
    let (code, text) = health(&listen);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("healthy: awake; last used"), "{text}");
    let mut client = rig.connect(9050).expect("connected");
    Rig::talk(&mut client, "quick").expect("answered");
    rig.signal(Signal::SIGTERM);
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    let (code, text) = health(&listen);
    assert_eq!(code, Some(0), "who goes to sleep is not ill");
    assert!(text.starts_with("healthy: draining;"), "{text}");
    drop(client);
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn the_health_check_says_that_an_app_does_not_accept() {
    let script = ": > \"$READY\"; exec sleep 60";
    let rig = Rig::start("127.95.9.2", &[], &App::Script(script));
    rig.wait_for_script();
    rig.wait_for("9051 answers", |rig| rig.health().is_some());
    let (code, text) = health(&["--listen", "127.95.9.2:9051"]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("unhealthy: starting;"), "{text}");
}
