//! Follows what is known of each backend: its supervisor's `/watch`, or health checks where there is none.
//!
//! One task for each backend, for as long as it is known. It looks, says what it saw, and waits for as long as
//! [`Pace`] decides; a change that makes the next look worth while cuts the wait short (trap 15).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::{CONNECT_TIMEOUT, REPORT_INTERVAL, ReportAnswer, Role, Token, WatcherId};
use task_watch::{Told, Watch};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::config::HealthCheck;
use crate::decide::backends::Supervision;
use crate::decide::health::Pace;
use crate::probe;
use crate::service::events::Counts;
use crate::service::{Line, Service};

/// Leases are dated anew at least each minute (rule W2).
const DATE_ANEW: Duration = Duration::from_secs(50);

/// Changes that follow each other closely are one report: most requests are over before anybody has to hear of them.
const GATHER: Duration = Duration::from_millis(100);

/// How backends are followed.
#[derive(Clone, Debug)]
pub struct Following {
    /// What this run of the proxy calls itself.
    pub id: WatcherId,
    /// What supervisors are shown (rule W4).
    pub token: Option<Token>,
    /// How looks are paced.
    pub pace: Pace,
    /// The time between health checks that succeed.
    pub interval: Duration,
    /// How backends without a supervisor are checked.
    pub check: HealthCheck,
}

/// Follows every backend of the service, for ever.
pub async fn follow_all(service: Arc<Service>, following: Following) {
    let following = Arc::new(following);
    let mut changes = service.changes();
    let mut followed = BTreeSet::new();
    let mut tasks = JoinSet::new();
    loop {
        for line in service.lines() {
            if followed.insert(line.at) {
                let (service, following) = (Arc::clone(&service), Arc::clone(&following));
                tasks.spawn(async move {
                    follow(&service, &line, &following).await;
                    line.at
                });
            }
        }
        tokio::select! {
            Some(ended) = tasks.join_next() => match ended {
                Ok(at) => { followed.remove(&at); }
                // A panic there ends the process in a release; in tests it is not to be hidden.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

async fn follow(service: &Arc<Service>, line: &Arc<Line>, following: &Following) {
    let at = line.at;
    while let Some(look) = service.look_at(at) {
        let healthy = match look.supervision {
            Supervision::Absent => check(service, at, following).await,
            Supervision::Certain => {
                watch(service, line, look.status, following).await;
                false
            }
            Supervision::Unknown => match watch(service, line, look.status, following).await {
                Watched::Refused => check_unsupervised(service, at, look.status, following).await,
                Watched::Ended => false,
            },
        };
        let patience = service.patience(at);
        let wait = match healthy {
            true => following.interval,
            false => following.pace.after(patience.failures, patience.urgent),
        };
        tokio::select! {
            () = sleep(wait) => (),
            () = line.look_now.notified() => (),
        }
    }
}

enum Watched {
    /// Nobody listens on the status port.
    Refused,
    /// There was a watch or an attempt at one, and it is over.
    Ended,
}

async fn watch(service: &Arc<Service>, line: &Arc<Line>, status: SocketAddr, following: &Following) -> Watched {
    let at = line.at;
    match task_watch::watch(status, &following.id, Role::Proxy, following.token.as_ref(), &service.clock).await {
        Ok((_, hello, _)) if hello.service != service.name => {
            service.foreign(at, hello.service.as_str());
            // It stays foreign until it is forgotten, or named anew as another task.
            sleep(following.interval).await;
        }
        Ok((watch, hello, told)) => {
            service.greeted(at, &hello, told);
            let redate = Mutex::new(None);
            let why = tokio::select! {
                why = listen(service, at, watch, told, &redate) => why,
                why = report(service, line, status, following, &redate) => why,
            };
            service.look_failed(at, &why);
        }
        Err(task_watch::Error::Connect(_, error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            // Where there may be no supervisor, the health check has the word.
            if service.look_at(at).is_some_and(|look| look.supervision == Supervision::Certain) {
                service.look_failed(at, "status port refused");
            }
            return Watched::Refused;
        }
        Err(error) => service.look_failed(at, &daemon::exit::chain(&error)),
    }
    Watched::Ended
}

/// What a report taught about dating leases, on its way from the reporter to the listener.
type Redate = Mutex<Option<(Moment, ReportAnswer)>>;

async fn listen(service: &Arc<Service>, at: SocketAddr, mut watch: Watch, first: Told, redate: &Redate) -> String {
    let mut lease = first.lease;
    loop {
        let left = lease.until().map(|until| until.since(service.clock.now()));
        let next = tokio::select! {
            next = watch.next() => next,
            () = sleep(left.unwrap_or_default()), if left.is_some() => {
                lease = task_state::Lease::NONE;
                service.lease_ended(at);
                continue;
            }
        };
        match next {
            Ok(told) => {
                lease = told.lease;
                service.told(at, told);
            }
            Err(error) => return daemon::exit::chain(&error),
        }
        if let Some((sent, answer)) = redate.lock().await.take() {
            watch.date_anew(sent, &answer);
        }
    }
}

/// Reports what is under way there: on change, each second while it is not nothing, and once in a while to date leases
/// anew (rules W2, W3). Ends where the backend is forgotten.
async fn report(
    service: &Arc<Service>,
    line: &Line,
    status: SocketAddr,
    following: &Following,
    redate: &Redate,
) -> String {
    let mut said = Counts::default();
    loop {
        let Some(now) = service.counts(line.at) else { return "forgotten".to_owned() };
        let release_due = now.released.is_some() && now.released != said.released;
        let repeat = if now.in_flight > 0 || said.in_flight > 0 || release_due { REPORT_INTERVAL } else { DATE_ANEW };
        if !release_due {
            tokio::select! {
                () = sleep(repeat) => (),
                () = line.counts_changed.notified() => sleep_unless_released(service, line).await,
            }
        }
        let Some(now) = service.counts(line.at) else { return "forgotten".to_owned() };
        if now == said && now.in_flight == 0 && repeat == REPORT_INTERVAL {
            continue;
        }
        let sequence = line.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let report = now.report(sequence);
        match task_watch::report(status, &following.id, &report, following.token.as_ref(), &service.clock).await {
            Ok(answered) => {
                if let Some(number) = now.released.filter(|number| said.released != Some(*number)) {
                    tracing::info!(service = %service.name, backend = %line.at, number, "backend released");
                }
                said = now;
                *redate.lock().await = Some(answered);
            }
            Err(error) => {
                tracing::debug!(service = %service.name, backend = %line.at, error = %daemon::exit::chain(&error), "report failed");
                sleep(REPORT_INTERVAL).await;
            }
        }
    }
}

/// Gathers changes for a moment; a release does not wait.
async fn sleep_unless_released(service: &Service, line: &Line) {
    let released = async {
        while service.counts(line.at).is_some_and(|counts| counts.released.is_none()) {
            line.counts_changed.notified().await;
        }
    };
    let _ = timeout(GATHER, released).await;
}

/// The health check of a backend of which nobody said whether it has a supervisor. A supervisor listens before its app
/// does: so where the app answers and the status port still refuses, there is none.
async fn check_unsupervised(service: &Arc<Service>, at: SocketAddr, status: SocketAddr, following: &Following) -> bool {
    if let Err(why) = probe::check(at, &following.check).await {
        service.look_failed(at, &why);
        return false;
    }
    match timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect(status)).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            service.healthy(at);
            true
        }
        Ok(Ok(_) | Err(_)) | Err(_) => {
            service.task_moved(at);
            false
        }
    }
}

async fn check(service: &Arc<Service>, at: SocketAddr, following: &Following) -> bool {
    match probe::check(at, &following.check).await {
        Ok(()) => {
            service.healthy(at);
            true
        }
        Err(why) => {
            service.look_failed(at, &why);
            false
        }
    }
}

/// A fresh name for this run.
#[must_use]
pub fn fresh_id() -> WatcherId {
    uuid::Uuid::new_v4().to_string().parse().expect("a UUID is letters, digits and dashes")
}
