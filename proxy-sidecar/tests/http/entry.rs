//! How callers come in: with a header of the PROXY protocol, by the plain port that sends them to https, and by TLS.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::certificates::{Authority, Files};
use crate::front::{Front, GET, OK_CLOSE, for_all, same};
use crate::process::LIMIT;
use crate::wire::field;

/// The signature of version 2, a header of TCP over IPv4 from 203.0.113.9:4711 to 10.0.0.1:80.
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x67\x00\x50";

#[test]
fn a_proxy_header_says_who_calls_and_whose_word_is_taken() {
    let front = Front::with(&["--proxy-protocol", "require"]);
    for_all([b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n".as_slice(), VERSION_2], |header| {
        let request = "GET / HTTP/1.1\r\nhost: demo\r\nx-forwarded-for: 10.9.9.9\r\n\r\n".as_bytes();
        let (mut caller, mut backend) = front.passes([header, request].concat())?;
        let head = backend.read_head();
        backend.send(OK_CLOSE);
        caller.read_answer();
        // The balancer is trusted, the caller that it names is not.
        same("the caller", field(&head, "x-forwarded-for"), Some("203.0.113.9"))
    });
}

#[test]
fn a_connection_without_a_proxy_header_or_from_a_stranger_is_closed() {
    let header = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n";
    let front = Front::with(&["--proxy-protocol", "require"]);
    for bad in [GET.to_owned(), format!("PROXY TCP4 203.0.113.9\r\n{GET}")] {
        front.caller(bad).expect_closed();
    }
    let strange = Front::with(&["--proxy-protocol", "require", "--trusted-proxies", "10.0.0.0/8"]);
    strange.caller(format!("{header}{GET}")).expect_closed();
    assert!(front.origin.try_accept().is_none() && strange.origin.try_accept().is_none());
}

/// A proxy with an encrypted port, and who vouches for it.
struct Encrypted {
    front: Front,
    authority: Authority,
    _files: Files,
}

impl Encrypted {
    fn start(arguments: &[&str]) -> Encrypted {
        let (authority, files) = (Authority::new("authority"), Files::new());
        let leaf = authority.leaf(&["demo"]);
        let [certificate, key] = [("demo.crt", &leaf.certificate_pem), ("demo.key", &leaf.key_pem)]
            .map(|(name, text)| files.put(name, text).display().to_string());
        let encrypted = ["--tls-listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key];
        let front = Front::with(&[&encrypted, arguments].concat());
        Encrypted { front, authority, _files: files }
    }

    fn connect(&self, protocol: &[u8]) -> StreamOwned<ClientConnection, TcpStream> {
        let started = self.front.proxy.until_log("proxy started");
        let at: SocketAddr = started["tls_listen"].as_str().expect("an address").parse().expect("an address");
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(self.authority.roots())
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("demo").expect("a name");
        let stream = TcpStream::connect(at).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).expect("a caller"), stream)
    }
}

#[test]
fn the_plain_port_sends_every_request_to_https_and_lets_none_pass() {
    let encrypted = Encrypted::start(&["--redirect-https", "--https-port", "8443", "--hsts", "1d"]);
    let front = &encrypted.front;
    let there = Some("https://demo:8443/a?b=%2f");
    for_all(
        [
            ("GET /a?b=%2f HTTP/1.1\r\nhost: demo:80\r\n\r\n", 301, there),
            ("HEAD http://demo/a?b=%2f HTTP/1.1\r\nhost: other\r\n\r\n", 301, there),
            ("DELETE /a?b=%2f HTTP/1.1\r\nhost: demo\r\n\r\n", 308, there),
            // It names nobody to be sent to: that is no way past the redirect.
            ("GET / HTTP/1.0\r\n\r\n", 400, None),
            ("GET / HTTP/1.1\r\nhost:\r\n\r\n", 400, None),
        ],
        |(request, status, location)| {
            let head = front.caller(request).read_head();
            same("the status", crate::wire::status(&head), *status)?;
            same("the place", field(&head, "location"), *location)?;
            same("no word of TLS without it", field(&head, "strict-transport-security"), None)
        },
    );
    assert!(front.origin.try_accept().is_none());
    // What a trusted proxy in front has taken by TLS goes on.
    let (_, _, head) = front.exchange("GET / HTTP/1.1\r\nhost: demo\r\nx-forwarded-proto: https\r\n\r\n");
    assert_eq!(field(&head, "x-forwarded-proto"), Some("https"));
}

#[test]
fn a_request_by_tls_is_answered_and_told_to_stay_with_it() {
    let encrypted = Encrypted::start(&["--redirect-https", "--hsts", "1d"]);
    let mut caller = encrypted.connect(b"http/1.1");
    caller.write_all(GET.as_bytes()).expect("sent");
    let mut backend = encrypted.front.origin.accept();
    let head = backend.read_head();
    assert_eq!(field(&head, "x-forwarded-proto"), Some("https"), "{head}");
    backend.send(OK_CLOSE);
    let mut answer = [0; 1024];
    let read = caller.read(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]).to_ascii_lowercase();
    assert!(
        answer.starts_with("http/1.1 200 ") && answer.contains("strict-transport-security: max-age=86400"),
        "{answer}"
    );

    let mut other = encrypted.connect(b"h2");
    // Its first settings, which a server of HTTP/2 says without being asked.
    other.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("sent");
    let mut settings = [0; 9];
    other.read_exact(&mut settings).expect("settings");
    assert_eq!((other.conn.alpn_protocol(), settings[3]), (Some(&b"h2"[..]), 4));
}

#[test]
fn an_options_that_may_go_no_further_is_answered_here() {
    let front = Front::start();
    let head = front.caller("OPTIONS * HTTP/1.1\r\nhost: demo\r\nmax-forwards: 0\r\n\r\n").read_head();
    assert!(head.starts_with("http/1.1 200 ") && field(&head, "allow").is_some(), "{head}");
    assert!(front.origin.try_accept().is_none());
    let (_, _, head) = front.exchange("OPTIONS * HTTP/1.1\r\nhost: demo\r\nmax-forwards: 2\r\n\r\n");
    assert_eq!(field(&head, "max-forwards"), Some("1"), "{head}");
}
