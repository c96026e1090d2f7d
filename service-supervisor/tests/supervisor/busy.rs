//! The busy sign: a lease on 9051, and the busy file.

use std::fs::File;
use std::time::{Duration, Instant};

use super::rig::Rig;

const IDLE: [&str; 4] = ["--idle-timeout", "1s", "--drain-min", "500ms"];

fn put(rig: &Rig, query: &str) -> (u16, String) {
    rig.ask(&format!("PUT /busy{query} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).expect("an answer")
}

#[test]
fn a_holder_keeps_it_awake_until_it_lets_go() {
    let rig = Rig::ready("127.97.2.1", &IDLE);
    let (status, body) = put(&rig, "?holder=job-1&lease=1h");
    assert_eq!(status, 200);
    assert!(body.contains(r#""holder":"job-1","lease_ms":3600000"#), "{body}");
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        let health = rig.health().expect("awake");
        assert!(health.ready && health.why.starts_with("job-1 says that it is busy"), "{health:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let deleted = rig.ask("DELETE /busy?holder=job-1 HTTP/1.1\r\n\r\n").expect("an answer");
    assert_eq!(deleted.0, 200);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_lease_that_is_not_renewed_ends_by_itself() {
    let rig = Rig::ready("127.97.2.2", &IDLE);
    assert_eq!(put(&rig, "?lease=2s").0, 200);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_hold_in_an_idle_drain_calls_it_back_and_one_that_is_too_long_is_refused() {
    let rig = Rig::ready("127.97.2.3", &["--idle-timeout", "1s", "--busy-max", "1m"]);
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    assert_eq!(put(&rig, "?lease=61s").0, 400);
    assert_eq!(rig.phase(), "draining");
    assert_eq!(put(&rig, "?lease=30s").0, 200);
    assert_eq!(rig.phase(), "awake");
}

#[test]
fn a_locked_busy_file_keeps_it_awake_until_it_is_let_go() {
    let path = std::env::temp_dir().join(format!("doze-busy-lock-{}", std::process::id()));
    let file = File::create(&path).expect("created");
    file.lock().expect("locked");
    let rig = Rig::ready("127.97.2.4", &[&IDLE[..], &["--busy-file", path.to_str().expect("text")]].concat());
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        assert_eq!(rig.phase(), "awake", "{}", rig.told());
        std::thread::sleep(Duration::from_millis(50));
    }
    rig.wait_for("the lock to be the reason", |rig| {
        rig.health().is_some_and(|health| health.why == "the busy file is locked")
    });
    drop(file);
    assert_eq!(rig.exit().0, 0);
    std::fs::remove_file(&path).expect("removed");
}

#[test]
fn a_busy_file_that_is_touched_keeps_it_awake_and_not_for_longer_than_the_maximum() {
    let path = std::env::temp_dir().join(format!("doze-busy-touch-{}", std::process::id()));
    let options = ["--busy-file", path.to_str().expect("text"), "--busy-max", "4s"];
    let rig = Rig::ready("127.97.2.5", &[&IDLE[..], &options].concat());
    let since = Instant::now();
    while rig.phase() == "awake" {
        std::fs::write(&path, "").expect("touched");
        std::thread::sleep(Duration::from_millis(50));
        assert!(since.elapsed() < Duration::from_secs(40), "{}", rig.told());
    }
    assert!(since.elapsed() >= Duration::from_secs(4), "{}", rig.told());
    assert_eq!(rig.wait_for_log("deadline struck")["setting"], "busy-max");
    std::fs::remove_file(&path).expect("removed");
}
