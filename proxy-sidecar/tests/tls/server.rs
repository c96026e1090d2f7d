//! An encrypted port that says back what it is told.

use std::net::SocketAddr;

use proxy_sidecar::tls::Tls;
use tokio::io::{copy, split};
use tokio::net::TcpListener;

/// Accepts with the newest certificates until the test ends.
pub(crate) async fn serve(tls: &Tls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let tls = tls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = tls.acceptor();
            tokio::spawn(async move {
                // Callers that are refused learn it on their side.
                if let Ok(stream) = acceptor.accept(stream).await {
                    let (mut read, mut write) = split(stream);
                    let _ = copy(&mut read, &mut write).await;
                }
            });
        }
    });
    address
}
