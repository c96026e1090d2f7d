//! As PID 1 of a PID namespace of its own, which needs root.

use std::process::{Command, Output};

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
