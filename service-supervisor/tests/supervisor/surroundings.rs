//! Wherever it is started: as PID 1 or not, in whatever directory, with whatever is closed, missing or forbidden.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use super::bare::{LIMIT, Running, output, supervisor, told};

/// Whether a prefix can be run here: making namespaces needs root.
fn can(prefix: &[&str]) -> bool {
    let there = Command::new(prefix[0]).args(&prefix[1..]).arg("/bin/true").output();
    let can = there.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped: {prefix:?} is not possible here");
    }
    can
}

#[test]
fn arguments_and_environment_reach_the_app_byte_for_byte() {
    let odd: [&OsStr; 5] =
        [OsStr::from_bytes(b"\xff\xfe"), "".as_ref(), " a\nb\t".as_ref(), "--listen".as_ref(), "--".as_ref()];
    let mut command = supervisor(&["env", "-i", "SERVICE_NAME=demo", "EMPTY="], &["--restart", "never"]);
    command.env("ODD", OsStr::from_bytes(b"\xc3\x28=\n")).args(["/bin/sh", "-c", "cat /proc/$$/cmdline"]).args(odd);
    let output = command.output().expect("run");
    let expected = [&b"/bin/sh\0-c\0cat /proc/$$/cmdline\0"[..], b"\xff\xfe\0\0 a\nb\t\0--listen\0--\0"].concat();
    assert_eq!(output.stdout, expected);

    let mut command = supervisor(&["env"], &[]);
    command.env_clear().env("SERVICE_NAME", "demo").env("ODD", OsStr::from_bytes(b"\xc3\x28=\n")).env("EMPTY", "");
    let output = command.args(["/bin/cat", "/proc/self/environ"]).output().expect("run");
    let mut entries: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
    entries.sort_unstable();
    assert_eq!(entries, [&b""[..], b"EMPTY=", b"ODD=\xc3\x28=\n", b"SERVICE_NAME=demo"]);
}

#[test]
fn the_dashes_may_be_left_out_and_a_second_pair_is_a_command_that_is_not_there() {
    let mut plain = supervisor(&[], &["--restart", "never"]);
    let words: Vec<_> = plain.get_args().filter(|word| *word != "--").map(OsStr::to_owned).collect();
    let mut without = Command::new(plain.get_program());
    let run = without.args(words).args(["/bin/sh", "-c", "exit 3"]).env("SERVICE_NAME", "demo").output();
    assert_eq!(run.expect("run").status.code(), Some(3));
    let twice = plain.args(["--", "/bin/true"]).output().expect("run");
    assert_eq!(twice.status.code(), Some(127));
}

#[test]
fn a_program_is_looked_for_as_shells_do() {
    let run = |words: &[&str]| {
        let output = supervisor(&["env"], &["--restart", "never"]).args(words).output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!((run(&["true"]).0, run(&["false"]).0), (Some(0), Some(1)));
    for (words, code, error) in [
        (&["zzzz"][..], 127, "ENOENT"),
        (&["/doesnotexist"], 127, "ENOENT"),
        (&[""], 127, "ENOENT"),
        (&["/etc"], 126, "EACCES"),
        (&["/etc/passwd"], 126, "EACCES"),
    ] {
        let (seen, log) = run(words);
        assert_eq!(seen, Some(code), "{words:?}");
        assert!(log.contains("cannot start") && log.contains(error) && log.contains(words[0]), "{log}");
    }
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_the_shell() {
    let script = std::env::temp_dir().join(format!("doze-script-{}", std::process::id()));
    std::fs::write(&script, "echo \"$1\"; exit 14\n").expect("written");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("made a program");
    let output = supervisor(&["env"], &["--restart", "never"]).arg(&script).arg("hi").output().expect("run");
    assert_eq!(told(&output), (Some(14), String::from("hi\n")));
    std::fs::remove_file(script).expect("removed");
}

#[test]
fn the_app_starts_in_the_working_directory_and_the_supervisor_keeps_none_in_use() {
    let mut command = supervisor(&["env"], &["--restart", "never"]);
    command.args(["/bin/sh", "-c", "sleep 0.2; readlink /proc/$PPID/cwd /proc/$$/cwd"]).current_dir("/tmp");
    assert_eq!(told(&command.output().expect("run")), (Some(0), String::from("/\n/tmp\n")));
    // One that has no name any more.
    let folder = std::env::temp_dir().join(format!("doze-removed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let script = format!("cd {0} && rmdir {0} && exec \"$@\"", folder.display());
    let removed = output(&["/bin/sh", "-c", &script, "sh"], "exit 6");
    assert_eq!(told(&removed).0, Some(6));
}

#[test]
fn closed_standard_streams_stay_closed_for_the_app_and_hold_up_nobody() {
    for (closed, expected) in [("<&-", 6), (">&-", 5), ("2>&-", 3), ("<&- >&- 2>&-", 0)] {
        let script = format!("exec \"$@\" {closed}");
        // What is open, as bits, in the exit code; a descriptor that the shell itself opens is above 2.
        let app = "code=0; for n in 0 1 2; do test -e /proc/$$/fd/$n && code=$((code + (1 << n))); done; exit $code";
        let seen = output(&["/bin/sh", "-c", &script, "sh"], app).status.code();
        assert_eq!(seen, Some(expected), "{closed}");
    }
}

#[test]
fn standard_input_is_the_apps() {
    let mut command = supervisor(&["env"], &["--restart", "never"]);
    let mut running = Running::start({
        command.arg("sh").stdin(Stdio::piped());
        command
    });
    running.type_in(b"exit 7\n");
    assert_eq!(running.exit().0, Some(7));
}

#[test]
fn a_read_only_root_and_a_user_without_rights_do_not_matter() {
    let read_only = ["unshare", "--mount", "/bin/sh", "-c", "mount -o remount,bind,ro / && exec \"$@\"", "sh"];
    let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"];
    for prefix in [&read_only[..], &nobody, &[&read_only[..], &nobody].concat()] {
        if can(prefix) {
            let script = "(sleep 30 &) ; exit 9";
            assert_eq!(told(&output(prefix, script)).0, Some(9), "{prefix:?}");
        }
    }
}

#[test]
fn without_proc_the_apps_group_is_ended_and_as_pid_1_everybody() {
    let hidden = ["unshare", "--mount", "/bin/sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];
    let as_pid_1 = [&["unshare", "--pid", "--fork", "--kill-child"][..], &hidden].concat();
    let script = "trap '' HUP; (trap 'echo told; exit' TERM; echo up; while :; do sleep 0.05; done) & \
                  sleep 0.3; exit 12";
    for prefix in [&hidden[..], &as_pid_1] {
        if can(prefix) {
            let begun = std::time::Instant::now();
            let ended = told(&output(prefix, script));
            assert_eq!(ended, (Some(12), String::from("up\ntold\n")), "{prefix:?}");
            assert!(begun.elapsed() < LIMIT / 3, "the grace was waited out");
        }
    }
}

#[test]
fn beside_other_containers_of_a_task_only_its_own_are_ended() {
    // As with `pidMode: task`: somebody else is PID 1, and there are processes that are not below the supervisor.
    let namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    if !can(&namespace) {
        return;
    }
    let around = "sleep 1000 & other=$!; \"$@\"; code=$?; kill -0 $other && exit $code; exit 99";
    let prefix = [&namespace[..], &["/bin/sh", "-c", around, "sh"]].concat();
    let script = "test $PPID != 1 || exit 98; setsid sh -c 'echo $$; sleep 1000' & read -r x; exit 13";
    let (code, said) = told(&output(&prefix, script));
    assert_eq!(code, Some(13), "{said}");
}
