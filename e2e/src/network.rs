//! A /16 of 127.0.0.0/8 for each world: every address of it can be bound without any set-up, so each host and task has
//! its own address with the real ports, and two worlds never meet.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A /16 that is ours as long as this value lives.
#[derive(Debug)]
pub struct Network {
    second: u8,
    _claim: TcpListener,
}

impl Network {
    /// Finds a /16 that nobody else has claimed.
    ///
    /// # Panics
    /// When all are taken.
    #[must_use]
    pub fn claim() -> Self {
        let start = std::process::id() % 150;
        (0..150)
            .map(|n| 64 + u8::try_from((start + n) % 150).expect("below 150"))
            .find_map(|second| {
                let claim = TcpListener::bind((Ipv4Addr::new(127, second, 255, 254), 4565)).ok()?;
                Some(Network { second, _claim: claim })
            })
            .expect("150 worlds at once are more than this machine has room for")
    }

    /// The /16 in the form that `local-aws --network` takes.
    #[must_use]
    pub fn cidr(&self) -> String {
        format!("127.{}.0.0/16", self.second)
    }

    /// An address of it that neither hosts nor tasks use.
    #[must_use]
    pub const fn own(&self, last: u8, port: u16) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, self.second, 0, last)), port)
    }
}
