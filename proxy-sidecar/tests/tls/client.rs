//! A caller by rustls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proxy_sidecar::tls::PROTOCOLS;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates::{Authority, Leaf};

/// Nothing here takes this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) static BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// Knows one authority, and keeps its sessions.
#[derive(Clone)]
pub(crate) struct Client(pub(crate) Arc<ClientConfig>);

impl Client {
    pub(crate) fn new(authority: &Authority) -> Client {
        Client::with(authority, BOTH, None)
    }

    pub(crate) fn with(
        authority: &Authority,
        versions: &[&'static SupportedProtocolVersion],
        own: Option<&Leaf>,
    ) -> Client {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(authority.roots());
        let mut config = match own {
            Some(leaf) => {
                builder.with_client_auth_cert(vec![leaf.certificate.clone()], leaf.key()).expect("a certificate")
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Client(Arc::new(config))
    }

    /// Connects, and says something, so that a refusal that comes after the handshake (TLS 1.3) is met too.
    pub(crate) async fn call(&self, address: SocketAddr, name: &str) -> io::Result<Call> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connecting = TlsConnector::from(Arc::clone(&self.0)).connect(name, stream);
        let mut call = Call(timeout(LIMIT, connecting).await.expect("connected in time")?);
        call.say("hello").await?;
        Ok(call)
    }
}

/// A connection.
pub(crate) struct Call(pub(crate) TlsStream<TcpStream>);

impl Call {
    /// Says something and hears it back.
    pub(crate) async fn say(&mut self, text: &str) -> io::Result<()> {
        let said = async {
            self.0.write_all(text.as_bytes()).await?;
            let mut heard = vec![0; text.len()];
            self.0.read_exact(&mut heard).await?;
            assert_eq!(heard, text.as_bytes());
            Ok(())
        };
        timeout(LIMIT, said).await.expect("answered in time")
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        let shown = self.0.get_ref().1.peer_certificates().expect("shown");
        shown[0].clone()
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.0.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    pub(crate) fn version(&self) -> Option<ProtocolVersion> {
        self.0.get_ref().1.protocol_version()
    }

    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        self.0.get_ref().1.alpn_protocol()
    }
}
