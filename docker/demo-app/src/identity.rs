//! Who answers: which task, in which image, on which host name and in which process.
//!
//! The task is asked for once, in the background, so that the app is ready without it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::watch;

/// A metadata endpoint that does not answer is asked this often before the task stays unknown.
const ATTEMPTS: u32 = 5;
/// What one question to it may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer waits for the task to be known, in the first moments after the start.
const FIRST_MOMENTS: Duration = Duration::from_secs(1);

/// What ECS says about the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The task's ARN.
    pub arn: String,
    /// The task definition, `family:revision`.
    pub definition: String,
    /// The image of its first container.
    pub image: String,
}

impl Task {
    /// Reads the answer of `GET $ECS_CONTAINER_METADATA_URI_V4/task` (Amazon ECS developer guide, "Task metadata
    /// endpoint version 4"). None: it is not such an answer.
    #[must_use]
    pub fn from_metadata(answer: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Task {
            arn: text(&answer["TaskARN"])?,
            definition: format!("{}:{}", text(&answer["Family"])?, text(&answer["Revision"])?),
            image: text(&answer["Containers"][0]["Image"])?,
        })
    }
}

/// Whether the task is known.
#[derive(Clone, Debug)]
enum Found {
    NotYet,
    Nobody,
    Task(Task),
}

/// Who answers, for as long as the process lives.
#[derive(Debug)]
pub struct Identity {
    service: Option<String>,
    host_name: String,
    started: SystemTime,
    served: AtomicU64,
    found: watch::Receiver<Found>,
}

impl Identity {
    /// The identity of this process. Asks for the task in the background where there is somebody to ask.
    #[must_use]
    pub fn learn(service: Option<String>, metadata: Option<String>) -> Self {
        let (tell, found) = watch::channel(Found::NotYet);
        tokio::spawn(async move {
            let answer = match metadata {
                Some(uri) => ask(&uri).await,
                None => None,
            };
            // The only failure is that nobody is left to tell.
            let _ = tell.send(answer.map_or(Found::Nobody, Found::Task));
        });
        let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Identity {
            service,
            host_name: host_name.trim().to_owned(),
            started: SystemTime::now(),
            served: AtomicU64::new(0),
            found,
        }
    }

    /// Counts one more request.
    pub fn count(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    /// Who answers, as `/host` says it, on a connection that arrived at `address`. What is not known is null.
    pub async fn describe(&self, address: std::net::SocketAddr) -> Value {
        let mut found = self.found.clone();
        let waited = tokio::time::timeout(FIRST_MOMENTS, found.wait_for(|f| !matches!(f, Found::NotYet))).await;
        let task = match waited {
            Ok(Ok(known)) => match &*known {
                Found::Task(task) => Some(task.clone()),
                Found::NotYet | Found::Nobody => None,
            },
            Ok(Err(_)) | Err(_) => None,
        };
        json!({
            "service": self.service,
            "task": task.as_ref().map(|t| &t.arn),
            "task_definition": task.as_ref().map(|t| &t.definition),
            "image": task.as_ref().map(|t| &t.image),
            "version": env!("CARGO_PKG_VERSION"),
            "host_name": self.host_name,
            "address": address.to_string(),
            "pid": std::process::id(),
            "started": humantime::format_rfc3339_millis(self.started).to_string(),
            "requests_served": self.served.load(Ordering::Relaxed),
        })
    }
}

/// Asks the metadata endpoint, a few times.
async fn ask(uri: &str) -> Option<Task> {
    let client = reqwest::Client::new();
    for attempt in 1..=ATTEMPTS {
        let cause = match question(&client, uri).await {
            Ok(answer) => match Task::from_metadata(&answer) {
                Some(task) => {
                    tracing::info!(task = task.arn, definition = task.definition, "the task is known");
                    return Some(task);
                }
                None => "the answer lacks TaskARN, Family, Revision or an image".to_owned(),
            },
            Err(error) => daemon::exit::chain(&error),
        };
        tracing::debug!(attempt, cause, "the task metadata endpoint did not tell the task");
        tokio::time::sleep(Duration::from_millis(200) * attempt).await;
    }
    tracing::warn!(uri, "the task stays unknown: its metadata endpoint does not tell it");
    None
}

async fn question(client: &reqwest::Client, uri: &str) -> Result<Value, reqwest::Error> {
    client.get(format!("{uri}/task")).timeout(PATIENCE).send().await?.error_for_status()?.json().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_from_the_metadata_and_never_from_half_of_it() {
        let whole = json!({
            "TaskARN": "a:task/c1/0123", "Family": "demo", "Revision": "3",
            "Containers": [{"Name": "app", "Image": "doze-demo"}],
        });
        let task = Task::from_metadata(&whole).expect("a task");
        assert_eq!(
            (task.arn.as_str(), task.definition.as_str(), task.image.as_str()),
            ("a:task/c1/0123", "demo:3", "doze-demo")
        );
        for part in ["TaskARN", "Family", "Revision", "Containers"] {
            let mut half = whole.clone();
            half[part].take();
            assert_eq!(Task::from_metadata(&half), None, "without {part}");
        }
    }
}
