//! As PID 1 of a PID namespace of its own, which needs root.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::bare::{Running, output, supervisor};
use super::rig::SUPERVISOR;

fn as_pid_one(listen: &str, script: &str) -> Option<Output> {
    let namespace = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    let there = Command::new("unshare").args(namespace).arg("/bin/true").output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no PID namespace can be made here");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(namespace).args([SUPERVISOR, "--listen", listen, "--shutdown-file", "/tmp/doze-no-such-file", "--"]);
    command
        .args(["/bin/sh", "-c", script])
        .env("SERVICE_NAME", "demo")
        .env("SUPERVISOR_RESTART", "never")
        .env("LOG", "debug")
        .env("LOG_FORMAT", "json");
    Some(command.output().expect("run"))
}

#[test]
fn as_pid_1_the_exit_code_is_passed_on_and_orphans_are_reaped() {
    let script = "test $PPID = 1 || exit 2; (sh -c 'sleep 0.05 &' &); sleep 0.5; exit 21";
    let Some(output) = as_pid_one("127.97.1.1:9051", script) else { return };
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(21), "{log}");
    assert!(log.contains("an orphan was reaped"), "{log}");
}

#[test]
fn as_pid_1_sigterm_reaches_the_app_though_the_kernel_shields_pid_1() {
    let script = "trap 'exit 22' TERM; kill -TERM 1; while :; do sleep 0.05; done";
    let Some(output) = as_pid_one("127.97.1.2:9051", script) else { return };
    assert_eq!(output.status.code(), Some(22), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A supervisor as PID 1 whose app is this script, which lives once and says `ready`.
fn running_as_pid_one(script: &str) -> Option<Running> {
    let prefix = ["env", "--default-signal", "unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    if !Command::new(prefix[0]).args(&prefix[1..]).arg("/bin/true").output().is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: no PID namespace can be made here");
        return None;
    }
    let mut command = supervisor(&prefix, &["--restart", "never"]);
    command.args(["/bin/sh", "-c", script]);
    let running = Running::start(command);
    running.until("ready");
    Some(running)
}

/// The only child of a process.
fn child_of(pid: Pid) -> Pid {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("children");
    Pid::from_raw(text.trim().parse().expect("one child"))
}

#[test]
fn as_pid_1_every_exit_code_is_passed_on() {
    for code in 0..=255 {
        let Some(running) = running_as_pid_one(&format!("echo ready; exit {code}")) else { return };
        assert_eq!(running.exit().0, Some(code));
    }
}

#[test]
fn as_pid_1_five_hundred_orphans_are_reaped_while_the_app_runs() {
    let script = "for n in $(seq 500); do (sleep 0.$((n % 10)) &); done
        while test $(ps -A -o state= | wc -l) -gt 6; do sleep 0.05; done; echo ready
        ps -A -o state= | grep -c Z; exit 25";
    let Some(running) = running_as_pid_one(script) else { return };
    assert_eq!(running.exit(), (Some(25), String::from("0")));
}

#[test]
fn as_pid_1_a_storm_of_signals_and_of_children_loses_no_order() {
    let script = "for n in 1 2 10 12 28 35 64; do trap : $n; done; trap 'exit 26' TERM; echo ready
        (for n in $(seq 300); do for s in 1 2 10 12 28 35 64; do kill -$s 1; done; done; kill -TERM 1) &
        while :; do (sleep 0.01 &) ; sleep 0.01; done";
    let Some(running) = running_as_pid_one(script) else { return };
    assert_eq!(running.exit().0, Some(26));
}

#[test]
fn as_pid_1_five_hundred_leftovers_in_sessions_of_their_own_are_ended_and_awaited() {
    let script = "for n in $(seq 500); do (setsid sleep 600 &); done
        while test $(ps -A -o args= | grep -c '^sleep 600') -lt 500; do sleep 0.1; done; echo ready; exit 27";
    let Some(running) = running_as_pid_one(script) else { return };
    let begun = Instant::now();
    assert_eq!(running.exit().0, Some(27));
    assert!(begun.elapsed() < Duration::from_secs(20), "the grace is 23 s");
}

#[test]
fn a_process_put_in_from_outside_is_nobodys_to_wait_for() {
    // As ECS Exec and `docker exec` do: it is in the namespace, and its parent is not.
    let Some(running) = running_as_pid_one("echo ready; read -r line; exit 28") else { return };
    let first = child_of(running.pid()).to_string();
    let mut put_in =
        Command::new("nsenter").args(["--target", &first, "--pid", "/bin/sleep", "600"]).spawn().expect("run");
    let begun = Instant::now();
    assert_eq!(running.exit().0, Some(28));
    assert!(begun.elapsed() < Duration::from_secs(20), "the grace is 23 s");
    // With PID 1 the kernel ends its whole namespace.
    put_in.wait().expect("ended");
}

#[test]
fn under_another_init_that_is_pid_1_orphans_come_to_the_supervisor_all_the_same() {
    // As with ECS's `initProcessEnabled` and `docker run --init`; here a shell is that init.
    let script =
        "test $PPID != 1 || exit 2; (sh -c 'sleep 0.05 &' &); sleep 0.5; ps -A -o state= | grep Z && exit 3; exit 29";
    let prefix =
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-c", "\"$@\"; exit $?", "sh"];
    if running_as_pid_one("echo ready").is_some() {
        let output = output(&prefix, script);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(29), "{log}");
        assert!(log.contains("an orphan was reaped"), "{log}");
    }
}
