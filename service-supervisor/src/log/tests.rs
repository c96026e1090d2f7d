//! What lines look like, and that they never block.

use std::io::{Read, pipe};
use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn line(json: bool) -> Line {
    let text = begin(json, Level::Info, "state changed", UNIX_EPOCH + Duration::from_micros(1_500_000_000_000_001));
    Line { text: Some(text), json }
}

#[test]
fn a_line_is_json_with_its_facts_as_fields() {
    let line = line(true).with("why", "a \"quoted\"\nword").with("drain", Some(3u64)).with("cause", None::<&str>);
    let text = line.with("ready", true).with("to", Shown("127.0.0.1:1")).text.expect("wanted") + "}";
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let expected = serde_json::json!({
        "timestamp": "2017-07-14T02:40:00.000001Z", "level": "INFO", "target": "service_supervisor",
        "message": "state changed", "why": "a \"quoted\"\nword", "drain": 3, "ready": true, "to": "127.0.0.1:1",
    });
    assert_eq!(value, expected);
}

#[test]
fn a_line_for_people_quotes_only_what_needs_it() {
    let text = line(false).with("why", "two words").with("cause", "idle").text.expect("wanted");
    assert_eq!(text, "2017-07-14T02:40:00.000001Z  INFO state changed why=\"two words\" cause=idle");
}

#[test]
fn however_much_there_is_to_say_a_line_stays_one_piece() {
    let long = "ä".repeat(5_000);
    let mut line = line(true);
    for _ in 0..20 {
        line = line.with("why", &long);
    }
    let text = line.text.expect("wanted") + "}";
    assert!(text.len() <= LONGEST, "{} bytes", text.len());
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
}

#[test]
fn a_full_pipe_blocks_nobody_and_a_closed_one_neither() {
    let (mut reader, writer) = pipe().expect("a pipe");
    let line = [b'x'; LONGEST];
    let mut taken = 0;
    while write_whole(writer.as_fd(), &line) {
        taken += 1;
    }
    assert!(taken > 0);
    let mut some = vec![0; LONGEST];
    reader.read_exact(&mut some).expect("some");
    assert!(write_whole(writer.as_fd(), &line), "there was room again");
}

#[test]
fn a_filter_is_a_level_or_what_the_other_programs_take() {
    assert_eq!(filter("debug"), Ok(Level::Debug));
    assert_eq!(filter("info,hyper=trace"), Ok(Level::Info));
    assert_eq!(filter("service_supervisor=trace,warn"), Ok(Level::Trace));
    assert_eq!(filter("warn,service_supervisor=off"), Ok(Level::Off));
    assert_eq!(filter("proxy_sidecar=debug"), Ok(Level::Error), "others are named, so the rest is quiet");
    for bad in ["", "loud", "a=b=c", "info,", "x y=info"] {
        assert!(filter(bad).is_err(), "{bad:?} was accepted");
    }
}
