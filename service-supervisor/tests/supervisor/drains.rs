//! Idleness: what lets it sleep, what keeps it awake, what calls it back.

use std::time::{Duration, Instant};

use super::rig::{App, Rig};

const IDLE: [&str; 4] = ["--idle-timeout", "1s", "--drain-min", "500ms"];

#[test]
fn a_service_that_nobody_uses_goes_to_sleep() {
    let rig = Rig::ready("127.95.1.1", &IDLE);
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    rig.wait_for_path(&["awake", "draining", "stopping", "gone"]);
    let sleep = rig.wait_for_log("service sleeps");
    assert_eq!(sleep["cause"], "idle");
    assert!(sleep["awake_ms"].as_u64().is_some_and(|awake| awake >= 1_000), "{sleep}");
    assert!(sleep["drain_ms"].as_u64().is_some_and(|drain| drain >= 600), "{sleep}");
}

#[test]
fn an_open_connection_that_moves_data_keeps_it_awake() {
    let rig = Rig::ready("127.95.2.1", &IDLE);
    let mut client = rig.connect(9050).expect("connected");
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(4) {
        assert_eq!(Rig::talk(&mut client, "quick").expect("answered"), "answer");
        std::thread::sleep(Duration::from_millis(200));
    }
    rig.wait_for_path(&["awake"]);
    drop(client);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_quiet_connection_of_a_proxy_that_reports_nothing_does_not_keep_it_awake() {
    let rig = Rig::ready("127.95.2.3", &IDLE);
    let mut watch = rig.watch("?id=p&as=proxy");
    // Answered within one tick of the kernel's clock, which therefore does not tell which came first.
    let mut kept_alive = rig.connect(9050).expect("connected");
    assert_eq!(Rig::talk(&mut kept_alive, "quick").expect("answered"), "answer");
    watch.until("draining", |message| message.state.phase() == "draining");
    drop(kept_alive);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn asking_9051_is_no_use() {
    let rig = Rig::ready("127.95.2.2", &IDLE);
    let _watch = rig.watch("");
    rig.wait_for("asleep though asked all the time", |rig| rig.phase() == "(no answer)");
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn an_idle_drain_is_called_back_and_an_order_is_not() {
    let rig = Rig::ready("127.95.3.1", &["--idle-timeout", "1s"]);
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    assert_eq!(rig.wake(), 200);
    assert_eq!(rig.phase(), "awake");
    // A call-back holds for 10 s; an order does not care.
    let mut watch = rig.watch("?id=p&as=proxy");
    std::fs::write(&rig.file, "").expect("touch");
    watch.until("draining", |message| message.state.phase() == "draining");
    assert_eq!(rig.wake(), 409);
}

#[test]
fn a_client_that_comes_in_an_idle_drain_calls_it_back() {
    let rig = Rig::ready("127.95.3.2", &["--idle-timeout", "1s"]);
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    let mut client = rig.connect(9050).expect("connected");
    assert_eq!(Rig::talk(&mut client, "quick").expect("answered"), "answer");
    rig.wait_for("awake again", |rig| rig.phase() == "awake");
    rig.wait_for_path(&["awake", "draining", "awake"]);
}

#[test]
fn a_stop_grace_that_ecs_would_cut_short_is_warned_of_at_start_and_told_what_it_needs() {
    let rig = Rig::start("127.95.4.1", &["--stop-grace", "40s"], &App::Listening);
    let warning = rig.wait_for_log(
        "ECS's stopTimeout would cut a drain or the stop grace short; set it, and --stop-timeout, longer",
    );
    assert_eq!((warning["level"].as_str(), warning["needed_ms"].as_u64()), (Some("WARN"), Some(47_000)));
    let fits = Rig::ready("127.95.4.2", &["--stop-grace", "40s", "--stop-timeout", "60s"]);
    assert!(!fits.told().contains("cut a drain"), "{}", fits.told());
}
