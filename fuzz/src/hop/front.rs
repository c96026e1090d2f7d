//! The proxy's settings, and how a head is asked of it.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use daemon::moment::Clock;
use http1::framing::said;
use http1::request::Request;
use proxy_sidecar::forward::asked::{Asked, Head, ask};
use proxy_sidecar::forward::{Forward, Peer, UpstreamProtocol};
use proxy_sidecar::reply::Reason;
use proxy_sidecar::service::{Limits, Service};
use proxy_sidecar::stage::Stage;
use proxy_sidecar::upstream::Dialling;
use tokio::sync::watch;

/// Small, so that they are met.
pub(super) const LIMITS: http1::Limits = http1::Limits { bytes: 1024, fields: 16 };

/// The service for every host.
pub(super) const SERVICE: &str = "demo";

/// The address requests come from.
pub(super) const PEER: &str = "192.0.2.7";

/// One that says all it can of a request's way, and one that says no more than it must.
pub(super) static FRONTS: LazyLock<[Forward; 2]> = LazyLock::new(|| [forward(true), forward(false)]);

fn forward(forwarded: bool) -> Forward {
    let second = Duration::from_secs(1);
    let limits = Limits { hold_max: 1, hold_timeout: second, start_grace: second, max_tasks: 1, wakes: false };
    let name = SERVICE.parse().expect("a name");
    Forward {
        services: Vec::new(),
        default_service: Some(Service::new(name, limits, false, Clock::start())),
        hold_timeout: second,
        limits: LIMITS,
        response_timeout: None,
        dialling: Dialling { connect: second, idle: second },
        upstream: UpstreamProtocol::Http1,
        upgrades: vec!["websocket".to_owned()],
        forwarded,
        redirect_to: None,
        hsts: None,
        counts: Arc::default(),
        stage: watch::channel(Stage::Open).1,
    }
}

/// A request from one whose word about earlier hops is taken, or not.
pub(super) fn asked(forward: &Forward, trusted: bool, request: &Request<'_, '_>) -> Result<Asked, Reason> {
    let address = SocketAddr::new(PEER.parse().expect("an address"), 1);
    let peer = Peer { address, text: PEER.to_owned(), trusted, secure: false };
    let head = Head {
        method: request.method,
        target: request.target,
        authority: None,
        spoken: request.version.into(),
        said: said(request.version, request.fields),
        protocol: None,
        fields: request.fields,
    };
    ask(forward, &peer, &head)
}
