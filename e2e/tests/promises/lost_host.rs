//! A whole host is lost for a while, cut off the network or frozen: no request is lost or sent twice, nothing is sent
//! where there is no lease, and nothing is deregistered because nobody can say how it is.

use std::time::Duration;

use e2e::definitions::Pace;
use e2e::world::{Options, World};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::{LIMIT, field, must, put_to_sleep, world};

/// A pace at which nobody falls asleep unless told to.
const AWAKE: Pace = Pace { idle: Duration::from_secs(3600), app_start: Duration::ZERO };

/// Requests that come while the host is away: one half with a body, which is never sent twice by any rule.
const CALLERS: usize = 10;

/// A caller whose request is under way: the status and the body that it gets.
type Caller = JoinHandle<(u16, String)>;

#[tokio::test]
async fn a_service_whose_host_is_cut_off_answers_each_request_once_when_it_is_back() {
    if may_cut() {
        a_service_whose_host_comes_back_answers_each_request_once("cut").await;
    }
}

#[tokio::test]
async fn a_service_whose_host_is_frozen_answers_each_request_once_when_it_is_thawed() {
    a_service_whose_host_comes_back_answers_each_request_once("freeze").await;
}

async fn a_service_whose_host_comes_back_answers_each_request_once(kind: &str) {
    let mut world = world(Options { pace: AWAKE, ..Options::default() }).await;
    let (body, carried, fault) = lose_the_host(&mut world, kind).await;
    let callers = call(&world);
    let lost = must(world.until_proxy("all to be held", LIMIT, |now| now.service("demo").held == CALLERS).await);
    assert_eq!(lost.service("demo").in_flight(), 1, "more was sent without a lease: {lost:?}");
    let now = must(world.snapshot().await);
    assert_eq!((now.registered("demo.service").count(), now.living_tasks("demo").count()), (1, 1));

    must(world.lift(fault).await);
    for caller in callers.into_iter().chain([carried]) {
        answered(caller).await;
    }
    let (_, last) = must(world.get("/host").await);
    assert_eq!(field(&last, "task"), field(&body, "task"), "another task was started");
    // The first one, the one under way when the host was lost, those that were held, and this one.
    assert_eq!(field(&last, "requests_served"), CALLERS + 3);
    let now = must(world.snapshot().await);
    assert_eq!((now.registered("demo.service").count(), now.tasks_of("demo").count()), (1, 1));
    assert!(!world.timeline.tells("agent", "task deregistered"), "it was deregistered while nobody knew how it was");

    put_to_sleep(&body);
    must(world.until("zero", LIMIT, |now| now.is_zero()).await);
    must(world.end().await);
}

#[tokio::test]
async fn requests_to_a_host_that_stays_cut_off_are_answered_by_another_one() {
    if !may_cut() {
        return;
    }
    // After this time a task that does not answer is nobody's wake; it is long enough for another host and task to start.
    let grace = Some(Duration::from_secs(15));
    let mut world = world(Options { pace: AWAKE, start_grace: grace, ..Options::default() }).await;
    let (body, carried, fault) = lose_the_host(&mut world, "cut").await;
    let mut other = None;
    for caller in call(&world) {
        let body = answered(caller).await;
        other = other.or(body.starts_with('{').then_some(body));
    }
    let other = other.expect("some asked who answers");
    assert_ne!(field(&other, "task"), field(&body, "task"), "the host was not cut off");
    let now = must(world.snapshot().await);
    assert_eq!(now.living_tasks("demo").count(), 2, "a task that nobody can see is not known to have gone");
    assert!(!world.timeline.tells("agent", "task deregistered"), "it was deregistered while nobody knew how it was");

    must(world.lift(fault).await);
    answered(carried).await;
    // The first one and the one under way when the host was lost; and all that came while it was away.
    assert_eq!((served(&body).await, served(&other).await), (2, CALLERS as u64));
    put_to_sleep(&body);
    put_to_sleep(&other);
    must(world.until("zero", LIMIT, |now| now.is_zero()).await);
    must(world.end().await);
}

/// Loses the service's only host while a request is under way there, and waits until the proxy may start no other there. Gives who
/// answered before, the request under way and the fault.
async fn lose_the_host(world: &mut World, kind: &str) -> (String, Caller, u64) {
    let (_, body) = must(world.get("/host").await);
    let now = must(world.until("the registration", LIMIT, |now| now.registered("demo.service").count() == 1).await);
    let host = now.living_tasks("demo").find_map(|task| task.instance_id.as_deref()).expect("it runs on a host");
    let carried = caller(world.http().get(world.url("/slow/3")));
    must(world.until_proxy("it to be under way", LIMIT, |now| now.service("demo").in_flight() == 1).await);
    let fault = must(world.inject(&json!({ "kind": kind, "what": { "host": host } })).await);
    must(world.until_proxy("the lease to end", LIMIT, |now| !now.service("demo").is_usable()).await);
    (body, carried, fault)
}

/// Callers who all ask at once.
fn call(world: &World) -> Vec<Caller> {
    let request = |n| match n % 2 {
        0 => world.http().get(world.url("/host")),
        _ => world.http().post(world.url("/echo")).body(format!("caller {n}")),
    };
    (0..CALLERS).map(|n| caller(request(n))).collect()
}

fn caller(request: reqwest::RequestBuilder) -> Caller {
    tokio::spawn(async move {
        let response = request.send().await.unwrap_or_else(|error| panic!("a caller was lost: {error}"));
        let status = response.status().as_u16();
        (status, response.text().await.unwrap_or_else(|error| panic!("an answer broke off: {error}")))
    })
}

async fn answered(caller: Caller) -> String {
    let (status, body) = timeout(LIMIT, caller).await.expect("answered in time").expect("no caller panics");
    assert_eq!(status, 200, "{body}");
    body
}

/// How many requests this task has been sent, as it says itself when it is asked past the proxy.
async fn served(body: &str) -> u64 {
    let url = format!("http://{}/host", field(body, "address").as_str().expect("an address"));
    // A connection that is kept would keep the task from sleeping.
    let said =
        reqwest::Client::new().get(url).timeout(LIMIT).send().await.expect("an answer").text().await.expect("a body");
    field(&said, "requests_served").as_u64().expect("a count") - 1
}

/// Whether the network's rules can be changed here, as a cut takes it.
fn may_cut() -> bool {
    let listed = std::process::Command::new("nft").args(["list", "tables"]).output();
    let may = listed.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("skipped: the network's rules can only be changed by root, with nft");
    }
    may
}
