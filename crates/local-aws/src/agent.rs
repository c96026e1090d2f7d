//! The `instance-agent` of one host, as systemd would keep it there: started again a second after it ended, whatever
//! the reason, until it is stopped.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::host::{INTROSPECTION_PORT, METADATA_PORT};
use crate::runtime::Happened;
use crate::runtime::child::Child;

/// From its end to its next start.
const RESTART: Duration = Duration::from_secs(1);

/// From `SIGTERM` to `SIGKILL`.
const GRACE: Duration = Duration::from_secs(2);

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSpec {
    /// The host; its lines are said as this one's.
    pub instance_id: String,
    /// The program.
    pub program: PathBuf,
    /// Its whole environment, but for `PATH`; see [`environment`].
    pub environment: Vec<(String, String)>,
}

/// What an agent on the host at `address` needs to know: its own endpoints, where AWS is, and the access key id by which
/// it is known there. `more` is added last and wins.
#[must_use]
pub fn environment(
    address: Ipv4Addr,
    endpoint_url: &str,
    region: &str,
    access_key_id: &str,
    more: &[(String, String)],
) -> Vec<(String, String)> {
    let own = [
        ("AGENT_INTROSPECTION", format!("http://{address}:{INTROSPECTION_PORT}")),
        ("AGENT_ADMIN_LISTEN", format!("{address}:9071")),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://{address}:{METADATA_PORT}")),
        ("AWS_ENDPOINT_URL", endpoint_url.to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_ACCESS_KEY_ID", access_key_id.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
    ];
    own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(more.iter().cloned()).collect()
}

/// A host's agent. Dropping it kills it.
#[derive(Debug)]
pub struct Agent {
    stop: Option<oneshot::Sender<()>>,
    work: JoinHandle<()>,
}

impl Agent {
    /// Starts it. What it prints, and that it ended, is said as [`Happened::Line`].
    #[must_use]
    pub fn start(spec: AgentSpec, events: UnboundedSender<Happened>) -> Agent {
        let (stop, stopped) = oneshot::channel();
        Agent { stop: Some(stop), work: tokio::spawn(keep(spec, events, stopped)) }
    }

    /// Stops it: `SIGTERM`, two seconds, `SIGKILL`. It has ended when this returns.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.work).await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Starts the agent again and again until it is stopped.
async fn keep(spec: AgentSpec, events: UnboundedSender<Happened>, mut stopped: oneshot::Receiver<()>) {
    let words = [spec.program.to_string_lossy().into_owned()];
    loop {
        let end = match Child::start(&words, &spec.environment, &spec.instance_id, &events) {
            Ok(mut child) => tokio::select! {
                code = child.ended() => format!("the agent ended with code {code}"),
                _ = &mut stopped => return stop(child).await,
            },
            Err(error) => format!("cannot start the agent {}: {error}", spec.program.display()),
        };
        tracing::warn!(instance_id = spec.instance_id, end, "the agent is started again");
        let _ = events.send(Happened::Line { subject: spec.instance_id.clone(), line: end });
        tokio::select! {
            () = sleep(RESTART) => {}
            _ = &mut stopped => return,
        }
    }
}

async fn stop(mut child: Child) {
    child.terminate();
    if timeout(GRACE, child.ended()).await.is_err() {
        child.kill();
        child.ended().await;
    }
}

#[cfg(test)]
mod tests;
