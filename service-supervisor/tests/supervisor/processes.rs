//! Starting, signals, orphans, exit codes.

use nix::sys::signal::{Signal, kill};

use super::rig::{App, Rig};

/// Without another life after the first.
pub(crate) const ONCE: [&str; 2] = ["--restart", "never"];

fn exit_code(address: &str, script: &str) -> i32 {
    Rig::start(address, &ONCE, &App::Script(script)).exit().0
}

#[test]
fn the_apps_exit_code_is_passed_on() {
    for (code, last) in [(0, 1), (1, 2), (7, 3), (127, 4), (255, 5)] {
        assert_eq!(exit_code(&format!("127.93.1.{last}"), &format!("exit {code}")), code);
    }
}

#[test]
fn an_app_ended_by_a_signal_gives_128_and_its_number() {
    assert_eq!(exit_code("127.93.2.1", "kill -KILL $$"), 137);
    assert_eq!(exit_code("127.93.2.2", "kill -ABRT $$"), 134);
}

#[test]
fn an_app_ended_by_a_real_time_signal_is_noticed_too() {
    assert_eq!(exit_code("127.93.2.3", "kill -40 $$"), 168);
}

#[test]
fn a_command_that_is_not_found_is_127_and_one_that_cannot_be_run_126() {
    let run = |command: &str| {
        let mut supervisor = std::process::Command::new(super::rig::SUPERVISOR);
        supervisor.args(["--listen", "127.93.3.1:0", "--shutdown-file", "/tmp/doze-no-such-file", "--", command]);
        supervisor.env("SERVICE_NAME", "demo").output().expect("run").status.code()
    };
    assert_eq!(run("/no/such/command"), Some(127));
    assert_eq!(run("/tmp"), Some(126));
}

#[test]
fn bad_settings_are_64_and_nothing_is_started() {
    let mut command = std::process::Command::new(super::rig::SUPERVISOR);
    let output = command.args(["--", "/bin/true"]).env_remove("SERVICE_NAME").output().expect("run");
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SERVICE_NAME"));
}

#[test]
fn nobody_reading_the_logs_ends_neither_supervisor_nor_app() {
    let mut supervisor = std::process::Command::new(super::rig::SUPERVISOR);
    supervisor.args([
        "--restart",
        "never",
        "--listen",
        "127.93.3.2:0",
        "--shutdown-file",
        "/tmp/doze-no-such-file",
        "--",
    ]);
    // The app goes on when its standard input ends, and the supervisor has its end to log.
    supervisor.args(["/bin/sh", "-c", "read -r line; exit 5"]).env("SERVICE_NAME", "demo");
    supervisor.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut running = supervisor.spawn().expect("start");
    drop(running.stderr.take());
    drop(running.stdin.take());
    assert_eq!(running.wait().expect("its end").code(), Some(5));
}

#[test]
fn the_app_gets_a_clean_signal_mask() {
    // A shell cannot catch a signal that it inherited as blocked: it would wait for ever.
    assert_eq!(exit_code("127.93.4.1", "trap 'exit 5' USR1; kill -USR1 $$; sleep 60 & wait; exit 6"), 5);
    // Read by an app that sets no mask of its own, as a shell does.
    let rig = Rig::start("127.93.4.2", &ONCE, &App::Script("cat /proc/self/status > \"$READY.txt\"; : > \"$READY\""));
    rig.wait_for_script();
    let status = std::fs::read_to_string(rig.file.with_file_name("ready.txt")).expect("status");
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    assert_eq!(value("SigBlk:"), Some("0000000000000000"));
}

#[test]
fn signals_are_forwarded_to_the_app_real_time_ones_too() {
    // Not SIGHUP or SIGINT: whoever runs this test under nohup or in the background has them ignored, a shell cannot trap
    // what it inherited as ignored, and the supervisor passes dispositions on as they are.
    for (number, last) in [(10, 1), (12, 2), (28, 3), (35, 4)] {
        let script = format!("trap 'exit 33' {number}; : > \"$READY\"; while :; do sleep 0.05; done");
        let rig = Rig::start(&format!("127.93.5.{last}"), &ONCE, &App::Script(&script));
        rig.wait_for_script();
        let sent =
            std::process::Command::new("/bin/kill").arg(format!("-{number}")).arg(rig.pid().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()));
        assert_eq!(rig.exit().0, 33, "signal {number}");
    }
}

#[test]
fn an_orphan_is_reaped_while_the_app_runs() {
    let script = "(sh -c 'sleep 0.1 &' &) ; while :; do sleep 0.05; done";
    let rig = Rig::start("127.93.6.1", &[], &App::Script(script));
    rig.wait_for_log("an orphan was reaped");
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn many_orphans_that_end_at_once_are_all_reaped() {
    // Each is a child of a shell that has gone; SIGCHLD of most of them is one signal.
    let script = "for i in $(seq 60); do (sleep 0.4 &) ; done; sleep 30";
    let rig = Rig::start("127.93.6.2", &[], &App::Script(script));
    let children = |rig: &Rig| {
        let path = format!("/proc/{0}/task/{0}/children", rig.pid());
        std::fs::read_to_string(path).map_or(0, |text| text.split_whitespace().count())
    };
    rig.wait_for("the orphans are ours", |rig| children(rig) > 30);
    rig.wait_for("only the app is left", |rig| children(rig) == 1);
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn leftovers_are_termed_and_awaited_and_the_grace_is_not_waited_out() {
    let out = std::env::temp_dir().join(format!("doze-leftover-{}", std::process::id()));
    // In a session of its own, so that no signal to a group reaches it.
    let script = format!(
        "setsid sh -c 'trap \"sleep 0.2; echo ended > {0}; exit\" TERM; : > {0}.ready; while :; do sleep 0.05; done' &
         while ! test -e {0}.ready; do sleep 0.02; done; exit 4",
        out.display()
    );
    let begun = std::time::Instant::now();
    let (code, rig) = Rig::start("127.93.7.1", &ONCE, &App::Script(&script)).exit();
    assert_eq!(code, 4);
    assert_eq!(std::fs::read_to_string(&out).expect("it had the time to write"), "ended\n", "{}", rig.told());
    assert!(begun.elapsed().as_secs() < 20, "the grace is 23 s");
    for file in [out.clone(), out.with_extension("ready")] {
        let _ = std::fs::remove_file(file);
    }
}

#[test]
fn leftovers_that_ignore_sigterm_are_killed_after_the_grace() {
    let script = "setsid sh -c 'trap \"\" TERM; : > $READY; while :; do sleep 0.1; done' & \
                  while ! test -e $READY; do sleep 0.02; done; exit 4";
    let (code, rig) =
        Rig::start("127.93.7.2", &["--stop-grace", "1s", "--restart", "never"], &App::Script(script)).exit();
    assert_eq!(code, 4);
    rig.wait_for_log("leftovers of the app did not end in time and were killed");
}

#[test]
fn an_app_killed_from_outside_gives_137_and_watchers_are_told_that_it_has_gone() {
    let rig = Rig::ready("127.93.8.1", &ONCE);
    let mut watch = rig.watch("?id=p&as=proxy");
    kill(rig.app(), Signal::SIGKILL).expect("killed");
    watch.until("gone", |message| message.state == task_state::State::Gone);
    assert!(watch.next().is_none(), "the stream ends");
    assert_eq!(rig.exit().0, 137);
}

#[test]
fn an_app_that_never_accepts_is_stopped_with_code_65() {
    let (code, rig) = Rig::start("127.93.9.1", &["--ready-timeout", "300ms"], &App::Script("exec sleep 60")).exit();
    assert_eq!(code, 65);
    rig.wait_for_log("deadline struck");
}
