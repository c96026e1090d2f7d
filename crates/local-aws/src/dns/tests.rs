use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::time::timeout;

use super::*;
use crate::views::{HostView, Records, TaskView};

const LIMIT: Duration = Duration::from_secs(30);

/// The zone `local` with the names `one.service` and `many.service` (and all below it).
pub(super) struct Zone;

impl Views for Zone {
    fn host(&self, _: Ipv4Addr) -> Option<HostView> {
        None
    }

    fn tasks_of(&self, _: &str) -> Vec<TaskView> {
        Vec::new()
    }

    fn task_of_container(&self, _: &str) -> Option<(TaskView, usize)> {
        None
    }

    fn records(&self, name: &str, want_a: bool) -> (Records, String) {
        let count = match name {
            "one.service.local" => 1,
            name if name.ends_with("many.service.local") => 20,
            "local" => 0,
            name if name.ends_with(".local") => return (Records::NoSuchName { soa_minimum: 1 }, "local".to_owned()),
            _ => return (Records::NotOurs, String::new()),
        };
        let addresses = (10..10 + count).map(|last| Ipv4Addr::new(127, 42, 1, last)).collect();
        let records = match want_a && count > 0 {
            true => Records::Addresses { ttl: 5, addresses },
            false => Records::NoData { soa_minimum: 1 },
        };
        (records, "local".to_owned())
    }
}

fn query(name: &str) -> Vec<u8> {
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
    query.to_vec().expect("a packet")
}

async fn listen() -> Dns {
    Dns::listen(([127, 0, 0, 1], 0).into(), Arc::new(Zone)).await.expect("a server")
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
    let dns = Dns::listen(([127, 77, 0, 2], 0).into(), Arc::new(Zone)).await.expect("a server");
    let at = dns.at();
    let mut open = TcpStream::connect(at).await.expect("a connection");
    send_tcp(&mut open, &query("one.service.local.")).await;
    receive_tcp(&mut open).await;
    dns.close().await;
    // Children that other tests start have our sockets open for a moment, until they are what they are to be.
    let begun = std::time::Instant::now();
    let again = loop {
        match Dns::listen(at, Arc::new(Zone)).await {
            Ok(again) => break again,
            Err(error) => assert!(begun.elapsed() < LIMIT, "{error}"),
        }
        tokio::task::yield_now().await;
    };
    assert!(Dns::listen(at, Arc::new(Zone)).await.is_err(), "two servers on one address");
    again.close().await;
}
