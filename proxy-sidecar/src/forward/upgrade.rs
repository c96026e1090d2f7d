//! Tunnels: a WebSocket after its 101.
//!
//! Bytes that either side sent early are in hyper's buffers and go first. A tunnel counts as in flight until it ends,
//! by either side or when the proxy stops.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::sync::watch;

use crate::listen::Stage;
use crate::service::Ticket;

/// Joins the two sides once both have switched; in a task of its own, for the 101 has yet to be written.
pub fn join(caller: OnUpgrade, backend: OnUpgrade, ticket: Ticket, mut stage: watch::Receiver<Stage>) {
    tokio::spawn(async move {
        let tunnel = async {
            let (caller, backend) = match tokio::try_join!(caller, backend) {
                Ok(both) => both,
                Err(error) => {
                    tracing::debug!(error = %daemon::exit::chain(&error), "tunnel not opened");
                    return;
                }
            };
            let (mut caller, mut backend) = (TokioIo::new(caller), TokioIo::new(backend));
            // How it ended is the two sides' own affair.
            if let Err(error) = copy_bidirectional(&mut caller, &mut backend).await {
                tracing::debug!(%error, "tunnel broke");
            }
        };
        tokio::select! {
            () = tunnel => (),
            _ = stage.wait_for(|stage| *stage == Stage::Stop) => (),
        }
        drop(ticket);
    });
}
