//! Against the real kernel, on loopback addresses of their own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::*;
use crate::decide::look::Answer;

fn app(address: &str) -> (TcpListener, Sockets, SocketAddr) {
    let listener = TcpListener::bind((address, 0)).expect("listen");
    let at = listener.local_addr().expect("address");
    let sockets = Sockets::open(of(at.port(), Some(at.ip())));
    (listener, sockets, at)
}

fn of(port: u16, address: Option<IpAddr>) -> Whose {
    Whose { ports: vec![port], address, network_is_shared: false }
}

/// Looks until it shows what is expected; the kernel's own work is not always done when a call returns.
fn seen(sockets: &mut Sockets, what: &str, mut expected: impl FnMut(&Look) -> bool) -> Look {
    for _ in 0..2000 {
        let look = sockets.look(Scope::All).expect("look");
        if expected(&look) {
            return look;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("never seen: {what}; last: {:?}", sockets.look(Scope::All));
}

#[test]
fn a_listener_its_backlog_and_what_waits_to_be_accepted_are_seen() {
    let (listener, mut sockets, at) = app("127.91.0.1");
    let look = sockets.look(Scope::Listeners).expect("look");
    assert_eq!(look.listeners.len(), 1);
    assert!(look.is_empty() && look.listeners[0].backlog >= 1 && look.connections.is_empty());
    let _client = TcpStream::connect(at).expect("connect");
    let waiting = seen(&mut sockets, "one waits", |look| look.listeners[0].waiting == 1);
    assert!(!waiting.is_empty());
    let _accepted = listener.accept().expect("accept");
    seen(&mut sockets, "nobody waits", |look| look.listeners[0].waiting == 0 && look.connections.len() == 1);
}

#[test]
fn only_the_apps_own_address_and_port_are_judged() {
    let (_listener, mut sockets, at) = app("127.91.0.2");
    let elsewhere = TcpListener::bind(("127.91.0.3", at.port())).expect("listen");
    let _client = TcpStream::connect(elsewhere.local_addr().expect("address")).expect("connect");
    let _accepted = elsewhere.accept().expect("accept");
    let look = sockets.look(Scope::All).expect("look");
    assert!(look.is_empty() && look.listeners.len() == 1);
    let mut any = Sockets::open(of(at.port(), None));
    assert_eq!(any.look(Scope::All).expect("look").listeners.len(), 2);
}

#[test]
fn an_ipv4_peer_of_an_ipv6_listener_is_seen_as_itself() {
    let Ok(listener) = TcpListener::bind("[::]:0") else {
        eprintln!("skipped: no IPv6 here");
        return;
    };
    let port = listener.local_addr().expect("address").port();
    let client = TcpStream::connect(("127.91.0.4", port)).expect("connect");
    let _accepted = listener.accept().expect("accept");
    let mut sockets = Sockets::open(of(port, Some("127.91.0.4".parse().expect("address"))));
    let look = seen(&mut sockets, "the connection", |look| look.connections.len() == 1);
    assert_eq!(look.connections[0].peer, client.local_addr().expect("address"));
}

#[test]
fn asked_answered_unread_and_closed_are_told_apart() {
    let (listener, mut sockets, at) = app("127.91.0.5");
    let mut client = TcpStream::connect(at).expect("connect");
    let (mut accepted, _) = listener.accept().expect("accept");
    let data = |look: &Look| match look.connections.first().map(|connection| connection.traffic) {
        Some(Traffic::Known(data)) => Some(data),
        Some(Traffic::Unknown | Traffic::Over { .. }) | None => None,
    };
    let fresh = seen(&mut sockets, "the connection", |look| data(look).is_some());
    assert_eq!(data(&fresh).expect("data").answer(), Answer::Given, "nothing was asked");
    // Ticks of the kernel's clock apart, so that it can tell.
    std::thread::sleep(Duration::from_millis(30));
    client.write_all(b"ask").expect("write");
    let unread = seen(&mut sockets, "unread bytes", |look| data(look).is_some_and(|data| data.unread == 3));
    assert_eq!(data(&unread).expect("data").answer(), Answer::Owed);
    accepted.read_exact(&mut [0; 3]).expect("read");
    let asked = seen(&mut sockets, "bytes read", |look| data(look).is_some_and(|data| data.unread == 0));
    assert_eq!(data(&asked).expect("data").answer(), Answer::Owed);
    std::thread::sleep(Duration::from_millis(30));
    accepted.write_all(b"answer").expect("write");
    seen(&mut sockets, "answered", |look| data(look).is_some_and(|data| data.answer() == Answer::Given));
    client.shutdown(Shutdown::Write).expect("half-close");
    let half = seen(&mut sockets, "half-closed", |look| data(look).is_some());
    assert_eq!(data(&half).expect("data").answer(), Answer::Given, "a FIN is no question");
    drop(accepted);
    drop(client);
    seen(&mut sockets, "nobody", Look::is_empty);
}

#[test]
fn a_look_at_too_many_sockets_does_not_spoil_the_next_one() {
    let (listener, mut sockets, at) = app("127.91.0.9");
    let pairs: Vec<_> = (0..300)
        .map(|_| {
            let client = TcpStream::connect(at).expect("connect");
            (client, listener.accept().expect("accept"))
        })
        .collect();
    sockets.diag.as_mut().expect("sock_diag").most = 10;
    assert!(matches!(sockets.look(Scope::All), Err(NoLook::TooMany)));
    sockets.diag.as_mut().expect("sock_diag").most = MOST_SOCKETS;
    assert_eq!(sockets.look(Scope::All).expect("look").connections.len(), pairs.len());
}

#[test]
fn without_sock_diag_the_table_shows_the_same_but_for_the_data() {
    let (listener, mut sockets, at) = app("127.91.0.10");
    let client = TcpStream::connect(at).expect("connect");
    let waiting = seen(&mut sockets, "one waits", |look| look.listeners[0].waiting == 1);
    sockets.diag = None;
    let table = sockets.look(Scope::All).expect("look");
    // It does not tell the backlog.
    assert_eq!((table.listeners.len(), table.listeners[0].waiting), (1, 1));
    let unknown: Vec<_> = waiting.connections.iter().map(|c| Connection { traffic: Traffic::Unknown, ..*c }).collect();
    assert_eq!(table.connections, unknown);
    let (accepted, _) = listener.accept().expect("accept");
    drop(accepted);
    drop(client);
    let ended = seen(&mut sockets, "one in TIME_WAIT", |look| look.ended.len() == 1);
    assert!(ended.is_empty() && ended.ended[0].ago < Duration::from_secs(50), "{ended:?}");
}

#[test]
fn the_end_of_a_connection_is_told_with_its_peer_and_when_it_last_moved_data() {
    let (listener, mut sockets, at) = app("127.91.0.11");
    sockets.look(Scope::All).expect("look");
    // Another port is of no interest.
    let elsewhere = TcpListener::bind("127.91.0.11:0").expect("listen");
    for listener in [&listener, &elsewhere] {
        let mut client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        let (mut accepted, _) = listener.accept().expect("accept");
        client.write_all(b"ask").expect("write");
        accepted.read_exact(&mut [0; 3]).expect("read");
        let peer = client.local_addr().expect("address");
        drop(client);
        assert_eq!(accepted.read(&mut [0; 3]).expect("the end"), 0);
        drop(accepted);
        if listener.local_addr().expect("address") == at {
            let mut told = Vec::new();
            seen(&mut sockets, "its end", |look| {
                told.extend(look.closed.clone().expect("told"));
                !told.is_empty()
            });
            let Traffic::Known(data) = told[0].traffic else { panic!("{told:?}") };
            assert_eq!((told.len(), told[0].peer, told[0].port), (1, peer, at.port()));
            assert!(data.ever_received && data.quiet_for() < Duration::from_secs(30), "{data:?}");
        }
    }
    for _ in 0..50 {
        assert_eq!(sockets.look(Scope::All).expect("look").closed, Some(vec![]));
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn more_ends_than_the_kernel_keeps_are_not_told_as_none_and_it_tells_again_later() {
    let (listener, mut sockets, at) = app("127.91.0.12");
    // How soon the kernel tells is its own affair: until so many wait that some are lost.
    let lost = (0..50).any(|_| {
        for _ in 0..400 {
            let client = TcpStream::connect(at).expect("connect");
            drop((client, listener.accept().expect("accept")));
        }
        sockets.look(Scope::All).expect("look").closed.is_none()
    });
    assert!(lost);
    seen(&mut sockets, "it tells again", |look| look.closed.is_some());
}
