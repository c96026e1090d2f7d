//! The app is started again.

use nix::sys::signal::{Signal, kill};
use task_state::State;

use super::bare::{Running, output, supervisor, told};
use super::rig::{App, Rig};

/// A folder of its own for a test.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("doze-restart-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs a script as the app, with `options`.
fn run(options: &[&str], script: &str) -> (Option<i32>, String) {
    let mut command = supervisor(&["env", "--default-signal"], options);
    told(&command.args(["/bin/sh", "-c", script]).output().expect("run"))
}

#[test]
fn an_app_that_fails_is_started_again_where_it_was_and_one_that_has_done_its_work_is_not() {
    let folder = folder("fails");
    let script = "pwd >> lives; test $(wc -l < lives) = 3 || exit 9";
    let mut command = supervisor(&["env", "--default-signal"], &["--restart-delay", "20ms"]);
    let output = command.args(["/bin/sh", "-c", script]).current_dir(&folder).output().expect("run");
    assert_eq!(told(&output).0, Some(0));
    let here = folder.canonicalize().expect("path").display().to_string();
    assert_eq!(std::fs::read_to_string(folder.join("lives")).expect("lives"), format!("{here}\n{here}\n{here}\n"));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn once_the_budget_is_spent_the_apps_code_is_the_supervisors() {
    let counted = run(&["--restart-delay", "10ms", "--restart-budget", "3"], "echo life; exit 77");
    assert_eq!(counted, (Some(77), "life\n".repeat(4)));
    let killed = run(&["--restart-delay", "10ms", "--restart-budget", "1"], "echo life; kill -SEGV $$");
    assert_eq!(killed, (Some(139), "life\n".repeat(2)));
}

#[test]
fn always_and_never_are_what_they_say() {
    let always = run(&["--restart", "always", "--restart-delay", "10ms", "--restart-budget", "2"], "echo life; exit 0");
    assert_eq!(always, (Some(0), "life\n".repeat(3)));
    assert_eq!(run(&["--restart", "never"], "echo life; exit 1"), (Some(1), String::from("life\n")));
}

#[test]
fn nothing_is_started_while_anything_of_the_old_life_is_there() {
    let folder = folder("leftover");
    let script = format!(
        "cd {}; test -e first && {{ kill -0 $(cat first) 2>/dev/null && echo beside; exit 0; }}
         setsid sh -c 'trap \"\" TERM; echo $$ > first; while :; do sleep 0.05; done' &
         while ! test -s first; do sleep 0.02; done; exit 1",
        folder.display()
    );
    let (code, said) = run(&["--restart-delay", "1ms", "--stop-grace", "500ms"], &script);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn an_order_to_stop_ends_it_between_two_lives() {
    let mut command = supervisor(&["env", "--default-signal"], &["--restart-delay", "1h"]);
    command.args(["/bin/sh", "-c", "echo ready; exit 3"]);
    let running = Running::start(command);
    running.until("ready");
    // It comes while the app still runs, or after: the end is the same.
    running.signal(15);
    let code = running.exit().0;
    assert!(matches!(code, Some(3 | 143)), "{code:?}");
}

#[test]
fn a_program_that_has_gone_meanwhile_is_127_once_the_budget_is_spent() {
    let folder = folder("gone");
    let program = folder.join("app");
    std::fs::write(&program, "#!/bin/sh\nrm -- \"$0\"; exit 1\n").expect("written");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("made a program");
    let options = ["--restart-delay", "10ms", "--restart-budget", "2"];
    let output = supervisor(&["env"], &options).arg(&program).output().expect("run");
    assert_eq!(told(&output).0, Some(127));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn watchers_see_a_crash_as_awake_and_unready_and_the_next_life_as_ready() {
    let rig = Rig::ready("127.93.10.1", &["--restart-delay", "100ms"]);
    let mut watch = rig.watch("?id=p&as=proxy");
    kill(rig.app(), Signal::SIGKILL).expect("killed");
    watch.until("unready", |message| message.state == State::Awake { ready: false });
    watch.until("ready", |message| message.state == State::Awake { ready: true });
    rig.wait_for_log("app started again");
    rig.signal(Signal::SIGTERM);
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn a_crash_before_the_app_was_ready_leaves_the_service_starting() {
    let script = "test -e \"$READY\" && exec sleep 60; : > \"$READY\"; exit 1";
    let rig = Rig::start("127.93.10.2", &["--restart-delay", "10ms"], &App::Script(script));
    rig.wait_for_log("app started again");
    assert_eq!(rig.health().expect("health").state, State::Starting);
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 143);
}

#[test]
fn without_another_life_the_code_is_the_apps_at_once() {
    assert_eq!(told(&output(&["env"], "exit 200")).0, Some(200));
}
