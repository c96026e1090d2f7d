//! Who may move the service: the token, and orders to sleep.

use task_state::{Report, State};

use super::rig::{App, Rig};

const RIGHT: &str = "authorization: Bearer s3cret\r\n";
const WRONG: &str = "authorization: Bearer s3crets\r\n";

fn status(rig: &Rig, request: &str, field: &str) -> u16 {
    rig.ask(&format!("{request} HTTP/1.1\r\nhost: x\r\n{field}\r\n")).expect("an answer").0
}

#[test]
fn with_a_token_only_who_shows_it_moves_the_service_and_anybody_may_look() {
    let rig = Rig::ready("127.97.1.1", &["--token", "s3cret"]);
    for field in ["", WRONG] {
        for request in ["POST /wake", "POST /sleep", "GET /watch", "GET /watch?id=p&as=proxy"] {
            assert_eq!(status(&rig, request, field), 401, "{request} with {field:?}");
        }
        assert_eq!(status(&rig, "GET /healthz", field), 200);
        assert_eq!(status(&rig, "GET /metrics", field), 200);
    }
    let report = Report { sequence: 1, in_flight: 0, unanswered: 0, released: None };
    assert_eq!(rig.report("p", &report).0, 401, "not even whether anybody of that name watches");
    assert_eq!(status(&rig, "POST /wake", RIGHT), 200);
    assert_eq!(rig.phase(), "awake");
    assert_eq!(status(&rig, "POST /sleep", RIGHT), 200);
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    assert!(!rig.told().contains("s3cret"), "the token is in the log\n{}", rig.told());
}

#[test]
fn an_order_to_sleep_drains_says_who_gave_it_and_is_not_called_back() {
    let rig = Rig::ready("127.97.1.2", &[]);
    let mut watch = rig.watch("?id=p&as=proxy");
    let (status, body) = rig.ask("POST /sleep HTTP/1.1\r\n\r\n").expect("an answer");
    assert_eq!(status, 200);
    assert!(body.contains(r#""phase":"draining""#) && body.contains(r#""cause":"asked""#), "{body}");
    watch.until("draining", |message| message.state.phase() == "draining");
    assert_eq!(rig.wake(), 409);
    watch.until("stopping", |message| message.state == State::Stopping);
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    let sleep = rig.wait_for_log("service sleeps");
    assert_eq!(sleep["cause"], "asked");
    assert!(sleep["why"].as_str().is_some_and(|why| why.ends_with("asked it to sleep")), "{sleep}");
}

#[test]
fn a_wake_is_one_line_with_its_cause_and_how_long_each_part_took() {
    let rig = Rig::start("127.97.1.3", &["--idle-timeout", "1s"], &App::Listening);
    let woke = rig.wait_for_log("service woke");
    assert_eq!(woke["cause"], "start");
    assert!(woke["ready_ms"].as_u64() >= woke["listen_ms"].as_u64(), "{woke}");
    assert!(woke["listen_ms"].is_number() && woke["spawn_ms"].is_number(), "{woke}");
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    assert_eq!(rig.wake(), 200);
    rig.wait_for("a second line", |rig| rig.told().contains("\"cause\":\"call-back\",\"drain_ms\""));
}
