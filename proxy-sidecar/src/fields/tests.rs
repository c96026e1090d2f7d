use proptest::prelude::*;

use super::*;

const WAY: Way<'_> = Way {
    address: "192.0.2.7",
    trusted: true,
    secure: false,
    host: b"shop",
    via: "1.1 doze",
    forwarded: false,
    fresh_id: b"fresh",
    upgrade: None,
    max_forwards: None,
    own_key: false,
    to_http2: false,
};

fn fields<'a>(lines: &'a [(&'a str, &'a str)]) -> Vec<Field<'a>> {
    lines.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect()
}

fn sent_on(lines: &[(&str, &str)], way: &Way<'_>) -> Vec<String> {
    let fields = fields(lines);
    let mut out = Vec::new();
    request(&mut out, &fields, &Survey::of(&fields), way);
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

fn passed_back(lines: &[(&str, &str)]) -> Vec<String> {
    let fields = fields(lines);
    let mut out = Vec::new();
    answer(&mut out, &fields, &Survey::of(&fields), "1.1 doze", (b"id", b"today"));
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

const ADDED: [&str; 5] = [
    "x-forwarded-for: 192.0.2.7",
    "x-forwarded-proto: http",
    "x-forwarded-host: shop",
    "via: 1.1 doze",
    "x-request-id: fresh",
];

#[test]
fn hop_by_hop_fields_and_the_nominated_ones_end_here() {
    let given = [
        ("Connection", "close, X-Secret"),
        ("connection", "x-other ,, bad name"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "3"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "x"),
        ("Proxy-Authorization", "x"),
        ("Proxy-Connection", "x"),
        ("X-Secret", "1"),
        ("x-other", "2"),
        ("Trailer", "x-sum"),
        ("Accept", "*/*"),
    ];
    assert_eq!(sent_on(&given, &WAY), [&["Trailer: x-sum", "Accept: */*"][..], &ADDED].concat());
    assert_eq!(
        passed_back(&given),
        ["Trailer: x-sum", "Accept: */*", "via: 1.1 doze", "x-request-id: id", "date: today"]
    );
}

#[test]
fn a_client_cannot_strip_what_the_proxy_adds() {
    let given = [
        ("connection", "x-forwarded-for, host, via, content-length, x-request-id, x-forwarded-proto"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(sent_on(&given, &WAY), ADDED);
}

#[test]
fn what_trusted_proxies_in_front_have_said_is_kept_and_appended_to() {
    let given = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("x-forwarded-for", "198.51.100.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "example.org"),
        ("Forwarded", "for=203.0.113.9"),
        ("via", "2 front"),
        ("x-request-id", "abc"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", "a=b"),
    ];
    let kept = [
        "x-forwarded-proto: https",
        "x-forwarded-host: example.org",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate: a=b",
        "x-forwarded-for: 203.0.113.9, 198.51.100.2, 192.0.2.7",
    ];
    let after = ["via: 2 front, 1.1 doze", "x-request-id: abc"];
    let own = ["forwarded: for=203.0.113.9, for=192.0.2.7;host=\"shop\";proto=http"];
    assert_eq!(sent_on(&given, &Way { forwarded: true, ..WAY }), [&kept[..], &own, &after].concat());
    assert_eq!(sent_on(&given, &WAY), [&kept[..], &["forwarded: for=203.0.113.9"], &after].concat());
}

#[test]
fn what_strangers_say_about_their_way_is_not_passed_on() {
    let given = [
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "admin"),
        ("forwarded", "for=10.0.0.1"),
        ("x-request-id", "abc"),
        ("x_forwarded_for", "10.0.0.1"),
        ("X-Forwarded-Port", "1"),
        ("x-forwarded-prefix", "/admin"),
        ("x-real-ip", "10.0.0.1"),
    ];
    assert_eq!(sent_on(&given, &Way { trusted: false, ..WAY }), ADDED);
}

#[test]
fn whatever_strangers_say_was_forwarded_goes_no_further() {
    let given = [("X-Forwarded-Port", "443"), ("x-forwarded-prefix", "/admin"), ("x_forwarded_port", "443")];
    assert_eq!(sent_on(&given, &Way { trusted: false, ..WAY }), ADDED);
    assert_eq!(sent_on(&given, &WAY)[..2], ["X-Forwarded-Port: 443", "x-forwarded-prefix: /admin"]);
}

#[test]
fn a_number_that_connection_nominates_is_made_anew() {
    let given = [("x-request-id", "abc"), ("connection", "x-request-id")];
    assert_eq!(sent_on(&given, &WAY), ADDED);
    assert_eq!(passed_back(&given), ["via: 1.1 doze", "x-request-id: id", "date: today"]);
}

#[test]
fn a_field_that_is_named_like_the_option_close_ends_here() {
    assert_eq!(sent_on(&[("connection", "close"), ("Close", "1")], &WAY), ADDED);
}

#[test]
fn an_expectation_is_written_by_the_head_alone_and_a_strange_one_is_not_hidden_by_another() {
    for (first, second) in [("100-continue", "x"), ("x", "100-continue")] {
        let lines = [("expect", first), ("Expect", second)];
        let given = fields(&lines);
        assert_eq!(Survey::of(&given).expect, Some(&b"x"[..]));
    }
    assert_eq!(sent_on(&[("expect", "100-continue")], &WAY), ADDED);
}

#[test]
fn a_connection_that_nominates_without_end_is_told_by_its_survey() {
    let of = |count: usize| Survey::of(&fields(&[("connection", &"a,".repeat(count))])).nominates_too_many();
    assert_eq!((of(64), of(65), of(10_000)), (false, true, true));
}

#[test]
fn an_address_of_version_6_is_quoted_where_it_has_to_be() {
    let way = Way { address: "2001:db8::1", forwarded: true, secure: true, ..WAY };
    let sent = sent_on(&[], &way);
    assert!(sent.contains(&"x-forwarded-for: 2001:db8::1".to_owned()), "{sent:?}");
    assert!(sent.contains(&"forwarded: for=\"[2001:db8::1]\";host=\"shop\";proto=https".to_owned()), "{sent:?}");
}

#[test]
fn a_key_that_is_made_up_here_is_the_only_one() {
    let given = [("sec-websocket-key", "x"), ("sec-websocket-version", "13")];
    assert_eq!(sent_on(&given, &Way { own_key: true, ..WAY })[0], "sec-websocket-version: 13");
    assert_eq!(sent_on(&given, &WAY)[0], "sec-websocket-key: x");
}

#[test]
fn hops_that_are_left_are_told() {
    let sent = sent_on(&[("Max-Forwards", "3")], &Way { max_forwards: Some(2), ..WAY });
    assert!(sent.contains(&"max-forwards: 2".to_owned()) && !sent.iter().any(|line| line.ends_with(" 3")), "{sent:?}");
    assert_eq!(sent_on(&[("Max-Forwards", "3")], &WAY)[0], "Max-Forwards: 3");
}

#[test]
fn crumbs_of_a_cookie_become_one_field() {
    assert_eq!(sent_on(&[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")], &WAY)[..2], ["x: y", "cookie: a=1; b=2"]);
    assert_eq!(sent_on(&[("cookie", "a=1; b=2")], &WAY)[0], "cookie: a=1; b=2");
}

#[test]
fn trailers_are_asked_for_anew() {
    let sent = sent_on(&[("connection", "te"), ("te", "gzip, trailers")], &WAY);
    assert_eq!(sent[5..], ["connection: te", "te: trailers"]);
    let sent = sent_on(&[("te", "trailers")], &Way { to_http2: true, ..WAY });
    assert_eq!(sent[5..], ["te: trailers"]);
}

#[test]
fn a_trace_that_is_none_goes_no_further() {
    assert_eq!(sent_on(&[("traceparent", "00-x"), ("tracestate", "a=b")], &WAY), ADDED);
}

#[test]
fn grpc_is_told_by_its_content_type() {
    let is = |value| Survey::of(&fields(&[("content-type", value)])).is_grpc;
    assert!(is("application/grpc") && is("Application/gRPC+proto"));
    assert!(!is("application/grpc-web") && !is("application/json"));
}

proptest! {
    #[test]
    fn nothing_that_connection_nominates_goes_on(names in prop::collection::vec("[a-z]{1,8}", 0..6)) {
        let nominated = names.join(" , ");
        let mut given: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        given.push(("connection", &nominated));
        let sent = sent_on(&given, &WAY);
        // `te` is nominated by ourselves, and `via` is ours.
        prop_assert!(names.iter().all(|n| n == "via" || n == "te" || !sent.contains(&format!("{n}: 1"))), "{:?}", sent);
    }
}
