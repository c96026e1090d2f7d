use std::net::Ipv4Addr;

use proptest::prelude::*;
use task_state::Token;

use super::*;

fn parse(bytes: &[u8]) -> Parsed {
    super::parse(bytes, &Access::default(), Ipv4Addr::LOCALHOST.into())
}

fn whole(text: &str) -> Asked {
    match parse(text.as_bytes()) {
        Parsed::Whole { asked, .. } => asked,
        other @ (Parsed::More | Parsed::Refused(_)) => panic!("{text:?} is {other:?}"),
    }
}

fn refused(text: &str) -> Refusal {
    match parse(text.as_bytes()) {
        Parsed::Refused(refusal) => refusal,
        other @ (Parsed::More | Parsed::Whole { .. }) => panic!("{text:?} is {other:?}"),
    }
}

const REPORT: &str = r#"{"sequence":1,"in_flight":2,"unanswered":1}"#;

#[test]
fn the_requests_of_the_protocol_are_understood() {
    assert_eq!(whole("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"), Asked::Health);
    assert_eq!(whole("POST /wake HTTP/1.1\r\ncontent-length: 0\r\n\r\n"), Asked::Wake);
    assert_eq!(whole("POST /sleep HTTP/1.1\r\n\r\n"), Asked::Sleep);
    assert_eq!(whole("GET /metrics HTTP/1.1\r\n\r\n"), Asked::Metrics);
    assert_eq!(whole("GET /watch HTTP/1.0\r\n\r\n"), Asked::Watch(None));
    let id: WatcherId = "p-1".parse().expect("id");
    assert_eq!(whole("GET /watch?id=p-1&as=proxy HTTP/1.1\r\n\r\n"), Asked::Watch(Some((id.clone(), Role::Proxy))));
    let put = format!("PUT /watch/p-1 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{REPORT}", REPORT.len());
    let report = Report { sequence: 1, in_flight: 2, unanswered: 1, released: None };
    assert_eq!(whole(&put), Asked::Report(id, report));
    assert_eq!(parse(&put.as_bytes()[..put.len() - 1]), Parsed::More, "the body is not whole");
}

#[test]
fn a_holder_and_its_lease_are_in_the_query_or_in_the_body() {
    let held =
        |holder: &str, secs| Asked::Hold { holder: holder.parse().expect("holder"), lease: Duration::from_secs(secs) };
    let with = |method: &str, query: &str, body: &str| {
        format!("{method} /busy{query} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    assert_eq!(whole(&with("PUT", "", r#"{"holder":"job-1","lease":"30s"}"#)), held("job-1", 30));
    assert_eq!(whole(&with("PUT", "?holder=job-1&lease=2m", "")), held("job-1", 120));
    assert_eq!(whole(&with("PUT", "", "")), held("app", 60));
    assert_eq!(whole(&with("DELETE", "?holder=job-1", "")), Asked::LetGo("job-1".parse().expect("holder")));
    assert_eq!(whole(&with("DELETE", "", "")), Asked::LetGo(Holder::unnamed()));
    for (method, query, body) in [
        ("PUT", "?lease=30", ""),
        ("PUT", "?lease=0", ""),
        ("PUT", "?lease=1s&lease=2s", ""),
        ("PUT", "?holder=", ""),
        ("PUT", "?holder=a%20b", ""),
        ("PUT", "?lease=1s", "{}"),
        ("PUT", "", r#"{"lease":30}"#),
        ("PUT", "", r#"{"for":"30s"}"#),
        ("PUT", "", "[]x"),
        ("DELETE", "?lease=1s", ""),
    ] {
        let text = with(method, query, body);
        assert!(matches!(refused(&text), Refusal::Bad(_)), "{text:?}");
    }
}

#[test]
fn the_token_is_read_from_the_authorization_field() {
    let access = Access { token: Some(Token::setting("s3cret").expect("token")) };
    let ask = |field: &str| {
        let text = format!("POST /wake HTTP/1.1\r\n{field}\r\n");
        super::parse(text.as_bytes(), &access, Ipv4Addr::LOCALHOST.into())
    };
    assert!(matches!(ask("AUTHORIZATION: Bearer s3cret\r\n"), Parsed::Whole { asked: Asked::Wake, .. }));
    assert_eq!(ask("authorization: Bearer other\r\n"), Parsed::Refused(Refusal::Token));
    assert_eq!(ask(""), Parsed::Refused(Refusal::Token));
}

#[test]
fn what_is_not_in_the_protocol_is_refused_with_the_right_status() {
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), Refusal::NotFound);
    assert_eq!(refused("GET /wake HTTP/1.1\r\n\r\n"), Refusal::Method("POST"));
    assert_eq!(refused("POST /busy?x HTTP/1.1\r\n\r\n"), Refusal::Method("PUT, DELETE"));
    assert_eq!(refused("DELETE /watch/a HTTP/1.1\r\n\r\n"), Refusal::Method("PUT"));
    assert_eq!(refused("PUT /watch/a HTTP/1.1\r\ncontent-length: 5000\r\n\r\n"), Refusal::BodyTooLong);
    assert_eq!(refused(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000))), Refusal::HeadTooLong);
    assert_eq!(refused(&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(65))), Refusal::HeadTooLong);
    for bad in [
        "nonsense\r\n\r\n",
        "GET /watch?id=a HTTP/1.1\r\n\r\n",
        "GET /watch?as=proxy HTTP/1.1\r\n\r\n",
        "GET /watch?id=a&as=boss HTTP/1.1\r\n\r\n",
        "GET /watch?id=%20&as=proxy HTTP/1.1\r\n\r\n",
        "PUT /watch/a HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
        "PUT /watch/a HTTP/1.1\r\ncontent-length: +2\r\n\r\n{}",
        "PUT /watch/a HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "GET /healthz HTTP/1.1\r\nauthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        "PUT /watch/a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        assert!(matches!(refused(bad), Refusal::Bad(_)), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn however_a_request_is_cut_its_begin_waits_for_more(cut in 0usize..60) {
        let request = format!("PUT /watch/p-1 HTTP/1.1\r\ncontent-length: {}\r\n\r\n{REPORT}", REPORT.len());
        prop_assert_eq!(parse(&request.as_bytes()[..cut.min(request.len() - 1)]), Parsed::More);
    }
}
