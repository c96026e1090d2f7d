//! The same promises, kept by real processes and, where there is a Docker, by real containers.

mod docker;
mod process;
mod simulated;

use std::future::Future;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;

/// Far longer than anything here takes: reaching it is a failure, not a matter of speed.
const LIMIT: Duration = Duration::from_secs(60);

async fn within<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"))
}

/// A runtime and what happens in it.
struct World {
    runtime: Runtime,
    events: UnboundedReceiver<Happened>,
    lines: Vec<String>,
}

impl World {
    async fn new(settings: RuntimeSettings) -> World {
        let (sender, events) = unbounded_channel();
        let runtime = Runtime::new(settings, sender).await.expect("a runtime");
        World { runtime, events, lines: Vec::new() }
    }

    /// The next event that is no line; lines are kept.
    async fn next(&mut self) -> Happened {
        loop {
            match within("an event", self.events.recv()).await.expect("the runtime lives") {
                Happened::Line { line, .. } => self.lines.push(line),
                other @ (Happened::Started { .. }
                | Happened::Exited { .. }
                | Happened::Failed { .. }
                | Happened::Impossible { .. }) => return other,
            }
        }
    }

    /// Waits for a line that starts so, and gives its rest.
    async fn line(&mut self, start: &str) -> String {
        loop {
            if let Some(at) = self.lines.iter().position(|line| line.starts_with(start)) {
                return self.lines.remove(at)[start.len()..].to_owned();
            }
            match within(start, self.events.recv()).await.expect("the runtime lives") {
                Happened::Line { line, .. } => self.lines.push(line),
                other @ (Happened::Started { .. }
                | Happened::Exited { .. }
                | Happened::Failed { .. }
                | Happened::Impossible { .. }) => {
                    panic!("{other:?} before the line {start:?}")
                }
            }
        }
    }

    async fn started(&mut self) -> (Ipv4Addr, Vec<(String, String)>) {
        let event = self.next().await;
        let Happened::Started { address, docker_ids, .. } = event.clone() else {
            panic!("{event:?} instead of the start")
        };
        (address, docker_ids)
    }

    async fn exited(&mut self) -> (String, i64) {
        let event = self.next().await;
        let Happened::Exited { container, code, .. } = event.clone() else { panic!("{event:?} instead of an end") };
        (container, code)
    }

    async fn failed(&mut self) -> String {
        let event = self.next().await;
        let Happened::Failed { reason, .. } = event.clone() else { panic!("{event:?} instead of a failure") };
        reason
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A container that runs a shell script.
fn shell(name: &str, image: &str, script: &str) -> ContainerSpec {
    let hex = uuid::Uuid::new_v4().simple().to_string();
    ContainerSpec {
        docker_id: format!("{hex}{hex}"),
        docker_name: docker_name("sample", 1, name, &hex),
        name: name.to_owned(),
        image: image.to_owned(),
        entry_point: words(&["/bin/sh", "-c"]),
        command: words(&[script]),
        environment: Vec::new(),
        essential: true,
        stop_timeout: Duration::from_secs(30),
        ports: Vec::new(),
        labels: ecs_labels("arn:sample", name, "sample", 1, "c1"),
    }
}

fn task(id: &str, containers: Vec<ContainerSpec>) -> TaskSpec {
    TaskSpec {
        arn: format!("arn:aws:ecs:eu-west-1:000000000000:task/c1/{id}"),
        id: id.to_owned(),
        family: "sample".to_owned(),
        address: Ipv4Addr::new(127, 42, 1, 10),
        containers,
    }
}
