//! `service-supervisor health`: the health check of the container, for images that have no shell and no `curl`.
//!
//! It asks 9051 and not the app, so it is no use of the app. A service that goes to sleep is not ill: only one that starts,
//! or whose app does not accept, is not healthy.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use daemon::settings::Stop;
use serde::Deserialize;

use crate::asking::answer::{Parsed, Wanted, parse as parse_answer};
use crate::config;
use crate::log;

/// The word that asks for it.
pub const WORD: &str = "health";

/// How long connecting, and each step after it, may take. Health checks of ECS have 5 s unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest answer that is read; usual ones have 1 KiB.
const LONGEST: usize = 64 * 1024;

/// What `/healthz` says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Told {
    state: State,
    ready: bool,
    why: String,
}

#[derive(Debug, Deserialize)]
struct State {
    phase: String,
}

/// Asks, prints one line, and gives the exit code: 0 for healthy, 1 for not.
#[must_use]
pub fn check(arguments: Vec<OsString>) -> u8 {
    let (healthy, line) = match config::listen(arguments) {
        Ok(listen) => match ask(near(listen)) {
            Ok(told) => verdict(&told),
            Err(why) => (false, format!("unhealthy: {} {why}", near(listen))),
        },
        Err(Stop::Told(text)) => (true, text),
        Err(Stop::Bad(text)) => (false, text),
    };
    log::say(std::io::stdout(), line.trim_end());
    u8::from(!healthy)
}

fn verdict(told: &Told) -> (bool, String) {
    let phase = told.state.phase.as_str();
    let healthy = match phase {
        "starting" | "awake" => told.ready,
        _ => true,
    };
    let word = if healthy { "healthy" } else { "unhealthy" };
    (healthy, format!("{word}: {phase}; {}", told.why))
}

/// Where the supervisor can be reached from its own container.
fn near(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        some @ (IpAddr::V4(_) | IpAddr::V6(_)) => some,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(at: SocketAddr) -> Result<Told, String> {
    let answer = exchange(at).map_err(|error| format!("does not answer: {error}"))?;
    match parse_answer(&answer, true, Wanted::Body(LONGEST)) {
        Parsed::Whole(answer) => serde_json::from_slice(&answer.body).map_err(|_| "is no supervisor".to_owned()),
        Parsed::More => Err("broke off".to_owned()),
        Parsed::Bad(why) => Err(format!("did not answer as a supervisor: {why}")),
    }
}

fn exchange(at: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST as u64).read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_starts_or_does_not_accept_is_unhealthy() {
        let healthy = |phase: &str, ready| {
            let told = Told { state: State { phase: phase.into() }, ready, why: "because".into() };
            verdict(&told).0
        };
        assert!(healthy("awake", true) && !healthy("awake", false));
        assert!(!healthy("starting", false) && healthy("starting", true));
        assert!(["draining", "stopping", "gone"].into_iter().all(|phase| healthy(phase, false)));
    }

    #[test]
    fn it_asks_where_the_supervisor_listens() {
        let at = |listen: &str| near(listen.parse().expect("address")).to_string();
        assert_eq!(at("0.0.0.0:9051"), "127.0.0.1:9051");
        assert_eq!(at("[::]:7"), "[::1]:7");
        assert_eq!(at("10.0.0.1:9051"), "10.0.0.1:9051");
    }
}
