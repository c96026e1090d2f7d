//! Clients of 9051 that mean no good: they cost nobody else anything.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::rig::Rig;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

#[test]
fn connections_that_ask_nothing_keep_nobody_out() {
    let rig = Rig::ready("127.97.3.1", &[]);
    let mut crowd: Vec<TcpStream> = Vec::new();
    for _ in 0..700 {
        crowd.extend(rig.connect(9051));
        if crowd.len().is_multiple_of(50) {
            let asked = Instant::now();
            assert_eq!(rig.ask(HEALTH).map(|(status, _)| status), Some(200), "with {} idle ones", crowd.len());
            // An idle one is given 5 s: it was not waited for.
            assert!(asked.elapsed() < Duration::from_secs(4));
        }
    }
    let mut watch = rig.watch("?id=p&as=proxy");
    watch.next().expect("hello");
    watch.next().expect("a heartbeat, with the crowd still there");
}

#[test]
fn observers_in_any_number_leave_room_for_a_proxy_and_for_questions() {
    let rig = Rig::ready("127.97.3.2", &[]);
    let mut observers: Vec<_> = (0..300).map(|_| rig.watch("")).collect();
    assert!(observers.iter_mut().all(|watch| watch.next().is_some()));
    assert_eq!(rig.ask("GET /watch HTTP/1.1\r\n\r\n").expect("an answer").0, 503);
    let mut proxy = rig.watch("?id=p&as=proxy");
    assert_eq!(proxy.next().and_then(|hello| hello.lease_ms), Some(3_000));
    assert_eq!(rig.ask(HEALTH).expect("an answer").0, 200);
}

#[test]
fn what_is_no_request_is_refused_or_dropped_and_the_next_one_is_answered() {
    let rig = Rig::ready("127.97.3.3", &[]);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(20_000));
    let fields = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100));
    let body = format!("PUT /busy HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n{}", "a".repeat(5_000));
    for (request, expected) in [
        ("\r\n\r\n\r\nnonsense\r\n\r\n", 400),
        ("GET /healthz HTTP/9.9\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nx: \0\r\n\r\n", 400),
        ("GET  /healthz HTTP/1.1\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("PUT /watch/a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("PUT /watch/a HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", 400),
        ("GET http://127.0.0.1/healthz HTTP/1.1\r\n\r\n", 404),
        ("GET /../../etc/passwd HTTP/1.1\r\n\r\n", 404),
        ("BREW /wake HTTP/1.1\r\n\r\n", 405),
        (&body, 413),
        (&long, 431),
        (&fields, 431),
    ] {
        let start = &request[..request.len().min(40)];
        let status = rig.ask(request).map(|(status, _)| status);
        assert_eq!(status, Some(expected), "{start:?}");
    }
    assert_eq!(rig.ask(HEALTH).expect("an answer").0, 200);
}

#[test]
fn a_request_is_answered_to_a_client_that_closes_its_half_and_only_the_first_of_several() {
    let rig = Rig::ready("127.97.3.4", &[]);
    let answer = |bytes: &str| {
        let mut stream = rig.connect(9051).expect("connected");
        stream.write_all(bytes.as_bytes()).expect("written");
        stream.shutdown(Shutdown::Write).expect("closed");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        answer
    };
    assert!(answer(HEALTH).starts_with("HTTP/1.1 200"));
    let twice = answer(&format!("{HEALTH}POST /sleep HTTP/1.1\r\n\r\n"));
    assert_eq!(twice.matches("HTTP/1.1").count(), 1, "{twice}");
    assert_eq!(rig.phase(), "awake", "what follows a request is nobody's");
    assert_eq!(answer("GET /heal"), "");
}

#[test]
fn a_client_that_only_writes_is_dropped() {
    let rig = Rig::ready("127.97.3.5", &[]);
    let mut greedy = rig.connect(9051).expect("connected");
    greedy.write_all(b"GET /watch HTTP/1.0\r\n\r\n").expect("asked");
    let junk = [b'x'; 4096];
    let since = Instant::now();
    while greedy.write_all(&junk).is_ok() {
        assert!(since.elapsed() < Duration::from_secs(40), "it may write for ever");
    }
    assert_eq!(rig.ask(HEALTH).expect("an answer").0, 200);
}

#[test]
fn reaping_and_stopping_go_on_under_a_flood() {
    let rig = Rig::ready("127.97.3.6", &["--stop-grace", "2s"]);
    let address = rig.address.clone();
    let (stop, told) = std::sync::mpsc::channel::<()>();
    let flood = std::thread::spawn(move || {
        let mut kept = std::collections::VecDeque::new();
        while told.try_recv().is_err() {
            if let Ok(mut stream) = TcpStream::connect((address.as_str(), 9051)) {
                let _ = stream.write_all(b"GET /watch?id=x&as=agent HTTP/1.1\r\nx: ");
                kept.push_back(stream);
            }
            if kept.len() > 400 {
                kept.pop_front();
            }
        }
    });
    rig.wait_for("room for a question", |rig| rig.health().is_some());
    rig.signal(Signal::SIGTERM);
    let begun = Instant::now();
    let (code, _rig) = rig.exit();
    assert_eq!(code, 143);
    assert!(begun.elapsed() < Duration::from_secs(15));
    stop.send(()).expect("told");
    flood.join().expect("ended");
}
