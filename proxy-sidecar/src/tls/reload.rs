//! Follows the files of certificates, and reminds people of those that end.
//!
//! # Guarantees
//! - Files may be overwritten, renamed into place, or reached by links that are turned.
//! - A file system that tells of no changes made elsewhere (NFS, EFS) is looked at each minute all the same.
//! - A set that is no good is told once, with everything that is wrong with it; the old one serves on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::expiry::{Reminders, Stage, Validity};
use super::{Outcome, Tls};

mod paths;

/// How often is looked.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Files have to be quiet for this long: a certificate and its key are replaced one after the other.
    quiet: Duration,
    /// Restless ones are looked at after this.
    restless: Duration,
    /// Between looks at files that are watched.
    watched: Duration,
    /// Between looks at files that cannot be watched.
    unwatched: Duration,
}

const PACE: Pace = Pace {
    quiet: Duration::from_millis(300),
    restless: Duration::from_secs(3),
    watched: Duration::from_secs(60),
    unwatched: Duration::from_secs(10),
};

/// Keeps `tls` at what its files are, for ever. It logs what changed and which certificates end soon, those of the start
/// too.
pub async fn follow(tls: Tls) {
    follow_at(tls, PACE, watch).await;
}

/// Tells of changes by a permit.
type Watch = fn(&BTreeSet<PathBuf>, Arc<Notify>) -> notify::Result<RecommendedWatcher>;

async fn follow_at(tls: Tls, pace: Pace, watch: Watch) {
    let changed = Arc::new(Notify::new());
    let mut reminders = Reminders::default();
    let mut was_watched = true;
    loop {
        // Anew each time, for what was watched may be gone; and before the look, so that no change falls between.
        let watcher = watch(&directories(&tls).await, Arc::clone(&changed));
        look(&tls).await;
        remind(&tls, &mut reminders);
        match &watcher {
            Err(error) if was_watched => {
                tracing::warn!(%error, every_s = pace.unwatched.as_secs(), "certificates cannot be watched, looking at them regularly");
            }
            Ok(_) if !was_watched => tracing::info!("certificates are watched"),
            Ok(_) | Err(_) => (),
        }
        was_watched = watcher.is_ok();
        let next = if was_watched { pace.watched } else { pace.unwatched };
        tokio::select! {
            () = settled(&changed, pace) => (),
            () = sleep(next) => (),
        }
    }
}

/// Until something has changed, and has been quiet since.
async fn settled(changed: &Notify, pace: Pace) {
    changed.notified().await;
    let quiet = async { while timeout(pace.quiet, changed.notified()).await.is_ok() {} };
    // Restless files are looked at as they are.
    let _ = timeout(pace.restless, quiet).await;
}

fn watch(directories: &BTreeSet<PathBuf>, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let tell = move |event: notify::Result<notify::Event>| match event.map(|event| event.kind) {
        // Every look at them is one.
        Ok(EventKind::Access(_)) => (),
        Ok(EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other)
        | Err(_) => changed.notify_one(),
    };
    let mut watcher = notify::recommended_watcher(tell)?;
    for directory in directories {
        watcher.watch(directory, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

async fn directories(tls: &Tls) -> BTreeSet<PathBuf> {
    let files = tls.shared.settings.files();
    aside(move || files.iter().flat_map(|path| paths::directories(path)).collect()).await.unwrap_or_default()
}

async fn look(tls: &Tls) {
    let looking = tls.clone();
    match aside(move || looking.look_again()).await {
        Some(Outcome::Replaced) => {
            tracing::info!(certificates = tls.shared.settings.pairs.len(), "certificates replaced");
        }
        Some(Outcome::Kept(error)) => tracing::warn!(%error, "new certificates are no good, keeping the old ones"),
        Some(Outcome::Unchanged) | None => (),
    }
}

fn remind(tls: &Tls, reminders: &mut Reminders) {
    // A clock before 1970 tells nothing about certificates.
    let Ok(now) = SystemTime::UNIX_EPOCH.elapsed() else { return };
    let (names, validities): (Vec<String>, Vec<Validity>) = tls.validities().into_iter().unzip();
    for (at, stage) in reminders.due(&validities, now) {
        let (certificate, days_left) = (&names[at], validities[at].days_left(now));
        match stage {
            Stage::Fine => (),
            Stage::NotYet => tracing::warn!(%certificate, "certificate is not valid yet"),
            Stage::Month | Stage::Week | Stage::Day => {
                tracing::warn!(%certificate, days_left, "certificate expires soon");
            }
            Stage::Expired => tracing::warn!(%certificate, "certificate has expired"),
        }
    }
}

/// Files may keep a thread waiting. None: the process is ending.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests;
