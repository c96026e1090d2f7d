//! An origin of HTTP/2 by prior knowledge, whose streams the test answers.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::client::soon;
use crate::process::{Proxy, until};
use crate::supervisor::Supervisor;

type Stream = (Request<RecvStream>, SendResponse<Bytes>);

pub(crate) struct Http2Front {
    pub(crate) proxy: Proxy,
    streams: mpsc::UnboundedReceiver<Stream>,
    pub(crate) connections: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    _supervisor: Supervisor,
}

impl Http2Front {
    pub(crate) async fn start(arguments: &[&str]) -> Http2Front {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at: SocketAddr = listener.local_addr().expect("an address");
        let (say, streams) = mpsc::unbounded_channel();
        let connections = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let counted = std::sync::Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let say = say.clone();
                tokio::spawn(async move {
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok(stream)) = connection.accept().await {
                        if say.send(stream).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        let supervisor = Supervisor::start("demo", task_state::State::Awake { ready: true });
        let (at, port) = (at.to_string(), supervisor.port());
        let proxy = Proxy::resident(&[&["--backend", &at, "--status-port", &port], arguments].concat());
        until("a watch", || (supervisor.watchers() > 0).then_some(()));
        Http2Front { proxy, streams, connections, _supervisor: supervisor }
    }

    /// The next stream.
    pub(crate) async fn accept(&mut self) -> Stream {
        soon(self.streams.recv()).await.expect("a stream")
    }

    /// Whether nothing reached it.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.streams.try_recv().is_err()
    }
}
