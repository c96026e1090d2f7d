//! Finding backends by name, and services by host (decision 5, rules X1 and X2).

use std::net::Ipv4Addr;

use task_state::State;

use crate::dns::Dns;
use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;
use crate::wire::{Origin, Wire};

/// A record type.
const A: u16 = 1;

fn resident(dns: &Dns, backend_port: u16, status_port: u16, arguments: &[&str]) -> Proxy {
    let (dns, backend, status) = (dns.at.to_string(), backend_port.to_string(), status_port.to_string());
    let own = ["--dns-server", &dns, "--backend-port", &backend, "--status-port", &status];
    Proxy::resident(&[&own[..], arguments].concat())
}

fn ask(proxy: &Proxy, host: &str) -> Wire {
    let mut caller = proxy.connect();
    caller.send(&format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    caller
}

#[test]
fn a_service_that_is_up_is_found_by_its_name_and_absence_from_a_later_answer_removes_nothing() {
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Awake { ready: true }));
    let dns = Dns::start(1);
    dns.knows(&[Ipv4Addr::LOCALHOST]);
    let proxy = resident(&dns, origin.at.port(), supervisor.at.port(), &[]);
    proxy.until_phase("awake");
    origin.answer_all("found");
    assert_eq!(proxy.get("/"), (200, "found".to_owned()));
    dns.knows(&[]);
    let asked = dns.questions().len();
    until("a question by the TTL", || (dns.questions().len() > asked).then_some(()));
    assert_eq!(proxy.get("/"), (200, "found".to_owned()));
    // One name, with its dot, and A alone: nothing of a search list, no AAAA.
    assert!(dns.questions().iter().all(|(name, kind)| (name.as_str(), *kind) == ("demo.service.local", A)));
}

#[test]
fn a_zone_that_remembers_missing_names_for_long_is_warned_of() {
    let dns = Dns::start(300);
    let proxy = resident(&dns, 9, 9, &[]);
    let line = proxy.until_log("zone remembers missing names for long, set its SOA TTL to 1");
    assert_eq!(line["seconds"], 300);
}

#[test]
fn the_name_of_a_sleeping_service_is_not_asked_for_again_unless_a_request_has_no_other_hope() {
    let dns = Dns::start(1);
    let (origin, supervisor) = (Origin::start(), Supervisor::start("demo", State::Awake { ready: true }));
    let proxy = resident(&dns, origin.at.port(), supervisor.at.port(), &[]);
    until("the start's question", || (!dns.questions().is_empty()).then_some(()));
    let mut caller = ask(&proxy, "demo");
    proxy.until_status("one held", |status| status["held"] == 1);
    // This proxy has no AWS access: DNS alone can tell that somebody woke the service.
    let asked = dns.questions().len();
    until("another question", || (dns.questions().len() > asked).then_some(()));
    dns.knows(&[Ipv4Addr::LOCALHOST]);
    origin.answer_all("awake");
    assert_eq!(caller.read_answer(), (200, "awake".to_owned()));
}

#[test]
fn the_first_label_of_the_host_picks_the_service_and_an_unknown_one_is_a_404() {
    let dns = Dns::start(1);
    let arguments = ["--services", "shop", "--services", "blog", "--hold-timeout", "100ms"];
    let proxy = resident(&dns, 9, 9, &arguments);
    for (host, code, reason) in [
        ("shop.example.org", 503, "hold_timeout"),
        ("BLOG:9060", 503, "hold_timeout"),
        ("other.example.org", 404, "no_such_service"),
        ("example.shop", 404, "no_such_service"),
    ] {
        let (status, body) = ask(&proxy, host).read_answer();
        assert_eq!(status, code, "{host}");
        assert!(body.contains(reason), "{host}: {body}");
    }
}
