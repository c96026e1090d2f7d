//! Follows the supervisors of this host's tasks on 9051, and tries the app's port of tasks where nobody is there.
//! Passes on what it hears and holds no opinion.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloud_map::TaskArn;
use daemon::backoff::Backoff;
use task_state::{CONNECT_TIMEOUT, Role};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::caller::Caller;
use crate::observe::tasks::{Endpoint, Word};

/// The pause before a watch is tried again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// From which refusal in a row on the app's port is tried. A supervisor that is just starting gets no connection there.
const PROBE_FROM: u32 = 3;

/// A word and whose it is.
pub type Heard = (TaskArn, Word);

/// Those who follow, one for each task.
#[derive(Debug)]
pub struct Followers {
    caller: Caller,
    heard: mpsc::Sender<Heard>,
    connections: Arc<AtomicU64>,
    following: BTreeMap<TaskArn, (Endpoint, AbortHandle)>,
}

impl Followers {
    /// Nobody yet. All of them watch as `caller`, and say what they hear into `heard`.
    #[must_use]
    pub fn new(caller: Caller, heard: mpsc::Sender<Heard>) -> Self {
        Followers { caller, heard, connections: Arc::default(), following: BTreeMap::new() }
    }

    /// Follows exactly `wanted` from now on.
    pub fn keep<'a>(&mut self, wanted: impl Iterator<Item = (&'a TaskArn, Endpoint)>) {
        let wanted: BTreeMap<&TaskArn, Endpoint> = wanted.collect();
        self.following.retain(|task, (endpoint, follower)| {
            let keep = wanted.get(task) == Some(endpoint);
            if !keep {
                follower.abort();
            }
            keep
        });
        for (task, endpoint) in wanted {
            if !self.following.contains_key(task) {
                let follower = Follower {
                    task: task.clone(),
                    endpoint,
                    caller: self.caller.clone(),
                    heard: self.heard.clone(),
                    connections: Arc::clone(&self.connections),
                };
                let handle = tokio::spawn(follower.follow()).abort_handle();
                self.following.insert(task.clone(), (endpoint, handle));
            }
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for (_, follower) in self.following.values() {
            follower.abort();
        }
    }
}

struct Follower {
    task: TaskArn,
    endpoint: Endpoint,
    caller: Caller,
    heard: mpsc::Sender<Heard>,
    connections: Arc<AtomicU64>,
}

impl Follower {
    async fn follow(self) {
        let at = SocketAddr::from((self.endpoint.address, self.endpoint.supervisor_port.get()));
        let Caller { id, token, clock } = &self.caller;
        let (mut failures, mut refusals) = (0, 0);
        loop {
            match task_watch::watch(at, id, Role::Agent, token.as_ref(), clock).await {
                Ok((watch, hello, told)) => {
                    (failures, refusals) = (0, 0);
                    self.listen(watch, hello, told.state).await;
                }
                Err(task_watch::Error::Connect(_, error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    refusals += 1;
                    let accepts = if refusals < PROBE_FROM { None } else { Some(self.app_accepts().await) };
                    self.say(Word::Refused { accepts }).await;
                }
                Err(error) => {
                    refusals = 0;
                    tracing::debug!(task = self.task.id(), error = daemon::exit::chain(&error), "watch not opened");
                    self.say(Word::Broken).await;
                }
            }
            failures += 1;
            sleep(PAUSES.after(failures)).await;
        }
    }

    /// Passes on the hello and every change, until the watch ends.
    async fn listen(&self, mut watch: task_watch::Watch, hello: task_watch::Hello, first: task_state::State) {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let said = |state| Word::Said { service: hello.service.clone(), task: hello.task.clone(), state, connection };
        self.say(said(first)).await;
        let mut last = first;
        loop {
            match watch.next().await {
                Ok(told) if told.state == last => {}
                Ok(told) => {
                    last = told.state;
                    self.say(said(last)).await;
                }
                Err(error) => {
                    tracing::debug!(task = self.task.id(), error = daemon::exit::chain(&error), "watch ended");
                    self.say(Word::Broken).await;
                    return;
                }
            }
        }
    }

    async fn app_accepts(&self) -> bool {
        let at = SocketAddr::from((self.endpoint.address, self.endpoint.port.get()));
        matches!(timeout(CONNECT_TIMEOUT, TcpStream::connect(at)).await, Ok(Ok(_)))
    }

    async fn say(&self, word: Word) {
        // Fails only when the agent is ending.
        let _ = self.heard.send((self.task.clone(), word)).await;
    }
}
