//! Bodies that are no calls, too large, too slow, or not there.

use std::io::Write;
use std::net::Shutdown;

use super::target::Target;

const TARGETS: [&str; 3] = [
    "AmazonEC2ContainerServiceV20141113.ListTasks",
    "Route53AutoNaming_v20170314.ListServices",
    "AmazonSQS.SendMessage",
];

#[test]
fn json_that_is_none_is_a_serialization_exception() {
    let target = Target::start("175");
    let deep = |open: &str, close: &str| open.repeat(100_000) + "1" + &close.repeat(100_000);
    let mut client = target.connect();
    for operation in TARGETS {
        for body in [
            "{".to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            "\"x\"".to_owned(),
            "{\"a\":1,}".to_owned(),
            "{\"a\":1} x".to_owned(),
            "{\"a\":\"\u{1}\"}".to_owned(),
            "{\"a\":\"\\ud800\"}".to_owned(),
            "{\"a\":1e999}".to_owned(),
            "NaN".to_owned(),
            deep("[", "]"),
            deep("{\"a\":", "}"),
            format!("{{\"a\":{}}}", deep("[", "]")),
        ] {
            let answer = client.json(operation, &body).expect("an answer");
            assert_eq!(answer.status, 400, "{operation} {body:.60}: {}", answer.body);
            assert!(answer.body.contains("SerializationException\""), "{operation} {body:.60}: {}", answer.body);
        }
        let header = format!("x-amz-target: {operation}\r\n");
        for body in [b"\xff\xfe\x00".as_slice(), b"{\"a\":\"\xc3\x28\"}", b"\x00\x01\x02", b"\x1f\x8b\x08\x00"] {
            let answer = client.post(&header, body).expect("an answer");
            assert!(answer.body.contains("SerializationException\""), "{operation} {body:?}: {}", answer.body);
        }
    }
    target.end(200);
}

#[test]
fn a_body_that_is_too_large_is_refused_and_never_held() {
    let target = Target::start("176");
    for (operation, length) in [(TARGETS[0], 1 << 21), (TARGETS[2], 1 << 24), (TARGETS[2], 1_usize << 40)] {
        let head =
            format!("POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: {operation}\r\ncontent-length: {length}\r\n\r\n");
        let answer = target.connect().raw(head.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert!(answer.body.contains("__type"), "{}", answer.body);
    }
    // Nobody says how large it is: it is counted.
    let mut client = target.connect();
    let head =
        format!("POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: {}\r\ntransfer-encoding: chunked\r\n\r\n", TARGETS[2]);
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
    let _ = client.stream.write_all(head.as_bytes());
    for _ in 0..8 {
        if client.stream.write_all(&chunk).is_err() {
            break;
        }
    }
    if let Some(answer) = client.answer() {
        assert_eq!(answer.status, 413, "{}", answer.body);
    }
    target.end(200);
}

#[test]
fn what_many_unfinished_bodies_take_together_is_bounded_and_small_calls_are_answered_meanwhile() {
    let target = Target::start("177");
    let head = format!("POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: {}\r\ncontent-length: 4000000\r\n\r\n", TARGETS[2]);
    let part = vec![b' '; 3_000_000];
    let (mut held, mut refused) = (Vec::new(), 0);
    for _ in 0..100 {
        let mut client = target.connect();
        let _ = client.stream.write_all(head.as_bytes());
        let sent = client.stream.write_all(&part);
        client.stream.set_read_timeout(Some(std::time::Duration::from_millis(20))).expect("set");
        match client.answer() {
            Some(answer) => {
                assert_eq!(answer.status, 503, "{}", answer.body);
                assert!(answer.body.contains("ServiceUnavailable"), "{}", answer.body);
                refused += 1;
            }
            None if sent.is_err() => refused += 1,
            None => held.push(client),
        }
    }
    assert!(refused > 0 && held.len() < 40, "{} are held, {refused} refused", held.len());
    target.answers();
    assert!(target.memory() < 400, "{} MiB", target.memory());
    drop(held);
    target.end(400);
}

#[test]
fn chunks_of_one_byte_are_read_and_trailers_are_ignored() {
    let target = Target::start("178");
    let mut client = target.connect();
    let body: String = "{\"a\":\"b\"}".chars().map(|c| format!("1;x=\"y\"\r\n{c}\r\n")).collect();
    let head =
        format!("POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: {}\r\ntransfer-encoding: chunked\r\n\r\n", TARGETS[1]);
    let answer = client.raw(format!("{head}{body}0\r\ntrailer: x\r\n\r\n").as_bytes()).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    target.end(200);
}

#[test]
fn a_request_that_is_cut_off_is_forgotten() {
    let target = Target::start("179");
    let request =
        format!("POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: {}\r\ncontent-length: 2\r\n\r\n{{}}", TARGETS[0]);
    for length in 0..request.len() {
        let mut client = target.connect();
        let _ = client.stream.write_all(&request.as_bytes()[..length]);
        // Half-closed: it may still be answered, and then ends.
        let _ = client.stream.shutdown(Shutdown::Write);
        if length % 2 == 0 {
            assert!(client.ends(), "after {length} bytes");
        }
    }
    target.end(200);
}

#[test]
fn forms_that_are_none_are_refused_in_xml() {
    let target = Target::start("180");
    let mut client = target.connect();
    let many: String = (0..50_000).map(|n| format!("&a{n}=")).collect();
    let wide: String = (0..1000).map(|n| format!("&X.member.{}=1", 999_999_999 - n)).collect();
    for (form, code) in [
        (String::new(), "MissingAction"),
        ("&&&===&%%%".to_owned(), "MalformedQueryString"),
        (format!("Action=DescribeAutoScalingGroups&Version=2011-01-01{many}"), "MalformedQueryString"),
        (format!("Action=DescribeAutoScalingGroups&A{}=1", ".a".repeat(10_000)), "MalformedQueryString"),
        (format!("Action=Nonsense{wide}"), "InvalidAction"),
        (format!("Action={}&Version=2012-11-05", "%01%3C".repeat(100)), "InvalidAction"),
        ("Action=SendMessage&Version=2012-11-05&MessageAttribute.1.Name=x".to_owned(), "MissingParameter"),
    ] {
        let answer = client.form(&form).expect("an answer");
        assert!((400..500).contains(&answer.status), "{form:.60}: {}", answer.body);
        assert!(answer.body.starts_with("<ErrorResponse "), "{form:.60}: {}", answer.body);
        assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{form:.60}: {}", answer.body);
    }
    target.end(200);
}
