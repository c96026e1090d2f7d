//! gRPC: `application/grpc` goes to an origin of HTTP/2 by itself (trap 17), everything else where it is set.

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Request, Response};

use crate::client::{Client, request, rest, soon, whole};
use crate::origin::Http2Front;
use crate::wire::{Wire, field, status};

fn call(kind: &str) -> Request<()> {
    let mut asking = request("POST", "/demo.Greeter/Hello");
    asking.headers_mut().insert("content-type", kind.parse().expect("a value"));
    asking.headers_mut().insert("te", "trailers".parse().expect("a value"));
    asking
}

fn grpc_status(code: &str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", code.parse().expect("a value"));
    trailers
}

fn answer() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).expect("an answer")
}

async fn data(body: &mut h2::RecvStream) -> Bytes {
    let data = soon(body.data()).await.expect("more").expect("data");
    body.flow_control().release_capacity(data.len()).expect("capacity");
    data
}

impl Http2Front {
    async fn client(&self) -> Client {
        Client::to(self.proxy.listen).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_streams_both_ways_and_ends_in_trailers() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    for kind in ["application/grpc", "application/grpc+proto"] {
        let (future, mut sending) = client.ask(call(kind), false).await;
        let (asked, mut respond) = front.accept().await;
        assert_eq!((asked.method().as_str(), asked.uri().path()), ("POST", "/demo.Greeter/Hello"));
        let fields = asked.headers();
        assert_eq!((&fields["te"], &fields["content-type"]), (&"trailers".parse().unwrap(), &kind.parse().unwrap()));
        assert_eq!(
            (&fields["via"], &fields["x-forwarded-for"]),
            (&"2.0 doze".parse().unwrap(), &"127.0.0.1".parse().unwrap())
        );
        assert_eq!(asked.uri().authority().map(http::uri::Authority::as_str), Some("demo"));
        let mut upload = asked.into_body();
        let mut download = respond.send_response(answer(), false).expect("sent");
        let mut body = soon(future).await.expect("an answer").into_body();
        for n in 0..5 {
            sending.send_data(Bytes::from(format!("ask{n}")), false).expect("sent");
            assert_eq!(data(&mut upload).await, format!("ask{n}"));
            download.send_data(Bytes::from(format!("say{n}")), false).expect("sent");
            assert_eq!(data(&mut body).await, format!("say{n}"));
        }
        sending.send_data(Bytes::new(), true).expect("sent");
        assert_eq!(rest(&mut upload).await.expect("an end").0, "");
        download.send_trailers(grpc_status("0")).expect("sent");
        let (_, trailers) = rest(&mut body).await.expect("an end");
        assert_eq!(trailers.expect("trailers")["grpc-status"], "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_of_trailers_alone_passes() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    let (future, _sending) = client.ask(call("application/grpc"), false).await;
    let (_asked, mut respond) = front.accept().await;
    let mut only = answer();
    only.headers_mut().extend(grpc_status("5"));
    respond.send_response(only, true).expect("sent");
    let got = soon(future).await.expect("an answer");
    assert_eq!(got.headers()["grpc-status"], "5");
    assert!(got.into_body().is_end_stream());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_trailer_after_no_body_passes() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    let (future, _sending) = client.ask(call("application/grpc"), true).await;
    let (_asked, mut respond) = front.accept().await;
    respond.send_response(answer(), false).expect("sent").send_trailers(grpc_status("0")).expect("sent");
    let got = soon(future).await.expect("an answer");
    let (body, trailers) = rest(&mut got.into_body()).await.expect("an end");
    assert_eq!((body.as_str(), &trailers.expect("trailers")["grpc-status"]), ("", &"0".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resets_pass_both_ways() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    let (future, mut sending) = client.ask(call("application/grpc"), false).await;
    let (_asked, mut respond) = front.accept().await;
    sending.send_reset(Reason::CANCEL);
    let seen = soon(std::future::poll_fn(|context| respond.poll_reset(context))).await.expect("a reset");
    assert_eq!(seen, Reason::CANCEL);
    assert!(soon(future).await.is_err());

    let (future, _sending) = client.ask(call("application/grpc"), false).await;
    let (_asked, mut respond) = front.accept().await;
    let mut download = respond.send_response(answer(), false).expect("sent");
    download.send_data(Bytes::from_static(b"half"), false).expect("sent");
    let mut body = soon(future).await.expect("an answer").into_body();
    assert_eq!(data(&mut body).await, "half");
    download.send_reset(Reason::INTERNAL_ERROR);
    assert!(rest(&mut body).await.expect_err("cut").is_reset());

    // Both connections serve on.
    let (future, _sending) = client.ask(call("application/grpc"), true).await;
    let (_asked, mut respond) = front.accept().await;
    respond.send_response(answer(), true).expect("sent");
    assert_eq!(whole(future).await.0, 200);
    let status = front.proxy.until_status("nothing in flight", |status| status["backends"][0]["in_flight"] == 0);
    assert_eq!(status["backends"][0]["failures"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_origin_that_ends_a_connection_gets_the_next_call_on_another() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    for round in 1..=3 {
        let (future, _sending) = client.ask(call("application/grpc"), true).await;
        let (asked, mut respond) = front.accept().await;
        respond.send_response(answer(), true).expect("sent");
        assert_eq!(whole(future).await.0, 200, "round {round}");
        drop((asked, respond));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_request_goes_by_http_2_where_it_is_set() {
    let mut front = Http2Front::start(&["--upstream-protocol", "h2c"]).await;
    let mut caller = Wire::connect(front.proxy.listen);
    caller.send("POST /a%2Fb?c HTTP/1.1\r\nhost: demo:80\r\nconnection: x-gone\r\nx-gone: 1\r\ncookie: a=1\r\ncontent-length: 4\r\n\r\nbody");
    let (asked, mut respond) = front.accept().await;
    assert_eq!(asked.uri().path_and_query().map(http::uri::PathAndQuery::as_str), Some("/a%2Fb?c"));
    assert_eq!(asked.uri().authority().map(http::uri::Authority::as_str), Some("demo:80"));
    let fields = asked.headers();
    assert!(
        !fields.contains_key("x-gone")
            && !fields.contains_key("connection")
            && !fields.contains_key("transfer-encoding"),
        "{fields:?}"
    );
    assert_eq!(
        (&fields["via"], &fields["x-forwarded-proto"]),
        (&"1.1 doze".parse().unwrap(), &"http".parse().unwrap())
    );
    assert_eq!(rest(&mut asked.into_body()).await.expect("a body").0, "body");
    let mut download = respond
        .send_response(Response::builder().status(201).header("x-a", "1").body(()).expect("an answer"), false)
        .expect("sent");
    download.send_data(Bytes::from_static(b"made"), false).expect("sent");
    download.send_trailers(grpc_status("0")).expect("sent");
    let head = caller.read_head();
    assert_eq!(
        (status(&head), field(&head, "x-a"), field(&head, "transfer-encoding")),
        (201, Some("1"), Some("chunked"))
    );
    assert_eq!(field(&head, "via"), Some("2.0 doze"));
    let body = caller.read_through("\r\n\r\n");
    assert!(body.starts_with("4\r\nmade\r\n0\r\n") && body.contains("grpc-status: 0"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_cut_of_an_http_2_origin_is_visible_to_http_1_1() {
    let mut front = Http2Front::start(&["--upstream-protocol", "h2c"]).await;
    let mut caller = Wire::connect(front.proxy.listen);
    caller.send("GET / HTTP/1.1\r\nhost: demo\r\n\r\n");
    let (_asked, mut respond) = front.accept().await;
    let mut download = respond.send_response(Response::new(()), false).expect("sent");
    download.send_data(Bytes::from_static(b"half"), false).expect("sent");
    caller.read_head();
    assert_eq!(caller.read_bytes(9), "4\r\nhalf\r\n");
    download.send_reset(Reason::INTERNAL_ERROR);
    assert_eq!(caller.read_to_end(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_calls_share_few_connections() {
    let mut front = Http2Front::start(&[]).await;
    let mut client = front.client().await;
    let mut open = Vec::new();
    for _ in 0..50 {
        let asked = client.ask(call("application/grpc"), false).await;
        open.push((asked, front.accept().await));
    }
    let connections = front.connections.load(std::sync::atomic::Ordering::SeqCst);
    assert!(connections < 10, "{connections} connections for 50 calls");
    for ((future, _sending), (_asked, mut respond)) in open {
        respond.send_response(answer(), true).expect("sent");
        assert_eq!(whole(future).await.0, 200);
    }
    assert!(front.is_quiet());
}
