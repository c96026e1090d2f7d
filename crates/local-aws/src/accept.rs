//! Accepts connections for every server of this program: so many are served at once, the next one waits in the kernel.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// After an accept failed (no file descriptor left, or a caller that has gone already), before the next.
const BREATH: Duration = Duration::from_millis(100);

/// Gives each connection to `serve`, at most `most` at once. Dropped, it ends them all.
pub(crate) async fn accept<S, F>(listener: TcpListener, most: usize, serve: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let served = serve(stream);
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, at = ?listener.local_addr().ok(), "cannot accept a connection");
                sleep(BREATH).await;
            }
        }
    }
}
