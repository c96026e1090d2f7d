//! What counts as use, with real sockets of each kind.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

use super::rig::{App, Rig};

const IDLE: [&str; 4] = ["--idle-timeout", "1s", "--drain-min", "500ms"];

/// Long enough that a busy machine does not make the user of an app look idle.
const PATIENT: [&str; 4] = ["--idle-timeout", "4s", "--drain-min", "500ms"];

fn patient(options: &[&'static str]) -> Vec<&'static str> {
    [&PATIENT, options].concat()
}

fn with(options: &[&'static str]) -> Vec<&'static str> {
    [&IDLE, options].concat()
}

/// Connects from an address of its own to the rig's app.
fn connect_from(from: &str, rig: &Rig) -> TcpStream {
    let from: Ipv4Addr = from.parse().expect("address");
    let to: SocketAddrV4 = format!("{}:9050", rig.address).parse().expect("address");
    let stream = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).expect("a socket");
    bind(stream.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(from, 0))).expect("bound");
    connect(stream.as_raw_fd(), &SockaddrIn::from(to)).expect("connected");
    TcpStream::from(stream)
}

/// Does something every 100 ms until the rig sleeps or so long has passed; whether it sleeps.
fn sleeps_while(rig: &mut Rig, most: Duration, mut what: impl FnMut(&Rig)) -> bool {
    let since = Instant::now();
    while since.elapsed() < most {
        if rig.has_exited() {
            return true;
        }
        what(rig);
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

#[test]
fn connections_too_short_to_be_seen_keep_it_awake() {
    let mut rig = Rig::ready("127.98.1.1", &patient(&["--busy-cpu", "0"]));
    // The client closes first, so that nothing of it is left on the app's side.
    let short = |rig: &Rig| {
        let mut client = rig.connect(9050).expect("connected");
        Rig::talk(&mut client, "quick").expect("answered");
    };
    assert!(!sleeps_while(&mut rig, Duration::from_secs(6), short), "{}", rig.told());
    rig.wait_for_path(&["awake"]);
    rig.wait_for("the peer is named", |rig| {
        short(rig);
        rig.health().is_some_and(|health| health.why.contains("127.0.0.1:"))
    });
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn an_idle_client_that_was_answered_within_a_tick_does_not_keep_it_awake() {
    let rig = Rig::ready("127.98.1.2", &IDLE);
    let mut client = rig.connect(9050).expect("connected");
    // As a pool of connections does: now and then a request, and then none for long.
    for _ in 0..4 {
        assert_eq!(Rig::talk(&mut client, "quick").expect("answered"), "answer");
        std::thread::sleep(Duration::from_millis(300));
    }
    rig.wait_for("draining", |rig| rig.phase() == "draining");
    drop(client);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_stream_that_pings_keeps_it_awake() {
    let mut rig = Rig::ready("127.98.1.3", &PATIENT);
    let mut client = rig.connect(9050).expect("connected");
    client.write_all(b"ping\n").expect("asked");
    assert!(!sleeps_while(&mut rig, Duration::from_secs(6), |_| ()), "{}", rig.told());
    rig.wait_for_path(&["awake"]);
    drop(client);
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn a_stream_that_only_pings_is_forgotten_in_the_end() {
    let rig = Rig::ready("127.98.1.4", &with(&["--max-quiet-stream", "2s", "--drain-timeout", "5s"]));
    let mut client = rig.connect(9050).expect("connected");
    client.write_all(b"ping\n").expect("asked");
    let (code, rig) = rig.exit();
    assert_eq!(code, 0);
    assert_eq!(rig.wait_for_log("service sleeps")["cause"], "idle");
}

#[test]
fn ignored_peers_and_loopback_neither_keep_it_awake_nor_hold_its_drain() {
    for (address, options) in [
        ("127.98.2.1", &["--ignore-peer", "127.98.9.0/24", "--ignore-peer", "fd00::1"][..]),
        ("127.98.2.2", &["--ignore-loopback"][..]),
    ] {
        let mut rig = Rig::ready(address, &with(options));
        let mut kept = connect_from("127.98.9.7", &rig);
        let probe = |rig: &Rig| {
            // It may go to sleep at any moment.
            let _ = Rig::talk(&mut kept, "quick");
            if rig.phase() == "awake" {
                let _ = Rig::talk(&mut connect_from("127.98.9.8", rig), "quick");
            }
        };
        assert!(sleeps_while(&mut rig, Duration::from_secs(30), probe), "{}", rig.told());
        assert_eq!(rig.exit().0, 0);
    }
}

#[test]
fn others_than_the_ignored_peers_keep_it_awake() {
    let mut rig = Rig::ready("127.98.2.3", &patient(&["--ignore-peer", "127.98.9.0/24"]));
    let short = |rig: &Rig| drop(Rig::talk(&mut connect_from("127.98.8.1", rig), "quick"));
    assert!(!sleeps_while(&mut rig, Duration::from_secs(6), short), "{}", rig.told());
    rig.wait_for_path(&["awake"]);
}

#[test]
fn an_app_that_computes_is_in_use_and_may_be_told_not_to_be() {
    let rig = Rig::ready("127.98.3.1", &with(&["--busy-cpu", "1"]));
    let off = Rig::ready("127.98.3.2", &with(&["--busy-cpu", "0"]));
    for rig in [&rig, &off] {
        let mut client = rig.connect(9050).expect("connected");
        assert_eq!(Rig::talk(&mut client, "burn").expect("answered"), "answer");
    }
    rig.wait_for("busy", |rig| rig.health().is_some_and(|health| health.why.contains("% of a core")));
    assert_eq!((rig.exit().0, off.exit().0), (0, 0));
}

#[test]
fn a_job_without_a_port_is_awake_while_it_computes() {
    let options = with(&["--app-port", "none", "--busy-cpu", "1%"]);
    let rig = Rig::start("127.98.3.3", &options, &App::Script("timeout 4 sh -c 'while :; do :; done'; exec sleep 60"));
    rig.wait_for("awake", |rig| rig.phase() == "awake");
    rig.wait_for("busy", |rig| rig.health().is_some_and(|health| health.why.contains("% of a core")));
    assert_eq!(rig.exit().0, 0);
}

#[test]
fn ipv6_and_v4_mapped_clients_keep_it_awake() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: no IPv6 here");
        return;
    }
    // Ports of their own: it listens on every address.
    for (client, address, port) in [("[::1]:9153", "127.98.4.1", 9153), ("127.98.4.9:9154", "127.98.4.2", 9154)] {
        let number = port.to_string();
        let options = [&PATIENT[..], &["--app-port", &number]].concat();
        let mut rig = Rig::start(address, &options, &App::Everywhere(port));
        rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
        let to: SocketAddr = client.parse().expect("address");
        let mut kept = TcpStream::connect(to).expect("connected");
        let short = |_: &Rig| drop(Rig::talk(&mut kept, "quick").expect("answered"));
        assert!(!sleeps_while(&mut rig, Duration::from_secs(6), short), "{}", rig.told());
        let peer = kept.local_addr().expect("address").to_string();
        assert!(rig.health().is_some_and(|health| health.why.contains(&peer)), "{:?}", rig.health());
        drop(kept);
        assert_eq!(rig.exit().0, 0);
    }
}

#[test]
fn in_a_shared_network_only_the_apps_own_sockets_are_judged() {
    let others = std::net::TcpListener::bind("127.98.6.9:9155").expect("others listen");
    let shared = with(&["--app-port", "9155", "--network", "shared"]);
    let unready = Rig::start("127.98.6.1", &shared, &App::Beside(9156));
    let mut rig = Rig::start("127.98.6.2", &shared, &App::Beside(9155));
    rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
    let mut kept = Vec::new();
    let theirs = |_: &Rig| {
        let client = TcpStream::connect("127.98.6.9:9155").expect("connected");
        let (accepted, _) = others.accept().expect("accepted");
        if kept.len() < 5 {
            kept.push((client, accepted));
        }
    };
    assert!(sleeps_while(&mut rig, Duration::from_secs(30), theirs), "{}", rig.told());
    assert_eq!(unready.phase(), "starting", "another's listener is not the app's");

    let patient = patient(&["--app-port", "9156", "--network", "shared"]);
    let mut rig = Rig::start("127.98.6.3", &patient, &App::Beside(9156));
    rig.wait_for("ready", |rig| rig.health().is_some_and(|health| health.ready));
    let own = |_: &Rig| drop(Rig::talk(&mut TcpStream::connect("127.98.6.3:9156").expect("connected"), "quick"));
    assert!(!sleeps_while(&mut rig, Duration::from_secs(6), own), "{}", rig.told());
    rig.wait_for_path(&["awake"]);
    assert_eq!(rig.exit().0, 0);
}

/// Not a test by itself: what happens in a network of its own.
#[test]
fn in_a_network_of_its_own() {
    if std::env::var("OWN_NETWORK").is_err() {
        return;
    }
    run("ip", "link set lo up");
    let options = with(&["--peer-gone", "2s", "--drain-timeout", "5s"]);
    let mut rig = Rig::ready("127.98.5.1", &options);
    let mut client = rig.connect(9050).expect("connected");
    client.write_all(b"ping\n").expect("asked");
    assert!(!sleeps_while(&mut rig, Duration::from_secs(3), |_| ()), "{}", rig.told());
    let port = client.local_addr().expect("address").port();
    run("nft", "add table ip cut");
    run("nft", "add chain ip cut in { type filter hook input priority 0 ; }");
    run("nft", &format!("add rule ip cut in tcp sport {port} drop"));
    run("nft", &format!("add rule ip cut in tcp dport {port} drop"));
    let (code, rig) = rig.exit();
    assert_eq!(code, 0, "{}", rig.told());
    println!("put to sleep");
}

fn run(program: &str, arguments: &str) {
    let status = Command::new(program).args(arguments.split(' ')).status();
    assert!(status.is_ok_and(|status| status.success()), "{program} {arguments}");
}

#[test]
fn a_stream_whose_peer_has_vanished_does_not_keep_it_awake() {
    let there = Command::new("unshare").args(["--net", "nft", "add", "table", "ip", "cut"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network namespace can be made here, or it has no nftables");
        return;
    }
    let own = std::env::current_exe().expect("this binary");
    let mut command = Command::new("unshare");
    command.arg("--net").arg(own).args(["--exact", "evidence::in_a_network_of_its_own", "--nocapture"]);
    let output = command.env("OWN_NETWORK", "1").output().expect("run");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("put to sleep"), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}
