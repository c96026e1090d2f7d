//! The promises of the PROXY protocol.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const ENOUGH: Duration = Duration::from_secs(10);

fn proxied(source: &str, destination: &str) -> Header {
    Header::Proxied { source: source.parse().expect("an address"), destination: destination.parse().expect("one") }
}

fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    [SIGNATURE, &[command, family], &length, rest].concat()
}

fn v4_addresses() -> Vec<u8> {
    [&[192, 0, 2, 1, 10, 0, 0, 7][..], &40000u16.to_be_bytes(), &443u16.to_be_bytes()].concat()
}

#[test]
fn a_line_says_who_connected_and_where_to() {
    let line = b"PROXY TCP4 192.0.2.1 10.0.0.7 40000 443\r\nGET / HTTP/1.1\r\n";
    assert_eq!(parse(line), Ok(Some((proxied("192.0.2.1:40000", "10.0.0.7:443"), 41))));
    let line = b"PROXY TCP6 2001:db8::1 ::1 0 65535\r\n";
    assert_eq!(parse(line), Ok(Some((proxied("[2001:db8::1]:0", "[::1]:65535"), line.len()))));
}

#[test]
fn unknown_says_nothing_whatever_follows() {
    assert_eq!(parse(b"PROXY UNKNOWN\r\n"), Ok(Some((Header::Local, 15))));
    let longest = [&b"PROXY UNKNOWN "[..], &b"f".repeat(91), b"\r\n"].concat();
    assert_eq!((longest.len(), parse(&longest)), (107, Ok(Some((Header::Local, 107)))));
}

#[test]
fn a_line_that_is_not_to_the_letter_is_refused() {
    for line in [
        "PROXY TCP4 192.0.2.1 10.0.0.7 40000 443\n",
        "PROXY TCP4  192.0.2.1 10.0.0.7 40000 443\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.7 40000 443 \r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.7 40000\r\n",
        "PROXY TCP4 192.0.2.01 10.0.0.7 40000 443\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.7 040000 443\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.7 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.7 +1 443\r\n",
        "PROXY TCP4 ::1 ::1 1 443\r\n",
        "PROXY TCP6 192.0.2.1 10.0.0.7 1 443\r\n",
        "PROXY TCP5 192.0.2.1 10.0.0.7 1 443\r\n",
        "PROXY UNKNOWN a\rb\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY \r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Err(Flaw::BadLine), "{line:?}");
    }
    assert_eq!(parse(&[&b"PROXY UNKNOWN "[..], &b"f".repeat(93)].concat()), Err(Flaw::LongLine));
}

#[test]
fn what_begins_otherwise_is_refused_at_its_first_wrong_byte() {
    for bytes in [&b"G"[..], b"PROX ", b"PRI * HTTP/2.0", b"\r\n\r\n\0\r\nQUIX", b"\x16\x03\x01", b"proxy TCP4"] {
        assert_eq!(parse(bytes), Err(Flaw::NoHeader), "{bytes:?}");
    }
}

#[test]
fn bytes_say_who_connected_and_extensions_are_skipped() {
    let plain = version_2(0x21, 0x11, &v4_addresses());
    assert_eq!(parse(&plain), Ok(Some((proxied("192.0.2.1:40000", "10.0.0.7:443"), 28))));
    // As AWS's balancers do: the id of a VPC endpoint.
    let extended = version_2(0x21, 0x11, &[&v4_addresses()[..], &[0xea, 0, 4, 1, b'v', b'p', b'c']].concat());
    assert_eq!(parse(&extended), Ok(Some((proxied("192.0.2.1:40000", "10.0.0.7:443"), 35))));
    let six = [[0x20; 16], [0x30; 16]].concat();
    let six = version_2(0x21, 0x21, &[&six[..], &[0, 80, 1, 187]].concat());
    let (source, destination) = (IpAddr::from([0x20; 16]), IpAddr::from([0x30; 16]));
    let said = Header::Proxied { source: (source, 80).into(), destination: (destination, 443).into() };
    assert_eq!(parse(&six), Ok(Some((said, six.len()))));
}

#[test]
fn a_balancers_own_check_and_other_families_are_local() {
    for header in [
        version_2(0x20, 0x00, b""),
        version_2(0x20, 0x11, b"short"),
        version_2(0x21, 0x00, b""),
        version_2(0x21, 0x12, &[0; 12]),
        version_2(0x21, 0x31, &[0; 216]),
    ] {
        assert_eq!(parse(&header), Ok(Some((Header::Local, header.len()))), "{header:?}");
    }
}

#[test]
fn bytes_that_are_not_to_the_letter_are_refused() {
    let with = |extension: &[u8]| version_2(0x21, 0x11, &[&v4_addresses()[..], extension].concat());
    for (header, flaw) in [
        (version_2(0x22, 0x11, &v4_addresses()), Flaw::BadCommand),
        (version_2(0x11, 0x11, &v4_addresses()), Flaw::BadCommand),
        (version_2(0x21, 0x01, &v4_addresses()), Flaw::BadFamily),
        (version_2(0x21, 0x13, &v4_addresses()), Flaw::BadFamily),
        (version_2(0x21, 0x21, &v4_addresses()), Flaw::ShortAddresses),
        (version_2(0x21, 0x31, &[0; 215]), Flaw::ShortAddresses),
        (version_2(0x20, 0x00, &[0; 4081]), Flaw::TooLong),
        (with(&[4, 0]), Flaw::BadExtension),
        (with(&[4, 0, 2, 1]), Flaw::BadExtension),
        (with(&[3, 0, 2, 1, 1]), Flaw::BadExtension),
        (with(&[3, 0, 4, 1, 1, 1, 1]), Flaw::BadChecksum),
    ] {
        assert_eq!(parse(&header), Err(flaw), "{header:?}");
    }
}

#[test]
fn a_right_checksum_is_accepted() {
    // "123456789" has a well-known one; it ends where the hole for the checksum lies beyond.
    assert_eq!(v2::checksum(b"123456789", 9), 0xe306_9283);
    let mut header = version_2(0x21, 0x11, &[&v4_addresses()[..], &[3, 0, 4, 0, 0, 0, 0, 4, 0, 0]].concat());
    let sum = v2::checksum(&header, 31).to_be_bytes();
    header[31..35].copy_from_slice(&sum);
    assert!(matches!(parse(&header), Ok(Some((Header::Proxied { .. }, 38)))));
}

/// A header as a balancer writes it, with a checksum in version 2, and what it says.
fn written(v2: bool, source: SocketAddr, destination: SocketAddr, extension: &[u8]) -> Vec<u8> {
    if !v2 {
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        let (from, to) = (source.port(), destination.port());
        return format!("PROXY {family} {} {} {from} {to}\r\n", source.ip(), destination.ip()).into_bytes();
    }
    let mut rest = Vec::new();
    for address in [source.ip(), destination.ip()] {
        match address {
            IpAddr::V4(address) => rest.extend(address.octets()),
            IpAddr::V6(address) => rest.extend(address.octets()),
        }
    }
    rest.extend([source.port().to_be_bytes(), destination.port().to_be_bytes()].concat());
    let length = u16::try_from(extension.len()).expect("short").to_be_bytes();
    rest.extend([&[0xe0][..], &length, extension, &[3, 0, 4, 0, 0, 0, 0]].concat());
    let mut header = version_2(0x21, if source.is_ipv4() { 0x11 } else { 0x21 }, &rest);
    let hole = header.len() - 4;
    let sum = v2::checksum(&header, hole).to_be_bytes();
    header[hole..].copy_from_slice(&sum);
    header
}

fn ends() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
    let four = any::<([u8; 4], u16, [u8; 4], u16)>().prop_map(|(a, p, b, q)| ((a, p).into(), (b, q).into()));
    let six = any::<([u8; 16], u16, [u8; 16], u16)>().prop_map(|(a, p, b, q)| ((a, p).into(), (b, q).into()));
    prop_oneof![four, six]
}

proptest! {
    #[test]
    fn what_is_written_is_read_at_any_cut_and_what_follows_is_left(
        v2: bool,
        (source, destination) in ends(),
        extension in proptest::collection::vec(any::<u8>(), 0..200),
        follows in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let header = written(v2, source, destination, &extension);
        for cut in 0..header.len() {
            prop_assert_eq!(parse(&header[..cut]), Ok(None), "at {}", cut);
        }
        let whole = [&header[..], &follows].concat();
        prop_assert_eq!(parse(&whole), Ok(Some((Header::Proxied { source, destination }, header.len()))));
    }

    #[test]
    fn one_changed_byte_of_an_address_is_noticed_by_the_checksum((source, destination) in ends(), at in 0usize..36, other in 1u8..) {
        let mut header = written(true, source, destination, b"");
        let addresses = if source.is_ipv4() { 12 } else { 36 };
        header[16 + at % addresses] ^= other;
        prop_assert_eq!(parse(&header), Err(Flaw::BadChecksum));
    }

    #[test]
    fn more_bytes_never_change_what_was_said(start in 0usize..3, noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let starts = [&b"PROXY TCP4 1.2.3.4 "[..], SIGNATURE, b""];
        let bytes = [starts[start], &noise].concat();
        let whole = parse(&bytes);
        for cut in 0..bytes.len() {
            if let Some(said) = parse(&bytes[..cut]).transpose() {
                prop_assert_eq!(Some(said), whole.transpose());
                break;
            }
        }
        if let Ok(Some((_, length))) = whole {
            prop_assert!(length <= bytes.len().min(LONGEST));
        }
    }
}

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let balancer = TcpStream::connect(listener.local_addr().expect("one")).await.expect("connected");
    balancer.set_nodelay(true).expect("set");
    (balancer, listener.accept().await.expect("accepted").0)
}

#[tokio::test]
async fn a_header_that_comes_byte_by_byte_is_read_and_what_follows_stays_on_the_connection() {
    for v2 in [false, true] {
        let (source, destination) = ("192.0.2.1:7".parse().expect("one"), "10.0.0.1:443".parse().expect("one"));
        let (mut balancer, mut ours) = connected().await;
        let sent = tokio::spawn(async move {
            for byte in written(v2, source, destination, b"extension") {
                balancer.write_all(&[byte]).await.expect("sent");
                tokio::task::yield_now().await;
            }
            balancer.write_all(b"GET /").await.expect("sent");
            balancer
        });
        let header = read_header(&mut ours, ENOUGH).await.expect("a header");
        assert_eq!(header, Header::Proxied { source, destination });
        drop(sent.await.expect("sent"));
        let mut rest = String::new();
        ours.read_to_string(&mut rest).await.expect("read");
        assert_eq!(rest, "GET /");
    }
}

#[tokio::test]
async fn a_connection_without_a_header_ends_with_the_reason() {
    let (mut balancer, mut ours) = connected().await;
    balancer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    assert!(matches!(read_header(&mut ours, ENOUGH).await, Err(Fault::Flawed(Flaw::NoHeader))));

    let (mut balancer, mut ours) = connected().await;
    balancer.write_all(b"PROXY TCP4 ").await.expect("sent");
    assert!(matches!(read_header(&mut ours, Duration::from_millis(20)).await, Err(Fault::Late)));

    let (mut balancer, mut ours) = connected().await;
    balancer.write_all(b"PROXY TCP4 ").await.expect("sent");
    drop(balancer);
    assert!(matches!(read_header(&mut ours, ENOUGH).await, Err(Fault::Ended)));
}
