//! Requests whose heads make no sense.

use super::target::Target;

const JSON: &str = "x-amz-target: AmazonEC2ContainerServiceV20141113.DescribeClusters\r\n";

#[test]
fn a_request_that_is_no_http_ends_its_connection_or_is_answered_with_4xx() {
    let target = Target::start("171");
    let long = "x".repeat(300_000);
    let many: String = (0..2000).map(|n| format!("h{n}: v\r\n")).collect();
    for request in [
        "\r\n\r\n\r\n\r\n\r\nNONSENSE\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "POST / HTTP/9.9\r\nhost: h\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nhost: h\r\n: empty\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
        format!("POST /{long} HTTP/1.1\r\nhost: h\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\nx: {long}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{many}\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}content-length: -1\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}content-length: 99999999999999999999999\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}transfer-encoding: chunked, identity\r\n\r\n{{}}"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}transfer-encoding: chunked\r\n\r\nNONSENSE\r\n{{}}\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: h\r\n{JSON}transfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"),
    ] {
        let mut client = target.connect();
        match client.raw(request.as_bytes()) {
            None => {}
            Some(answer) => {
                assert!((400..500).contains(&answer.status), "{request:.200}: {} {}", answer.status, answer.body);
            }
        }
        target.answers();
    }
    target.end(200);
}

#[test]
fn what_is_no_call_is_answered_in_the_shape_of_the_protocol_that_it_looks_like() {
    let target = Target::start("172");
    let bad_utf8 =
        [b"POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: \xff\xfe\r\ncontent-length: 0\r\n\r\n".as_slice()].concat();
    let post =
        |headers: &str| format!("POST / HTTP/1.1\r\nhost: h\r\n{headers}content-length: 2\r\n\r\n{{}}").into_bytes();
    for (request, status, says) in [
        (bad_utf8, 400, "UnknownOperationException"),
        (post("x-amz-target: AmazonEC2ContainerServiceV20141113\r\n"), 400, "UnknownOperationException"),
        (post("x-amz-target: AmazonEC2ContainerServiceV20141113.\r\n"), 400, "UnknownOperationException"),
        (post("x-amz-target: AmazonSQS.SendMessage.SendMessage\r\n"), 400, "UnknownOperationException"),
        (post(&format!("x-amz-target: AmazonSQS.{}\r\n", "A".repeat(9000))), 400, "UnknownOperationException"),
        (post("content-type: application/x-www-form-urlencoded\r\n"), 400, "<Code>MissingAction</Code>"),
        (b"HEAD / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n".to_vec(), 0, ""),
        (b"PUT / HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"TRACE / HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"BREW /pot HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"POST http://elsewhere/x HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n".to_vec(), 404, "nothing here"),
        (b"GET /v4/../../etc/passwd HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(), 404, ""),
        (b"GET /_events?after=99999999999999999999999x HTTP/1.0\r\n\r\n".to_vec(), 0, ""),
        (
            b"GET /?Action=%00%ff&Version=2012-11-05 HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(),
            400,
            "<Code>InvalidAction</Code>",
        ),
        (
            b"POST /000000000000/%2e%2e?Action=x HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n".to_vec(),
            400,
            "Exception",
        ),
    ] {
        let mut client = target.connect();
        let answer = client.raw(&request);
        if status != 0 {
            let said = String::from_utf8_lossy(&request).into_owned();
            let answer = answer.unwrap_or_else(|| panic!("{said}: ended"));
            assert_eq!(answer.status, status, "{said:.200}: {}", answer.body);
            assert!(answer.body.contains(says), "{said:.200}: {}", answer.body);
        }
        target.answers();
    }
    target.end(200);
}

#[test]
fn headers_that_are_there_twice_do_not_confuse_it() {
    let target = Target::start("173");
    let mut client = target.connect();
    let twice =
        format!("{JSON}x-amz-target: AmazonSQS.DeleteQueue\r\ncontent-type: a\r\ncontent-type: b\r\nhost: other\r\n");
    let answer = client.post(&twice, b"{}").expect("an answer");
    assert!(answer.status == 200 || answer.status == 400, "{} {}", answer.status, answer.body);
    target.end(200);
}
