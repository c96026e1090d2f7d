//! The shutdown file where it is hard to notice: mounts, no inotify to be had, a busy folder, a busy app.

use std::io::Write;
use std::process::Command;

use super::rig::{App, Rig};

/// What a script says to wait until the supervisor is told of files.
const ARMED: &str = "until grep -qs '^inotify' /proc/$PPID/fdinfo/*; do sleep 0.01; done;";

/// Whether `wrapper` can run something here; says so where it cannot.
fn possible(wrapper: &[&str]) -> bool {
    let mut command = Command::new(wrapper[0]);
    let possible = command.args(&wrapper[1..]).arg("/bin/true").output().is_ok_and(|output| output.status.success());
    if !possible {
        eprintln!("skipped: {wrapper:?} cannot be done here");
    }
    possible
}

/// The exit code and cause of sleep of a supervisor in a mount namespace of its own.
fn sleeps_by_file(address: &str, script: &str) {
    let wrapper = ["unshare", "--mount"];
    if !possible(&wrapper) {
        return;
    }
    let (code, rig) = Rig::start_under(&wrapper, address, &[], &App::Script(&format!("{ARMED} {script}"))).exit();
    assert_eq!(code, 0, "{}", rig.told());
    assert_eq!(rig.wait_for_log("service sleeps")["cause"], "file");
}

#[test]
fn a_file_in_what_was_mounted_over_its_folder_is_seen() {
    sleeps_by_file("127.94.5.1", "mount -t tmpfs none $FOLDER && : > $FOLDER/shutdown && exec sleep 60");
}

#[test]
fn a_file_in_a_folder_from_which_something_was_unmounted_is_seen() {
    let script = "mount -t tmpfs none $FOLDER && umount $FOLDER && : > $FOLDER/shutdown && exec sleep 60";
    sleeps_by_file("127.94.5.2", script);
}

/// Becomes a supervisor that has no inotify instance.
const WITHOUT_INOTIFY: [&str; 6] = [
    "unshare",
    "--user",
    "--map-root-user",
    "sh",
    "-c",
    "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"",
];

const POLLS: &str = "the shutdown file is looked for twice a second: no inotify";

#[test]
fn where_no_inotify_instance_is_left_it_says_so_and_the_file_is_seen_all_the_same() {
    if !possible(&WITHOUT_INOTIFY) {
        return;
    }
    let rig = Rig::start_under(&WITHOUT_INOTIFY, "127.94.6.1", &[], &App::Script("exec sleep 60"));
    rig.wait_for_log(POLLS);
    std::fs::write(&rig.file, "").expect("touch");
    let (code, rig) = rig.exit();
    assert_eq!(code, 0, "{}", rig.told());
}

#[test]
fn it_goes_back_to_inotify_when_that_is_to_be_had_again() {
    if !possible(&WITHOUT_INOTIFY) {
        return;
    }
    let script = "until test -e $FOLDER/enough; do sleep 0.05; done; \
                  echo 9 > /proc/sys/user/max_inotify_instances; exec sleep 60";
    let rig = Rig::start_under(&WITHOUT_INOTIFY, "127.94.6.2", &[], &App::Script(script));
    rig.wait_for_log(POLLS);
    std::fs::write(rig.file.with_file_name("enough"), "").expect("touch");
    rig.wait_for_log("the shutdown file is watched by inotify again");
    std::fs::write(&rig.file, "").expect("touch");
    assert_eq!(rig.exit().0, 0);
}

/// How often the supervisor has gone to sleep to wait, so far.
fn waits(rig: &Rig) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rig.pid())).expect("status");
    let figure = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    figure.expect("a line").trim().parse().expect("a number")
}

#[test]
fn twenty_thousand_writes_of_the_app_beside_the_file_wake_it_50_times_at_the_most() {
    // What others mount wakes it too; they do not in a namespace of its own.
    let alone: &[&str] = if possible(&["unshare", "--mount"]) { &["unshare", "--mount"] } else { &[] };
    let rig = Rig::start_under(alone, "127.94.7.1", &[], &App::Listening);
    rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
    rig.wait_for("inotify", |rig| {
        let mut grep = Command::new("grep");
        grep.args(["-qsr", "^inotify"]).arg(format!("/proc/{}/fdinfo", rig.pid()));
        grep.status().is_ok_and(|status| status.success())
    });
    let before = waits(&rig);
    for number in 0..20_000 {
        // Opened, written and closed each time, and now and then a file of its own.
        let name = if number % 4_000 == 0 { number.to_string() } else { "one".to_owned() };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(rig.file.with_file_name(name));
        file.expect("opened").write_all(b"x").expect("written");
    }
    let wakes = waits(&rig) - before;
    assert!(wakes <= 50, "{wakes} wake-ups");
    std::fs::write(&rig.file, "").expect("touch");
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_busy_app_is_drained_up_to_the_deadline_and_then_stopped() {
    let rig = Rig::ready("127.94.8.1", &["--drain-timeout", "5s", "--drain-min", "1s"]);
    let mut client = rig.connect(9050).expect("connected");
    assert_eq!(Rig::talk(&mut client, "quick").expect("answered"), "answer");
    let mut watch = rig.watch("?id=p&as=proxy");
    std::fs::write(&rig.file, "").expect("touch");
    watch.until("draining", |message| message.state.phase() == "draining");
    client.write_all(b"quick\n").expect("asked");
    let (code, rig) = rig.exit();
    assert_eq!(code, 0, "{}", rig.told());
    rig.wait_for_path(&["awake", "draining", "stopping", "gone"]);
    let struck = rig.wait_for_log("deadline struck");
    assert_eq!(struck["setting"], "drain-timeout");
    drop(client);
}
