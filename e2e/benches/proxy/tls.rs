//! The load with TLS: threads that each have one connection at a time, all with the same version and suite.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};
use serde::{Deserialize, Serialize};

use crate::origin::{LARGE, TINY};
use crate::park::get;

const THREADS: usize = 4;

/// The name in the certificate.
pub(crate) const NAME: &str = "bench";

#[derive(Deserialize, Serialize)]
pub(crate) struct Plan {
    pub(crate) at: SocketAddr,
    pub(crate) certificate: PathBuf,
    pub(crate) what: What,
    pub(crate) millis: u64,
}

/// What each thread does again and again.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum What {
    /// A connection with a full handshake and one tiny request.
    Full,
    /// The same with a handshake that resumes a session.
    Resumed,
    /// A large answer on a kept connection.
    Bulk,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) times: u64,
    pub(crate) bytes: u64,
}

/// Fails where anything does.
pub(crate) fn run(plan: &Plan) -> Report {
    let end = Instant::now() + Duration::from_millis(plan.millis);
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| one(plan, end))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a load without a fault")).collect()
    });
    Report {
        times: reports.iter().map(|report| report.times).sum(),
        bytes: reports.iter().map(|report| report.bytes).sum(),
    }
}

fn one(plan: &Plan, end: Instant) -> Report {
    let config = Arc::new(config(&plan.certificate, plan.what));
    let mut report = Report { times: 0, bytes: 0 };
    let mut kept = connect(plan.at, &config);
    get(&mut kept, TINY.0);
    while Instant::now() < end {
        let (path, length) = match plan.what {
            What::Bulk => LARGE,
            What::Full | What::Resumed => {
                kept = connect(plan.at, &config);
                TINY
            }
        };
        assert_eq!(get(&mut kept, path).len(), length, "the answer's length");
        let wanted = if plan.what == What::Resumed { HandshakeKind::Resumed } else { HandshakeKind::Full };
        assert_eq!(kept.conn.handshake_kind(), Some(wanted), "the handshake");
        report.times += 1;
        report.bytes += length as u64;
    }
    report
}

fn connect(at: SocketAddr, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
    let stream = TcpStream::connect(at).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let name = ServerName::try_from(NAME).expect("a name");
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a session"), stream)
}

fn config(certificate: &Path, what: What) -> ClientConfig {
    let mut provider: CryptoProvider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| *suite == aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256);
    provider.kx_groups.retain(|group| group.name() == rustls::NamedGroup::X25519);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).expect("a certificate")).expect("a certificate");
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("TLS 1.3");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.resumption = match what {
        What::Full | What::Bulk => Resumption::disabled(),
        What::Resumed => Resumption::in_memory_sessions(64),
    };
    config
}
