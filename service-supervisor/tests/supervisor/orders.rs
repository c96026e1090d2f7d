//! SIGTERM and the shutdown file.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::rig::{App, Rig};

#[test]
fn sigterm_with_nobody_there_is_not_slowed_and_the_apps_code_is_passed_on() {
    let rig = Rig::ready("127.94.1.1", &[]);
    let begun = Instant::now();
    rig.signal(Signal::SIGTERM);
    let (code, rig) = rig.exit();
    assert_eq!(code, 143);
    assert!(begun.elapsed() < Duration::from_millis(4_500), "{}", rig.told());
    rig.wait_for_path(&["awake", "draining", "stopping", "gone"]);
}

#[test]
fn an_app_that_traps_sigterm_has_its_own_code_passed_on() {
    let script = "trap 'exit 12' TERM; : > \"$READY\"; while :; do sleep 0.05; done";
    let rig = Rig::start("127.94.1.2", &[], &App::Script(script));
    rig.wait_for_script();
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 12);
}

#[test]
fn sigterm_waits_for_an_open_request_to_be_answered() {
    let rig = Rig::ready("127.94.2.1", &[]);
    let mut client = rig.connect(9050).expect("connected");
    client.write_all(b"slow\n").expect("asked");
    rig.signal(Signal::SIGTERM);
    let mut answer = String::new();
    BufReader::new(&client).read_line(&mut answer).expect("answered");
    assert_eq!(answer, "answer\n");
    drop(client);
    let (code, rig) = rig.exit();
    assert_eq!(code, 143);
    rig.wait_for_path(&["awake", "draining", "stopping", "gone"]);
}

#[test]
fn a_second_sigterm_hurries() {
    let rig = Rig::ready("127.94.2.2", &["--stop-grace", "2s"]);
    let mut client = rig.connect(9050).expect("connected");
    Rig::talk(&mut client, "quick").expect("answered");
    rig.signal(Signal::SIGTERM);
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    let begun = Instant::now();
    rig.signal(Signal::SIGTERM);
    assert_eq!(rig.exit().0, 143);
    assert!(begun.elapsed() < Duration::from_secs(10), "the drain alone would take 26 s");
}

#[test]
fn the_shutdown_file_puts_it_to_sleep_and_is_removed() {
    let rig = Rig::ready("127.94.3.1", &[]);
    std::fs::write(&rig.file, "").expect("touch");
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    assert!(!rig.file.exists());
    let sleep = rig.wait_for_log("service sleeps");
    assert_eq!((sleep["cause"].as_str(), sleep["exit_code"].as_u64()), (Some("file"), Some(0)));
}

#[test]
fn a_shutdown_file_from_before_the_start_is_no_order() {
    let address = "127.94.3.2";
    let folder = std::env::temp_dir().join(format!("doze-supervisor-{address}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join("shutdown"), "").expect("touch");
    let rig = Rig::ready(address, &[]);
    assert!(!rig.file.exists());
    // Only what comes now is one.
    std::fs::write(&rig.file, "").expect("touch");
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn an_app_that_ignores_sigterm_is_killed_after_its_grace() {
    let script = "trap '' TERM; : > \"$READY\"; while :; do sleep 0.05; done";
    let rig = Rig::start("127.94.4.1", &["--stop-grace", "500ms"], &App::Script(script));
    rig.wait_for_script();
    std::fs::write(&rig.file, "").expect("touch");
    let (code, rig) = rig.exit();
    assert_eq!(code, 137);
    rig.wait_for_log("deadline struck");
}
