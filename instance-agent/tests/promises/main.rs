//! The agent as a process, against small stand-ins of all it talks to: the ECS agent, the instance metadata, AWS and a
//! supervisor. The whole system has its tests in `e2e/`.

mod aws;
mod supervisor;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws::Aws;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor::Supervisor;
use task_state::{Cause, State};
use tokio::process::{Child, Command};

const READY: State = State::Awake { ready: true };
const LIMIT: Duration = Duration::from_secs(30);

struct Agent {
    child: Child,
    admin: SocketAddr,
}

impl Agent {
    async fn start(aws: &Aws, grace: &str) -> Agent {
        // A port that was free a moment ago: the agent's own address cannot be asked of it before it serves.
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let admin = free.local_addr().expect("an address");
        drop(free);
        let url = format!("http://{}", aws.address);
        let child = Command::new(env!("CARGO_BIN_EXE_instance-agent"))
            .env_clear()
            .envs([("AGENT_INTROSPECTION", url.as_str()), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)])
            .envs([("AWS_ENDPOINT_URL", url.as_str()), ("AWS_REGION", "eu-west-1"), ("AGENT_POLL", "50ms")])
            .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AGENT_IDLE_GRACE", grace)])
            .env("AGENT_ADMIN_LISTEN", admin.to_string())
            .env("LOG_FORMAT", "text")
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("the agent");
        Agent { child, admin }
    }

    async fn status(&self, path: &str) -> (u16, serde_json::Value) {
        let answer = reqwest::get(format!("http://{}{path}", self.admin)).await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn end(mut self) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id().expect("it runs")).expect("a pid"));
        kill(pid, Signal::SIGTERM).expect("a signal");
        let ended = tokio::time::timeout(Duration::from_secs(4), self.child.wait()).await;
        ended.expect("it ends in time").expect("a status").code()
    }
}

/// Waits until `what` is so; afterwards it says what was missing.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !so() {
        assert!(Instant::now() < end, "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_ready_task_is_registered_and_its_drain_is_released_after_the_records_ttl() {
    let aws = Aws::start().await;
    let supervisor = Supervisor::start(State::Starting).await;
    let agent = Agent::start(&aws, "1h").await;
    aws.place(supervisor.address.port());
    until("the supervisor is watched", || supervisor.watched()).await;
    assert!(!aws.has_called("RegisterInstance"), "it is not ready");

    supervisor.say(READY);
    until("the task is registered", || aws.registered().is_some()).await;
    let attributes = aws.registered().expect("registered");
    assert_eq!(attributes["DOZE_SUPERVISOR_PORT"], supervisor.address.port().to_string());
    assert_eq!(attributes["DOZE_HOST"], "i-0123456789abcdef0");
    assert_eq!(attributes["DOZE_REVISION"], "demo:3");

    // Counted from before the drain: however late this test is told of anything, the record's five seconds lie in between.
    let before = Instant::now();
    supervisor.say(State::Draining { number: 1, cause: Cause::Idle });
    until("the task is deregistered", || aws.registered().is_none()).await;
    until("the drain is released", || !supervisor.reports().is_empty()).await;
    assert!(before.elapsed() >= Duration::from_secs(5), "released after {:?}", before.elapsed());
    assert_eq!(supervisor.reports()[0].released, Some(1));

    supervisor.say(READY);
    until("the task that was called back is registered again", || aws.registered().is_some()).await;
    assert_eq!(agent.status("/healthz").await.0, 200);
    let (_, page) = agent.status("/status").await;
    assert_eq!(page["tasks"][0]["registration"], "registered");
    assert_eq!(agent.end().await, Some(0));
    assert!(aws.registered().is_some(), "registrations are kept when the agent ends");
}

#[tokio::test]
async fn an_ecs_agent_that_does_not_answer_costs_no_registration() {
    let aws = Aws::start().await;
    let supervisor = Supervisor::start(READY).await;
    let agent = Agent::start(&aws, "0s").await;
    aws.place(supervisor.address.port());
    until("the task is registered", || aws.registered().is_some()).await;
    aws.refuse_introspection(true);
    let looks = aws.count("/v1/tasks");
    until("it was asked many times", || aws.count("/v1/tasks") > looks + 20).await;
    assert!(!aws.has_called("DeregisterInstance") && !aws.has_called("UpdateContainerInstancesState"));
    let (status, page) = agent.status("/healthz").await;
    assert_eq!(status, 503, "{page}");
    aws.refuse_introspection(false);
    supervisor.say(State::Draining { number: 1, cause: Cause::File });
    until("the task is deregistered", || aws.registered().is_none()).await;
}

#[tokio::test]
async fn an_agent_that_was_killed_registers_every_ready_task_anew() {
    let aws = Aws::start().await;
    let supervisor = Supervisor::start(READY).await;
    let mut first = Agent::start(&aws, "1h").await;
    aws.place(supervisor.address.port());
    until("the task is registered", || aws.count("RegisterInstance") == 1).await;
    first.child.kill().await.expect("killed");
    let _second = Agent::start(&aws, "1h").await;
    until("the task is registered anew", || aws.count("RegisterInstance") == 2).await;
    assert!(!aws.has_called("DeregisterInstance"));
}

#[tokio::test]
async fn an_empty_host_is_released_in_the_order_of_the_protocol() {
    let aws = Aws::start().await;
    let _agent = Agent::start(&aws, "1s").await;
    until("the host is terminated", || aws.has_called("TerminateInstanceInAutoScalingGroup")).await;
    // The numbers that decide about the decrement are the last ones read.
    let look = [
        "ListTasks RUNNING here",
        "ListTasks STOPPED here",
        "ListTasks RUNNING",
        "DescribeContainerInstances",
        "DescribeAutoScalingGroups",
    ];
    let mut wanted = vec!["DescribeAutoScalingInstances", "DescribeContainerInstances"];
    wanted.extend(look);
    wanted.extend(["PutAttributes", "UpdateContainerInstancesState DRAINING"]);
    wanted.extend(look);
    wanted.push("TerminateInstanceInAutoScalingGroup true");
    let calls = aws.calls();
    // The group and the container instance are asked at the same time.
    let mut calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    calls[..2].sort_unstable();
    assert_eq!(calls, wanted);
    let waited = aws.waited("UpdateContainerInstancesState DRAINING", "TerminateInstanceInAutoScalingGroup true");
    assert!(waited >= Duration::from_secs(5), "terminated {waited:?} after DRAINING");
}

#[tokio::test]
async fn protection_that_is_off_is_set_and_never_taken_off() {
    let aws = Aws::start().await;
    aws.unprotect();
    let _agent = Agent::start(&aws, "1h").await;
    until("it is protected", || aws.has_called("SetInstanceProtection true")).await;
    assert!(!aws.has_called("SetInstanceProtection false"));
}

#[tokio::test]
async fn a_host_that_does_not_know_itself_yet_says_so_and_ends_when_asked() {
    let aws = Aws::start().await;
    aws.refuse_introspection(true);
    let agent = Agent::start(&aws, "1h").await;
    until("it has asked", || aws.count("/v1/metadata") > 0).await;
    assert_eq!(agent.status("/healthz").await.0, 503);
    assert_eq!(agent.end().await, Some(0));
}
