//! Resets both ways, and bodies that were cut short.

use bytes::Bytes;
use h2::Reason;
use task_state::State;

use crate::client::{Client, request, rest, soon};
use crate::front::{Front, OK};
use crate::judge::{self, Parsed};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_caller_that_resets_its_stream_cancels_it_at_the_origin() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    for ends in [true, false] {
        let (answer, mut sending) = client.ask(request("POST", "/"), ends).await;
        let mut backend = front.origin.accept();
        backend.read_head();
        sending.send_reset(Reason::CANCEL);
        let rest = backend.read_to_end();
        assert!(!rest.ends_with("0\r\n\r\n"), "{rest:?}");
        assert!(soon(answer).await.is_err());
        front.expect_unmarked();
    }
    // The connection serves on.
    let (answer, _) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send(OK);
    assert_eq!(crate::client::whole(answer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reset_during_the_answer_cancels_it_at_the_origin() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, mut sending) = client.ask(request("GET", "/"), true).await;
    let mut backend = front.origin.accept();
    backend.read_head();
    backend.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
    let answer = soon(answer).await.expect("an answer");
    sending.send_reset(Reason::CANCEL);
    drop(answer);
    backend.expect_closed();
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_caller_that_leaves_cancels_all_its_streams() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let mut backends = Vec::new();
    let mut streams = Vec::new();
    for ends in [true, false, true] {
        streams.push(client.ask(request("POST", "/"), ends).await);
        let mut backend = front.origin.accept();
        backend.read_head();
        backends.push(backend);
    }
    client.leave();
    for backend in &mut backends {
        assert!(!backend.read_to_end().ends_with("0\r\n\r\n"));
    }
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reset_while_it_is_held_is_never_sent() {
    let front = Front::in_state(State::Starting, &[]);
    let mut client = Client::connect(&front).await;
    let mut held = Vec::new();
    for ends in [true, false] {
        held.push(client.ask(request("POST", "/never"), ends).await);
    }
    front.proxy.until_status("both are held", |status| status["held"] == 2);
    for (_, sending) in &mut held {
        sending.send_reset(Reason::CANCEL);
    }
    front.proxy.until_status("none is held", |status| status["held"] == 0);
    front.supervisor.becomes(State::Awake { ready: true });
    let (answer, _) = client.ask(request("GET", "/mine"), true).await;
    let mut backend = front.origin.accept();
    assert!(backend.read_head().starts_with("get /mine "));
    backend.send(OK);
    assert_eq!(crate::client::whole(answer).await.0, 200);
    assert!(front.origin.try_accept().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_cut_short_is_a_reset_and_never_an_end() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nx-a : 1\r\n\r\n",
    ] {
        let (future, _) = client.ask(request("GET", "/"), true).await;
        let mut backend = front.origin.accept();
        backend.read_head();
        backend.send(answer);
        // What comes at once with its head may be told before the head is.
        let end = async {
            let got = soon(future).await?;
            rest(&mut got.into_body()).await
        };
        drop(backend);
        let error = end.await.expect_err(answer);
        assert_eq!((error.is_reset(), error.reason()), (true, Some(Reason::INTERNAL_ERROR)), "{answer}: {error}");
    }
    front.expect_unmarked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_cut_short_is_never_whole_at_the_origin() {
    let front = Front::start();
    for length in [None, Some("10")] {
        let mut client = Client::connect(&front).await;
        let mut asking = request("POST", "/");
        if let Some(length) = length {
            asking.headers_mut().insert("content-length", length.parse().expect("a value"));
        }
        let (_answer, mut sending) = client.ask(asking, false).await;
        sending.send_data(Bytes::from_static(b"half"), false).expect("sent");
        let mut backend = front.origin.accept();
        let mut came = backend.read_through("half");
        client.leave();
        came.push_str(&backend.read_to_end());
        assert!(!matches!(judge::message(came.as_bytes()), Parsed::Complete(..)), "{came:?}");
        front.expect_unmarked();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_answer_during_an_upload_passes() {
    let front = Front::start();
    let mut client = Client::connect(&front).await;
    let (answer, mut sending) = client.ask(request("POST", "/"), false).await;
    sending.send_data(Bytes::from_static(b"half"), false).expect("sent");
    let mut backend = front.origin.accept();
    backend.read_through("half");
    backend.send("HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig");
    drop(backend);
    assert_eq!(crate::client::whole(answer).await, (413, "big".to_owned()));
    front.expect_unmarked();
}
