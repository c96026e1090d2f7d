//! The status page, for people: `GET /healthz` and `GET /status` (JSON) on a local address. Read-only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use daemon::moment::{Clock, Moment};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::observe::registrations::Known;
use crate::observe::tasks::{Ownership, Presence, Readiness, Status, Task};
use crate::observe::{Listing, Observed};
use crate::plan::Plan;

/// After so long without a turn of the loop, or three polls where those are longer, the agent is not well.
const STALLED: Duration = Duration::from_secs(10);

/// People and a monitor; more at a time have to wait.
const MOST_CONNECTIONS: usize = 16;

const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_CONNECTION: Duration = Duration::from_secs(30);

/// What the page shows.
#[derive(Clone, Debug)]
pub enum Snapshot {
    /// The host does not know itself yet.
    Identifying {
        /// What is missing.
        why: String,
    },
    /// A turn of the loop.
    Turn(Arc<Turn>),
}

/// What one turn of the loop saw and planned.
#[derive(Clone, Debug)]
pub struct Turn {
    /// When.
    pub at: Moment,
    /// What was known.
    pub observed: Observed,
    /// What followed.
    pub plan: Plan,
    /// The last things that were done, oldest first.
    pub outcomes: Vec<Ended>,
}

/// A step that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// Which.
    pub step: String,
    /// How long it took.
    pub took: Duration,
    /// Why it failed; none: it is done.
    pub failed: Option<String>,
}

/// Serves the page until the future is dropped. `poll` is the pause between turns of the loop in which nothing happens.
pub async fn serve(listener: TcpListener, shown: watch::Receiver<Snapshot>, clock: Clock, poll: Duration) {
    let stalled = stalled_after(poll);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("never closed");
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: a pause lets some be closed.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let shown = shown.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(&request, &shown.borrow(), stalled, clock.now());
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // A caller who breaks off has nobody to report it to.
            let _ = timeout(LONGEST_CONNECTION, connection).await;
            drop(place);
        });
    }
}

/// Where the page is bound.
///
/// # Errors
/// The address cannot be bound.
pub async fn bind(at: SocketAddr) -> Result<TcpListener, std::io::Error> {
    TcpListener::bind(at).await
}

fn answer(request: &Request<Incoming>, shown: &Snapshot, stalled: Duration, now: Moment) -> Response<Full<Bytes>> {
    if request.method() != Method::GET {
        let mut refused = json_answer(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "only GET" }));
        refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET"));
        return refused;
    }
    match request.uri().path() {
        "/healthz" => {
            let (status, why) = health(shown, stalled, now);
            json_answer(status, &json!({ "why": why }))
        }
        "/status" => json_answer(StatusCode::OK, &page(shown)),
        _ => json_answer(StatusCode::NOT_FOUND, &json!({ "error": "try /healthz or /status" })),
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec_pretty(body).expect("a JSON value");
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body.into()))
        .expect("constant headers")
}

fn stalled_after(poll: Duration) -> Duration {
    STALLED.max(poll.saturating_mul(3))
}

fn health(shown: &Snapshot, stalled: Duration, now: Moment) -> (StatusCode, String) {
    match shown {
        Snapshot::Identifying { why } => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
        Snapshot::Turn(turn) if now.since(turn.at) > stalled => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("no turn of the loop since {}", turn.at))
        }
        Snapshot::Turn(turn) => match &turn.observed.listing {
            Listing::Known { .. } => (StatusCode::OK, "it knows its tasks".to_owned()),
            Listing::NotYet => (StatusCode::SERVICE_UNAVAILABLE, "it has not seen its tasks yet".to_owned()),
            Listing::Failed { why, .. } => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
        },
    }
}

fn page(shown: &Snapshot) -> Value {
    match shown {
        Snapshot::Identifying { why } => json!({ "identifying": why }),
        Snapshot::Turn(turn) => json!({
            "at": seconds(turn.at),
            "host": host(&turn.observed),
            "listing": listing(&turn.observed.listing),
            "tasks": turn.observed.tasks.values().map(|t| task(t, &turn.observed)).collect::<Vec<_>>(),
            "under_way": turn.observed.pace.under_way().map(|(key, kind, since)| json!({
                "step": format!("{kind:?}"), "on": format!("{key:?}"), "since": seconds(since),
            })).collect::<Vec<_>>(),
            "plan": turn.plan.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "waits": turn.plan.waits.iter().map(|wait| json!({
                "until": seconds(wait.until), "for": wait.reason.to_string(),
            })).collect::<Vec<_>>(),
            "outcomes": turn.outcomes.iter().map(|ended| json!({
                "at": seconds(ended.at), "step": ended.step, "took_ms": ended.took.as_millis(), "failed": ended.failed,
            })).collect::<Vec<_>>(),
        }),
    }
}

fn host(observed: &Observed) -> Value {
    let host = &observed.host;
    json!({
        "instance": host.identity.host.instance,
        "boot": host.identity.host.boot,
        "cluster": host.identity.cluster,
        "container_instance": host.identity.container_instance,
        "ecs_status": host.instance.map(|instance| format!("{:?}", instance.status)),
        "mark": host.instance.map(|instance| format!("{:?}", instance.mark)),
        "group": host.member.as_ref().and_then(|(_, member)| member.group.clone()),
        "in_service": host.member.as_ref().map(|(_, member)| member.in_service),
        "protected": host.member.as_ref().map(|(_, member)| member.protected),
        "empty_since": host.empty_since.map(seconds),
        "kept_for_waiting_tasks": host.gave_way,
        "terminated": host.terminated,
    })
}

fn listing(listing: &Listing) -> Value {
    match listing {
        Listing::NotYet => json!({ "known": false }),
        Listing::Known { at } => json!({ "known": true, "at": seconds(*at) }),
        Listing::Failed { since, why } => json!({ "known": false, "since": seconds(*since), "why": why }),
    }
}

fn task(task: &Task, observed: &Observed) -> Value {
    let status = |status| match status {
        Status::Pending => "PENDING",
        Status::Running => "RUNNING",
        Status::Stopped => "STOPPED",
    };
    let readiness = match task.readiness {
        Readiness::Unheard { refusals } => json!({ "refusals": refusals }),
        Readiness::Said { state, live, .. } => json!({ "supervisor": state, "live": live }),
        Readiness::Unsupervised { accepts } => json!({ "supervisor": null, "accepts": accepts }),
    };
    json!({
        "task": task.listed.arn.to_string(),
        "revision": task.listed.revision,
        "service": task.service().map(ToString::to_string),
        "ours": match task.ownership {
            Ownership::Ours(_) => Some(true),
            Ownership::NotOurs => Some(false),
            Ownership::Unknown { .. } => None,
        },
        "known_status": status(task.listed.known),
        "desired_status": task.listed.desired.map(status),
        "listed": task.presence == Presence::Listed,
        "address": task.listed.endpoint.map(|endpoint| endpoint.address),
        "readiness": readiness,
        "registration": match observed.registrations.of(&task.listed.arn) {
            Known::Nothing => "unknown",
            Known::Registered(_) => "registered",
            Known::Gone { .. } => "gone",
        },
    })
}

fn seconds(moment: Moment) -> f64 {
    moment.since_start().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::host::{Host, Identity};
    use crate::plan::pace::Pace;

    #[test]
    fn an_agent_that_polls_seldom_is_well_between_its_polls() {
        let identity = Identity {
            host: cloud_map::HostIdentity { instance: "i-0".to_owned(), boot: "b".to_owned() },
            address: std::net::Ipv4Addr::LOCALHOST,
            cluster: "c1".to_owned(),
            container_instance: "c".to_owned(),
        };
        let mut observed = Observed::new(Host::new(identity), Pace::new(0.0));
        let _ = observed.note_listing(Moment::START, Ok(Vec::new()), Moment::START);
        let turn = Turn { at: Moment::START, observed, plan: Plan::default(), outcomes: Vec::new() };
        let shown = Snapshot::Turn(Arc::new(turn));
        let status = |poll, at| health(&shown, stalled_after(Duration::from_secs(poll)), Moment::millis(at)).0;
        assert_eq!(status(30, 29_000), StatusCode::OK);
        assert_eq!(status(30, 91_000), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status(1, 11_000), StatusCode::SERVICE_UNAVAILABLE);
    }
}
