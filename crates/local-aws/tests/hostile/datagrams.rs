//! DNS packets that are none, over UDP and TCP, at the zones' server and at the resolver.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::target::Target;

/// A query for `demo.local A`.
const QUERY: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04demo\x05local\x00\x00\x01\x00\x01";

/// Numbers that look random and are the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.next() % (most + 1)).map(|_| u8::try_from(self.next() % 256).expect("a byte")).collect()
    }
}

fn packets() -> Vec<Vec<u8>> {
    let mut noise = Noise(42);
    let mut all: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0; 11],
        vec![0xff; 12],
        vec![0xff; 4096],
        // A name that points at itself, one that points behind the packet, one that never ends.
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01".to_vec(),
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff\x00\x01\x00\x01".to_vec(),
        [b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".as_slice(), &b"\x3faaaaaaaa".repeat(200)].concat(),
        // As many questions as can be said.
        [b"\x12\x34\x01\x00\xff\xff\x00\x00\x00\x00\x00\x00".as_slice(), &QUERY[12..].repeat(60)].concat(),
        // An answer, a status query, a zone transfer.
        [b"\x12\x34\x81\x80".as_slice(), &QUERY[4..]].concat(),
        [b"\x12\x34\x11\x00".as_slice(), &QUERY[4..]].concat(),
        [&QUERY[..QUERY.len() - 4], b"\x00\xfc\x00\x01"].concat(),
    ];
    all.extend((0..QUERY.len()).map(|length| QUERY[..length].to_vec()));
    for _ in 0..2000 {
        let mut packet = QUERY.to_vec();
        for _ in 0..=noise.next() % 4 {
            let place = usize::try_from(noise.next()).expect("small") % packet.len();
            packet[place] = u8::try_from(noise.next() % 256).expect("a byte");
        }
        packet.extend(noise.bytes(30));
        all.push(packet);
        all.push(noise.bytes(200));
    }
    all
}

/// A good query over UDP is answered.
fn answers(at: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("set");
    let mut packet = [0; 4096];
    // A datagram may get lost while the server's socket is full.
    for _ in 0..5 {
        socket.send_to(QUERY, at).expect("sent");
        if let Ok((length, _)) = socket.recv_from(&mut packet) {
            assert!(length >= 12 && packet[..2] == QUERY[..2] && packet[2] & 0x80 != 0);
            return;
        }
    }
    panic!("{at} does not answer");
}

#[test]
fn garbage_over_udp_is_answered_or_dropped_and_the_next_query_is_answered() {
    let target = Target::start("185");
    for at in [target.dns, target.resolver] {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
        for (number, packet) in packets().iter().enumerate() {
            socket.send_to(packet, at).expect("sent");
            if number % 200 == 0 {
                answers(at);
            }
        }
        answers(at);
    }
    target.end(200);
}

#[test]
fn garbage_over_tcp_ends_its_connection_only() {
    let target = Target::start("186");
    for at in [target.dns, target.resolver] {
        let framed = |packet: &[u8]| {
            let length = u16::try_from(packet.len()).expect("small").to_be_bytes();
            [length.as_slice(), packet].concat()
        };
        for packet in packets().iter().step_by(20) {
            let mut stream = TcpStream::connect(at).expect("connected");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
            let _ = stream.write_all(&framed(packet));
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        }
        // A length and nothing behind it, half of a length, more than there may be: each is left open.
        let silent: Vec<TcpStream> = [b"\x00\x1d".as_slice(), b"\x00", b"\xff\xff", b"\x00\x00"]
            .iter()
            .cycle()
            .take(40)
            .map(|bytes| {
                let mut stream = TcpStream::connect(at).expect("connected");
                let _ = stream.write_all(bytes);
                stream
            })
            .collect();
        let mut stream = TcpStream::connect(at).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream.write_all(&framed(QUERY)).expect("sent");
        let mut head = [0; 4];
        stream.read_exact(&mut head).expect("an answer");
        assert_eq!(head[2..], QUERY[..2]);
        drop(silent);
        answers(at);
    }
    target.end(200);
}
