//! Bodies and trailers between the versions.

use bytes::Bytes;
use http::HeaderMap;

use crate::client::{Client, request, rest, soon, whole};
use crate::front::{Front, OK};
use crate::judge;
use crate::wire::field;

/// The data that comes next.
async fn next(body: &mut h2::RecvStream) -> String {
    let data = soon(body.data()).await.expect("more").expect("data");
    body.flow_control().release_capacity(data.len()).expect("capacity");
    String::from_utf8_lossy(&data).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_body_of_unknown_length_becomes_chunks_with_its_trailers() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, mut sending) = client.ask(request("POST", "/up"), false).await;
    sending.send_data(Bytes::from_static(b"hello "), false).expect("sent");
    sending.send_data(Bytes::from_static(b"world"), false).expect("sent");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().expect("a value"));
    trailers.insert("authorization", "evil".parse().expect("a value"));
    sending.send_trailers(trailers).expect("sent");
    let mut backend = front.origin.accept();
    let seen = judge::next(&backend);
    assert_eq!((seen.text().as_str(), seen.chunked), ("hello world", true));
    assert_eq!(seen.trailers, [("x-sum".to_owned(), "7".to_owned())]);
    backend.send(OK);
    assert_eq!(whole(answer).await, (200, "ok".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_body_of_known_length_keeps_it() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut asking = request("POST", "/up");
    asking.headers_mut().insert("content-length", "5".parse().expect("a value"));
    let (answer, mut sending) = client.ask(asking, false).await;
    sending.send_data(Bytes::from_static(b"hello"), true).expect("sent");
    let mut backend = front.origin.accept();
    let seen = judge::next(&backend);
    assert_eq!(
        (seen.text().as_str(), seen.chunked, seen.field("content-length").as_deref()),
        ("hello", false, Some("5"))
    );
    backend.send(OK);
    assert_eq!(whole(answer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answers_trailers_become_trailers() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut asking = request("GET", "/");
    asking.headers_mut().insert("te", "trailers".parse().expect("a value"));
    let (answer, _) = client.ask(asking, true).await;
    let mut backend = front.origin.accept();
    let head = backend.read_head();
    assert_eq!((field(&head, "te"), field(&head, "connection")), (Some("trailers"), Some("te")), "{head}");
    backend.send(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nconnection: close\r\n\r\n",
    );
    let answer = soon(answer).await.expect("an answer");
    let (body, trailers) = rest(&mut answer.into_body()).await.expect("a body");
    let trailers = trailers.expect("trailers");
    assert_eq!((body.as_str(), &trailers["x-sum"], trailers.len()), ("abc", &"7".parse().unwrap(), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn events_pass_as_they_come_both_ways() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, mut sending) = client.ask(request("POST", "/"), false).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut body = soon(answer).await.expect("an answer").into_body();
    for n in 0..10 {
        let said = format!("{n:02}");
        sending.send_data(Bytes::from(said.clone()), false).expect("sent");
        assert_eq!(backend.read_bytes(7), format!("2\r\n{said}\r\n"));
        backend.send(&format!("2\r\n{said}\r\n"));
        assert_eq!(next(&mut body).await, said);
    }
    sending.send_data(Bytes::new(), true).expect("sent");
    assert_eq!(backend.read_bytes(5), "0\r\n\r\n");
    backend.send("0\r\n\r\n");
    assert_eq!(rest(&mut body).await.expect("an end"), (String::new(), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_that_ends_with_its_connection_is_whole() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.0 200 OK\r\n\r\nhello");
    drop(backend);
    assert_eq!(whole(answer).await, (200, "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_mebibytes_pass_unchanged() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let body: String = (0..10 * 1024 * 1024 / 16).map(|n| format!("{n:015x}\n")).collect();
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    let sent = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let sender = std::thread::spawn(move || backend.send(&sent));
    let (status, got) = whole(answer).await;
    assert!(status == 200 && got == body, "{status}, {} bytes", got.len());
    sender.join().expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn early_hints_and_100_pass() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut asking = request("POST", "/");
    asking.headers_mut().insert("expect", "100-continue".parse().expect("a value"));
    let (mut answer, mut sending) = client.ask(asking, false).await;
    let mut backend = front.origin.accept();
    let head = backend.read_head();
    assert_eq!(field(&head, "expect"), Some("100-continue"), "{head}");
    backend.send("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    for (status, link) in [(103, Some("</a.css>")), (100, None)] {
        let interim = soon(std::future::poll_fn(|context| answer.poll_informational(context)));
        let interim = interim.await.expect("an interim answer").expect("no error");
        let said = interim.headers().get("link").map(|link| link.to_str().expect("ASCII"));
        assert_eq!((interim.status().as_u16(), said), (status, link));
    }
    sending.send_data(Bytes::from_static(b"body"), true).expect("sent");
    assert!(backend.read_through("0\r\n\r\n").contains("body"));
    backend.send(OK);
    assert_eq!(whole(answer).await, (200, "ok".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_caller_that_does_not_read_stops_the_origin() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    let before = front.memory_kib();
    let much = 200 * 1024 * 1024;
    backend.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {much}\r\n\r\n"));
    let written = crate::front::write_until_blocked(&backend.stream(), much);
    assert!(written < much, "nothing stopped the origin");
    let more = front.memory_kib().saturating_sub(before);
    assert!(more < 4 * 1024, "{more} KiB more for {written} bytes that nobody reads");
    drop(answer);
}
