//! The whole system in containers, by the project's own `docker-compose.yml`: what a newcomer types, and what is left.
//!
//! It builds images and takes the ports 9050, 9060, 9062 and 4566 of this machine, so it runs only when
//! `E2E_CONTAINERS=1` says so (`.ci/run` does), and says that it was skipped otherwise.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use e2e::snapshot::Snapshot;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(120);
const PROJECT: &str = "doze-e2e";

/// `docker-compose` 1.29 or `docker compose` v2, whichever is there.
struct Compose(Vec<&'static str>);

impl Compose {
    fn find() -> Option<Self> {
        let answers = |words: &[&str]| {
            let version = Command::new(words[0]).args(&words[1..]).arg("version").output();
            version.is_ok_and(|output| output.status.success())
        };
        [vec!["docker-compose"], vec!["docker", "compose"]].into_iter().find(|words| answers(words)).map(Compose)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("e2e lies in the workspace");
        Command::new(self.0[0])
            .args(&self.0[1..])
            .args(["-p", PROJECT])
            .args(arguments)
            .current_dir(root)
            .output()
            .expect("it answered to `version`")
    }
}

/// Takes everything down, also when the test fails; prints the logs then.
struct Up(Compose);

impl Drop for Up {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.0.run(&["logs", "--no-color", "--tail", "300"]);
            eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        self.0.run(&["down", "-v", "--remove-orphans"]);
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker is there");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn snapshot() -> Option<Snapshot> {
    reqwest::get("http://127.0.0.1:4566/_world").await.ok()?.json().await.ok()
}

async fn until(what: &str, reached: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let deadline = Instant::now() + LIMIT;
    loop {
        let now = snapshot().await;
        match now {
            Some(now) if reached(&now) => return now,
            now => assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}; the world is {now:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn host(url: &str) -> (u16, Value) {
    let response = reqwest::get(url).await.unwrap_or_else(|e| panic!("{url}: {e}"));
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// The container that runs a task, by the label that the ECS agent gives it.
fn container_of(task: &str) -> String {
    docker(&["ps", "-q", "--filter", &format!("label=com.amazonaws.ecs.task-arn={task}")])
}

#[tokio::test]
async fn docker_compose_takes_a_service_from_zero_to_zero_and_leaves_no_container() {
    if std::env::var_os("E2E_CONTAINERS").is_none() {
        eprintln!("skipped: E2E_CONTAINERS=1 runs the container tests");
        return;
    }
    let compose =
        Compose::find().expect("E2E_CONTAINERS is set, but neither docker-compose nor docker compose is here");
    let up = Up(compose);
    let built = up.0.run(&["up", "--build", "-d"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let (status, first) = host("http://127.0.0.1:9060/host").await;
    assert_eq!(status, 200, "{first}");
    let now = until("the registration", |now| now.registered("demo.service").count() == 1).await;
    let task = now.living_tasks("demo").next().expect("it answered").arn.clone();
    assert_eq!(first["task"], task.as_str());

    let (status, direct) = host("http://127.0.0.1:9050/host").await;
    assert_eq!((status, &direct["task"]), (200, &first["task"]), "9050 goes straight to the service");

    let container = container_of(&task);
    assert!(!container.is_empty(), "no container carries the task's label");
    docker(&["exec", &container, "touch", "/tmp/shutdown"]);
    let now = until("the task to stop", |now| now.living_tasks("demo").next().is_none()).await;
    let ended = now.tasks_of("demo").next().expect("remembered");
    assert_eq!(ended.exit_code, Some(0), "the shutdown file is an order that is obeyed in peace");

    // The pair's service fell asleep by itself meanwhile, or does so now; its proxy follows it.
    until("the pair's service to sleep", |now| {
        now.tasks_of("pair").next().is_some() && now.living_tasks("pair").next().is_none()
    })
    .await;
    let ids = up.0.run(&["ps", "-q", "pair-proxy"]);
    let pair = String::from_utf8_lossy(&ids.stdout).trim().to_owned();
    assert_eq!(docker(&["wait", &pair]), "3", "a pair proxy ends by itself when its service has gone");

    let (status, again) = host("http://127.0.0.1:9060/host").await;
    assert_eq!(status, 200, "{again}");
    assert_ne!(again["task"], first["task"]);

    let down = up.0.run(&["down", "-v"]);
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    let left = docker(&["ps", "-aq", "--filter", "label=com.amazonaws.ecs.task-arn"]);
    assert_eq!(left, "", "containers that local-aws started are left");
    drop(up);
}
