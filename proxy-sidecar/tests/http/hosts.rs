//! Whom a request is for (RFC 9112, 3.2; RFC 9110, 7.2), and its target, byte for byte.

use crate::front::{Front, OK_CLOSE, for_all, same};
use crate::judge;

#[test]
fn a_host_is_one_and_valid() {
    let front = Front::start();
    let bad: &[&[u8]] = &[
        b"",
        b"x-host: demo\r\n",
        b"host: demo\r\nhost: demo\r\n",
        b"host: demo\r\nHOST: other\r\n",
        b"host: a b\r\n",
        b"host: a/b\r\n",
        b"host: a?b\r\n",
        b"host: a#b\r\n",
        b"host: a\\b\r\n",
        b"host: user@a\r\n",
        b"host: user:word@a\r\n",
        b"host: a, b\r\n",
        b"host: a,b\r\n",
        b"host: a\tb\r\n",
        b"host: a:b\r\n",
        b"host: a:80:81\r\n",
        b"host: a:-80\r\n",
        b"host: a:+80\r\n",
        b"host: a:80 80\r\n",
        b"host: a:123456\r\n",
        b"host: :80\r\n",
        b"host: [::1\r\n",
        b"host: ::1\r\n",
        b"host: [::1]x\r\n",
        b"host: []\r\n",
        b"host: http://a/\r\n",
        b"host: a<b>\r\n",
        b"host: a\"b\r\n",
        b"host: a\xffb\r\n",
        b"host: a%\r\n",
        b"host: a%zz\r\n",
    ];
    for_all(bad, |hosts| {
        front.refuses(&[b"GET / HTTP/1.1\r\n".as_slice(), hosts, b"\r\n"].concat(), 400, &["bad_host"])?;
        front.refuses(&[b"GET http://demo/ HTTP/1.1\r\n".as_slice(), hosts, b"\r\n"].concat(), 400, &["bad_host"])
    });
    // An absolute target has an authority, and an empty host says that it has none.
    for_all(["host:\r\n", "host: \r\n", "host: \t \r\n"], |host| {
        front.refuses(format!("GET http://demo/ HTTP/1.1\r\n{host}\r\n").as_bytes(), 400, &["bad_host"])
    });
    for_all(["host: demo\r\nhost: demo\r\n", "host: a b\r\n"], |hosts| {
        front.refuses(format!("GET / HTTP/1.0\r\n{hosts}\r\n").as_bytes(), 400, &["bad_host"])
    });
    front.expect_unmarked();
}

/// Checks what the origin sees of each: the target and the host.
fn check_seen(front: &Front, rows: &[(&str, &str, &str, &str)]) {
    for_all(rows, |(line, host, target, expected)| {
        let (mut caller, mut backend) = front.passes(format!("{line}\r\n{host}\r\n"))?;
        let seen = judge::next(&backend);
        same(line, seen.line.split(' ').nth(1), Some(*target))?;
        same(line, seen.field("host").as_deref(), Some(*expected))?;
        backend.send(OK_CLOSE);
        same(line, caller.read_answer().0, 200)
    });
}

#[test]
fn a_valid_host_passes_as_it_is_and_an_absolute_target_replaces_it() {
    let front = Front::start();
    check_seen(
        &front,
        &[
            ("GET / HTTP/1.1", "host: demo\r\n", "/", "demo"),
            ("GET / HTTP/1.1", "HOST:Demo.Example.ORG:8080\r\n", "/", "Demo.Example.ORG:8080"),
            ("GET / HTTP/1.1", "host: [::1]:9060\r\n", "/", "[::1]:9060"),
            ("GET / HTTP/1.1", "host: [2001:db8::192.0.2.1]\r\n", "/", "[2001:db8::192.0.2.1]"),
            ("GET / HTTP/1.1", "host: 192.0.2.1\r\n", "/", "192.0.2.1"),
            ("GET / HTTP/1.1", "host: under_score.demo\r\n", "/", "under_score.demo"),
            ("GET / HTTP/1.0", "", "/", "demo"),
            ("GET / HTTP/1.0", "host: other\r\n", "/", "other"),
            ("GET http://other:81/x HTTP/1.1", "host: demo\r\n", "/x", "other:81"),
            ("GET HTTP://Other/x HTTP/1.1", "host: demo\r\n", "/x", "Other"),
            ("GET https://other/x?y=http://z/ HTTP/1.1", "host: demo\r\n", "/x?y=http://z/", "other"),
            ("GET http://other HTTP/1.1", "host: demo\r\n", "/", "other"),
            ("GET http://other?q HTTP/1.1", "host: demo\r\n", "/?q", "other"),
            ("GET http://[::1]:80/ HTTP/1.1", "host: demo\r\n", "/", "[::1]:80"),
            ("GET http://other/ HTTP/1.0", "", "/", "other"),
            ("GET http://other//a//../b%2f HTTP/1.1", "host: demo\r\n", "//a//../b%2f", "other"),
            ("GET http://other/x HTTP/1.1", "connection: host\r\nhost: demo\r\n", "/x", "other"),
            ("GET / HTTP/1.1", "connection: host\r\nhost: demo\r\n", "/", "demo"),
            ("OPTIONS * HTTP/1.1", "host: demo\r\n", "*", "demo"),
            ("OPTIONS /a HTTP/1.1", "host: demo\r\n", "/a", "demo"),
            ("OPTIONS http://other HTTP/1.1", "host: demo\r\n", "*", "other"),
            ("OPTIONS http://other/ HTTP/1.1", "host: demo\r\n", "/", "other"),
        ],
    );
    front.expect_unmarked();
}

#[test]
fn targets_that_no_origin_serves_are_answered_400() {
    let front = Front::start();
    let targets =
        ["*", "a", "a/b", "demo:80", "?q", "ftp://demo/", "javascript:alert(1)", "http:/demo/", "http:///a", "http://"];
    for_all(targets, |target| {
        let request = format!("GET {target} HTTP/1.1\r\nhost: demo\r\n\r\n");
        front.refuses(request.as_bytes(), 400, &["bad_target", "bad_host", "bad_head"])
    });
    for_all(
        [
            "http://user@demo/",
            "http://user:word@demo/",
            "http://demo@evil/",
            "http://a b/",
            "http://demo:x/",
            "http://demo:80:80/",
        ],
        |target| {
            let request = format!("GET {target} HTTP/1.1\r\nhost: demo\r\n\r\n");
            front.refuses(request.as_bytes(), 400, &["bad_target", "bad_host", "bad_head"])
        },
    );
    front.expect_unmarked();
}

#[test]
fn path_bytes_pass_verbatim() {
    let front = Front::start();
    let long = format!("/{}", "a%2F".repeat(4_000));
    let paths: &[&[u8]] = &[
        b"/",
        b"//",
        b"//demo/a",
        b"///",
        b"/a//b/./c/../d",
        b"/..%2f..",
        b"/%2e%2e/%2E",
        b"/%",
        b"/%zz%0",
        b"/%00%0d%0a",
        b"/a%20b+c",
        b"/a;b=c;d",
        b"/a?b?c=/../&d=%26",
        b"/?",
        b"/??",
        b"/?a=b&a=c",
        b"/\"<>\\^`{|}~'",
        b"/[a]:b@c!$&*,",
        b"/http://other/",
        b"/caf\xc3\xa9",
        long.as_bytes(),
    ];
    for_all(paths, |path| {
        let (mut caller, mut backend) =
            front.passes([b"GET ".as_slice(), path, b" HTTP/1.1\r\nhost: demo\r\n\r\n"].concat())?;
        let seen: Vec<u8> = judge::next(&backend).line.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        backend.send(OK_CLOSE);
        caller.read_answer();
        let expected = [b"GET ".as_slice(), path, b" HTTP/1.1"].concat();
        same("a path", seen.escape_ascii().to_string(), expected.escape_ascii().to_string())
    });
    front.expect_unmarked();
}

#[test]
fn a_target_that_is_no_text_is_answered_400() {
    let front = Front::start();
    for_all([b"/\xff\xfe\x80".as_slice(), b"/a?\xe9=\xfc"], |path| {
        let request = [b"GET ".as_slice(), path, b" HTTP/1.1\r\nhost: demo\r\n\r\n"].concat();
        front.refuses(&request, 400, &["bad_head"])
    });
    front.expect_unmarked();
}
