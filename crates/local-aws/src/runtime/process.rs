//! Tasks as child processes, for machines without Docker. Each task has an address of 127.0.0.0/8 of its own; nothing
//! enforces that it keeps to it, `{TASK_ADDRESS}` in its settings does.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;

use super::child::Child;
use super::cut::Cuts;
use super::orders::{Grip, Order, Orders, Patience, UnderWay};
use super::placeholders::Placeholders;
use super::{ContainerSpec, Error, Happened, ProcessSettings, TaskSpec};

/// Runs tasks as processes.
#[derive(Debug)]
pub(crate) struct Processes {
    settings: Arc<ProcessSettings>,
    /// Holds the directories of the tasks.
    directory: PathBuf,
    events: UnboundedSender<Happened>,
    cuts: Arc<Cuts>,
}

impl Processes {
    /// Makes the directory for the tasks' own directories, and removes those of dead earlier lives.
    pub(crate) fn new(settings: ProcessSettings, events: UnboundedSender<Happened>) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        remove_leftovers(&parent);
        let directory = parent.join(format!("local-aws-{}-{}", std::process::id(), uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).map_err(|error| Error::Directory(parent, error))?;
        Ok(Processes { settings: Arc::new(settings), directory, events, cuts: Arc::default() })
    }

    pub(crate) fn start(&self, spec: TaskSpec, under_way: &UnderWay) {
        let settings = Arc::clone(&self.settings);
        let directory = self.directory.join(&spec.id);
        let events = self.events.clone();
        let cuts = Arc::clone(&self.cuts);
        let id = spec.id.clone();
        under_way.start(&id, |orders| async move {
            match start_all(&spec, &settings, &directory, &events) {
                Ok(children) => {
                    let started =
                        Happened::Started { task: spec.id.clone(), address: spec.address, docker_ids: Vec::new() };
                    let _ = events.send(started);
                    let task = Task { spec: &spec, directory: &directory, orders: &orders, cuts: &cuts, events };
                    tokio::select! {
                        () = task.until_all_have_ended(children) => {}
                        () = task.cut_and_mend() => {}
                    }
                }
                Err(reason) => {
                    let _ = std::fs::remove_dir_all(&directory);
                    let _ = events.send(Happened::Failed { task: spec.id.clone(), reason });
                }
            }
        });
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Starts each container. When one cannot be started, the others are killed as they are dropped.
fn start_all(
    spec: &TaskSpec,
    settings: &ProcessSettings,
    directory: &Path,
    events: &UnboundedSender<Happened>,
) -> Result<Vec<Child>, String> {
    std::fs::create_dir(directory)
        .map_err(|error| format!("ResourceInitializationError: cannot make {}: {error}", directory.display()))?;
    let placeholders = Placeholders {
        task_address: spec.address.to_string(),
        task_directory: directory.display().to_string(),
        dns_server: settings.dns_server,
        resolver: settings.resolver,
    };
    let mut children = Vec::new();
    for container in &spec.containers {
        let words = placeholders.replace_all(&words(container, settings)?);
        let environment = placeholders.replace_values(&container.environment);
        let child = Child::start(&words, &environment, &spec.id, events)
            .map_err(|error| cannot_start(words.first().map_or("", String::as_str), &error))?;
        children.push(child);
    }
    Ok(children)
}

/// What the container starts: its entry point, or the image's, followed by its command.
fn words(container: &ContainerSpec, settings: &ProcessSettings) -> Result<Vec<String>, String> {
    let image = settings.images.get(&container.image);
    let entry_point = match (container.entry_point.is_empty(), image) {
        (false, _) => container.entry_point.as_slice(),
        (true, Some(words)) => words.as_slice(),
        (true, None) => &[],
    };
    match [entry_point, container.command.as_slice()].concat() {
        none if none.is_empty() => Err(super::cannot_pull(&container.image)),
        some => Ok(some),
    }
}

fn cannot_start(program: &str, error: &io::Error) -> String {
    let cause = if error.kind() == io::ErrorKind::NotFound {
        "executable file not found in $PATH".to_owned()
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        "permission denied".to_owned()
    } else {
        error.to_string()
    };
    format!(
        "CannotStartContainerError: Error response from daemon: failed to create task for container: \
         unable to start container process: exec: {program:?}: {cause}: unknown"
    )
}

/// A task whose containers were started.
struct Task<'a> {
    spec: &'a TaskSpec,
    directory: &'a Path,
    orders: &'a Orders,
    cuts: &'a Cuts,
    events: UnboundedSender<Happened>,
}

impl Task<'_> {
    /// Waits for every child. The end of an essential one stops the others.
    async fn until_all_have_ended(&self, children: Vec<Child>) {
        let containers = self.spec.containers.iter().zip(children);
        let mut running: FuturesUnordered<_> = containers
            .map(|(container, child)| async move { (container, until_ended(container, child, self.orders).await) })
            .collect();
        while let Some((container, code)) = running.next().await {
            if container.essential {
                self.orders.raise(Order::Stop);
            }
            if running.is_empty() {
                let _ = std::fs::remove_dir_all(self.directory);
                // With the last word the address is free for another task.
                self.set_cut(false).await;
            }
            let task = self.spec.id.clone();
            let _ = self.events.send(Happened::Exited { task, container: container.name.clone(), code });
        }
    }

    /// Cuts the task's address off and mends it, as it is told; never returns.
    async fn cut_and_mend(&self) {
        let mut grip = Grip::default();
        loop {
            let now = self.orders.gripped(grip).await;
            self.set_cut(now.cut).await;
            grip = now;
        }
    }

    async fn set_cut(&self, cut: bool) {
        let Err(failed) = self.cuts.set(&self.spec.id, self.spec.address, cut).await else { return };
        let why = daemon::exit::chain(&failed.error);
        let what = if cut { "cannot cut the task off" } else { "cannot mend the task's network" };
        let own = (self.spec.id.clone(), what);
        let others = failed.lapsed.into_iter().map(|task| (task, "the task is not cut off any more"));
        for (task, what) in std::iter::once(own).chain(others) {
            let _ = self.events.send(Happened::Impossible { task, reason: format!("{what}: {why}") });
        }
    }
}

/// One container from its start to its end: runs, is asked to stop, is killed.
async fn until_ended(container: &ContainerSpec, mut child: Child, orders: &Orders) -> i64 {
    let mut heard = Order::Run;
    let mut grip = Grip::default();
    let mut patience = Patience::default();
    loop {
        tokio::select! {
            biased;
            now = orders.gripped(grip) => {
                match (grip.frozen, now.frozen) {
                    (false, true) => child.freeze(),
                    (true, false) => child.thaw(),
                    (true, true) | (false, false) => {}
                }
                grip = now;
            }
            code = child.ended() => return code,
            order = orders.above(heard) => {
                if heard == Order::Run && order < Order::Kill {
                    child.terminate();
                }
                heard = order;
                patience.shorten(order, container.stop_timeout);
            }
            () = patience.over() => {
                child.kill();
                patience = Patience::default();
            }
        }
    }
}

/// Removes the directories of lives whose process has gone.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("local-aws-")).and_then(|rest| rest.split_once('-'));
        let Some((pid, _)) = pid else { continue };
        let dead = pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists();
        if dead {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
