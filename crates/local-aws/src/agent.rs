//! The `instance-agent` of one host, as systemd would keep it there: started again a second after it ended, whatever
//! the reason, until it is stopped.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

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

/// What an agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Stop,
    Kill,
    Freeze,
    Thaw,
}

/// A host's agent. Dropping it kills it.
#[derive(Debug)]
pub struct Agent {
    orders: UnboundedSender<Order>,
    work: JoinHandle<()>,
}

impl Agent {
    /// Starts it. What it prints, and that it ended, is said as [`Happened::Line`].
    #[must_use]
    pub fn start(spec: AgentSpec, events: UnboundedSender<Happened>) -> Agent {
        let (orders, told) = unbounded_channel();
        Agent { orders, work: tokio::spawn(keep(spec, events, told)) }
    }

    /// Kills it (`SIGKILL`); it is started again as after any other end.
    pub fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
    }

    /// Stops it in its tracks (`SIGSTOP`).
    pub fn freeze(&self) {
        let _ = self.orders.send(Order::Freeze);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        let _ = self.orders.send(Order::Thaw);
    }

    /// Stops it: `SIGTERM`, two seconds, `SIGKILL`. It has ended when this returns.
    pub async fn stop(mut self) {
        let _ = self.orders.send(Order::Stop);
        let _ = (&mut self.work).await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Starts the agent again and again until it is stopped.
async fn keep(spec: AgentSpec, events: UnboundedSender<Happened>, mut told: UnboundedReceiver<Order>) {
    let words = [spec.program.to_string_lossy().into_owned()];
    // A frozen host starts nothing either.
    let mut frozen = false;
    loop {
        let end = match Child::start(&words, &spec.environment, &spec.instance_id, &events) {
            Ok(child) => match until_ended(child, &mut frozen, &mut told).await {
                Some(code) => format!("the agent ended with code {code}"),
                None => return,
            },
            Err(error) => format!("cannot start the agent {}: {error}", spec.program.display()),
        };
        tracing::warn!(instance_id = spec.instance_id, end, "the agent is started again");
        let _ = events.send(Happened::Line { subject: spec.instance_id.clone(), line: end });
        let again = Instant::now() + RESTART;
        while frozen || Instant::now() < again {
            let order = if frozen { Ok(told.recv().await) } else { timeout_at(again, told.recv()).await };
            match order {
                Ok(Some(Order::Stop) | None) => return,
                Ok(Some(Order::Freeze)) => frozen = true,
                Ok(Some(Order::Thaw)) => frozen = false,
                Ok(Some(Order::Kill)) | Err(_) => {}
            }
        }
    }
}

/// One life of the agent; its exit code, or none when it was stopped.
async fn until_ended(mut child: Child, frozen: &mut bool, told: &mut UnboundedReceiver<Order>) -> Option<i64> {
    loop {
        let order = tokio::select! {
            code = child.ended() => return Some(code),
            order = told.recv() => order,
        };
        match order {
            Some(Order::Stop) | None => {
                stop(child).await;
                return None;
            }
            Some(Order::Kill) => child.kill(),
            Some(Order::Freeze) => {
                child.freeze();
                *frozen = true;
            }
            Some(Order::Thaw) => {
                child.thaw();
                *frozen = false;
            }
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
