use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::time::timeout;

use super::*;
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

const LIMIT: Duration = Duration::from_secs(30);

/// The zone `local` with the names `one.service` and `many.service` (and all below it).
pub(super) struct Zone;

/// Its negative answers may be remembered for a second.
pub(super) fn zone() -> ZoneView {
    ZoneView { name: "local".to_owned(), soa_ttl: 1 }
}

impl Zones for Zone {
    fn records(&self, name: &str, kind: RecordKind) -> Records {
        let count = match name {
            "one.service.local" => 1,
            name if name.ends_with("many.service.local") => 20,
            "local" => 0,
            name if name.ends_with(".local") => return Records::NoSuchName(zone()),
            _ => return Records::NotOurs,
        };
        let data = (10..10 + count).map(|last| RecordData::A(Ipv4Addr::new(127, 42, 1, last))).collect();
        match count > 0 && matches!(kind, RecordKind::A | RecordKind::Any) {
            true => Records::Found { zone: zone(), ttl: 5, data, routing: Routing::Multivalue },
            false => Records::NoData(zone()),
        }
    }
}

fn query(name: &str) -> Vec<u8> {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
    query.to_vec().expect("a packet")
}

async fn listen() -> Dns {
    Dns::listen(([127, 0, 0, 1], 0).into(), Arc::new(Zone), 1).await.expect("a server")
}

async fn ask_udp(at: SocketAddr, packet: &[u8]) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.send_to(packet, at).await.expect("sent");
    let mut reply = [0; 2048];
    let length = timeout(LIMIT, socket.recv(&mut reply)).await.expect("an answer in time").expect("an answer");
    Message::from_vec(&reply[..length]).expect("a message")
}

async fn send_tcp(stream: &mut TcpStream, packet: &[u8]) {
    let length = u16::try_from(packet.len()).expect("a short packet");
    stream.write_all(&[&length.to_be_bytes(), packet].concat()).await.expect("sent");
}

async fn receive_tcp(stream: &mut TcpStream) -> Message {
    let length = timeout(LIMIT, stream.read_u16()).await.expect("an answer in time").expect("an answer");
    let mut reply = vec![0; usize::from(length)];
    timeout(LIMIT, stream.read_exact(&mut reply)).await.expect("all of it in time").expect("all of it");
    Message::from_vec(&reply).expect("a message")
}

#[tokio::test]
async fn udp_and_tcp_give_the_same_answer_on_the_same_port() {
    let dns = listen().await;
    assert_eq!(ask_udp(dns.at(), &query("one.service.local.")).await.answers.len(), 1);
    let mut stream = TcpStream::connect(dns.at()).await.expect("a connection");
    for name in ["one.service.local.", "many.service.local."] {
        send_tcp(&mut stream, &query(name)).await;
    }
    assert_eq!(receive_tcp(&mut stream).await.answers.len(), 1);
    assert_eq!(receive_tcp(&mut stream).await.answers.len(), 8);
    dns.close().await;
}

#[tokio::test]
async fn garbage_does_not_keep_others_from_their_answer() {
    let dns = listen().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    for length in [0, 1, 11, 12, 13, 512, 4096, 9000] {
        socket.send_to(&vec![0x2a; length], dns.at()).await.expect("sent");
    }
    // Each of these connections is left open with half a query.
    let mut half = Vec::new();
    for bytes in [&b"\x00"[..], b"\xff\xff", b"\x00\x20half"] {
        let mut stream = TcpStream::connect(dns.at()).await.expect("a connection");
        stream.write_all(bytes).await.expect("sent");
        half.push(stream);
    }
    assert_eq!(ask_udp(dns.at(), &query("one.service.local.")).await.answers.len(), 1);
    let mut stream = TcpStream::connect(dns.at()).await.expect("a connection");
    send_tcp(&mut stream, &query("one.service.local.")).await;
    assert_eq!(receive_tcp(&mut stream).await.answers.len(), 1);
    dns.close().await;
}

#[tokio::test]
async fn a_closed_server_leaves_its_ports_free() {
    // An address of its own, so that nobody else is given the port in between.
    let dns = Dns::listen(([127, 77, 0, 2], 0).into(), Arc::new(Zone), 1).await.expect("a server");
    let at = dns.at();
    let mut open = TcpStream::connect(at).await.expect("a connection");
    send_tcp(&mut open, &query("one.service.local.")).await;
    receive_tcp(&mut open).await;
    dns.close().await;
    // Children that other tests start have our sockets open for a moment, until they are what they are to be.
    let begun = std::time::Instant::now();
    let again = loop {
        match Dns::listen(at, Arc::new(Zone), 1).await {
            Ok(again) => break again,
            Err(error) => assert!(begun.elapsed() < LIMIT, "{error}"),
        }
        tokio::task::yield_now().await;
    };
    assert!(Dns::listen(at, Arc::new(Zone), 1).await.is_err(), "two servers on one address");
    again.close().await;
}

/// The same zone, and what goes wrong.
struct Faulty(Mutex<faults::Faults>);

impl Zones for Faulty {
    fn records(&self, name: &str, kind: RecordKind) -> Records {
        Zone.records(name, kind)
    }

    fn dns_fault(&self, side: Side, name: &str) -> Option<Fault> {
        self.0.lock().expect("whole").of(side, name)
    }
}

#[tokio::test]
async fn on_each_address_queries_can_be_dropped_refused_and_held_back() {
    let zones = Arc::new(Faulty(Mutex::new(faults::Faults::new(1))));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let servers = [
        (Side::Zones, Dns::listen(any, Arc::<Faulty>::clone(&zones), 1).await.expect("a server")),
        (Side::Resolver, Dns::resolve(any, Arc::<Faulty>::clone(&zones), 1).await.expect("a resolver")),
    ];
    let set = |side, fault| {
        let name = Some("one.service.local".to_owned());
        zones.0.lock().expect("whole").set(faults::Rule { side: Some(side), name, percent: None, fault });
    };
    for (side, server) in &servers {
        set(*side, Fault::ServFail);
        let reply = ask_udp(server.at(), &query("one.service.local.")).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::ServFail);
        let mut stream = TcpStream::connect(server.at()).await.expect("a connection");
        send_tcp(&mut stream, &query("one.service.local.")).await;
        assert_eq!(receive_tcp(&mut stream).await.metadata.response_code, ResponseCode::ServFail);

        // Whoever asks twice on one socket gets the second answer only: the first query is lost.
        set(*side, Fault::Drop);
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        for name in ["one.service.local.", "many.service.local."] {
            socket.send_to(&query(name), server.at()).await.expect("sent");
            send_tcp(&mut stream, &query(name)).await;
        }
        let mut reply = [0; 2048];
        let length = timeout(LIMIT, socket.recv(&mut reply)).await.expect("in time").expect("an answer");
        assert_eq!(Message::from_vec(&reply[..length]).expect("a message").answers.len(), 8);
        assert_eq!(receive_tcp(&mut stream).await.answers.len(), 8);

        // A late answer does not hold up the others.
        set(*side, Fault::Delay(Duration::from_millis(200)));
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        for name in ["one.service.local.", "many.service.local."] {
            socket.send_to(&query(name), server.at()).await.expect("sent");
        }
        for expected in [8, 1] {
            let length = timeout(LIMIT, socket.recv(&mut reply)).await.expect("in time").expect("an answer");
            assert_eq!(Message::from_vec(&reply[..length]).expect("a message").answers.len(), expected);
        }
    }
    for (_, server) in servers {
        server.close().await;
    }
}
