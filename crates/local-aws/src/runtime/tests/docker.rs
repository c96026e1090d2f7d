use std::collections::HashMap;
use std::process::Command;

use super::*;

const IMAGE: &str = "debian:bookworm-slim";
/// Says that it is ready for signals only when it is: one that came earlier would be lost on a first process.
const OBEYS: &str = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";

/// A Docker network of the test's own; removed with it.
struct Network(String);

impl Network {
    /// None, said aloud, where there is no Docker or no image to run.
    fn new() -> Option<Network> {
        Network::made_with(&[])
    }

    /// One whose addresses can be asked for, as a mended container's is.
    fn with_subnet(subnet: &str) -> Option<Network> {
        Network::made_with(&["--subnet", subnet])
    }

    fn made_with(options: &[&str]) -> Option<Network> {
        if docker(&["info"]).is_none() {
            println!("skipped: no Docker");
            return None;
        }
        if docker(&["image", "inspect", IMAGE]).is_none() {
            println!("skipped: no Docker image {IMAGE}");
            return None;
        }
        let name = format!("local-aws-test-{}", uuid::Uuid::new_v4().simple());
        docker(&[&["network", "create"], options, &[&name]].concat()).expect("a network");
        Some(Network(name))
    }

    fn settings(&self) -> RuntimeSettings {
        self.settings_with(Vec::new())
    }

    fn settings_with(&self, publish: Vec<Publish>) -> RuntimeSettings {
        RuntimeSettings::Docker(DockerSettings { network: self.0.clone(), publish, dns_server: None, resolver: None })
    }

    fn containers(&self) -> Vec<String> {
        let label = format!("label=doze.local-aws={}", self.0);
        let listed = docker(&["ps", "-aq", "--filter", &label]).expect("a list");
        listed.lines().map(str::to_owned).collect()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let attached = docker(&["ps", "-aq", "--filter", &format!("network={}", self.0)]).unwrap_or_default();
        for id in attached.lines() {
            docker(&["rm", "-f", id]);
        }
        docker(&["network", "rm", &self.0]);
    }
}

fn docker(arguments: &[&str]) -> Option<String> {
    let output = Command::new("docker").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn wait_until_ready(container: &str) {
    let begun = std::time::Instant::now();
    while docker(&["logs", container]).is_none_or(|said| said != "ready") {
        assert!(begun.elapsed() < LIMIT, "{container} was not ready within {LIMIT:?}");
    }
}

/// A port below those that the system hands out, most likely free.
fn quiet_port() -> u16 {
    20_000 + uuid::Uuid::new_v4().as_fields().1 % 10_000
}

fn id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[tokio::test]
async fn a_container_runs_as_the_ecs_agent_would_run_it_and_its_stop_is_dockers() {
    let Some(network) = Network::new() else { return };
    let mut world = World::new(network.settings()).await;
    let mut container = shell("app", IMAGE, OBEYS);
    container.environment = vec![("LISTEN".to_owned(), "{TASK_ADDRESS}:9050 {TASK_DIR}".to_owned())];
    let name = container.docker_name.clone();
    let spec = task(&id(), vec![container, shell("side", IMAGE, OBEYS)]);
    world.runtime.start(spec.clone());
    let (address, ids) = world.started().await;
    let names: Vec<&str> = ids.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["app", "side"]);
    let inspect = |format: &str| docker(&["inspect", "--format", format, &ids[0].1]).expect("inspected");
    assert_eq!(inspect("{{.Name}}"), format!("/{name}"));
    assert_eq!(
        inspect(&format!("{{{{(index .NetworkSettings.Networks \"{}\").IPAddress}}}}", network.0)),
        address.to_string()
    );
    let labels: HashMap<String, String> = serde_json::from_str(&inspect("{{json .Config.Labels}}")).expect("labels");
    for (label, value) in [
        ("com.amazonaws.ecs.task-arn", spec.arn.as_str()),
        ("com.amazonaws.ecs.container-name", "app"),
        ("com.amazonaws.ecs.task-definition-family", "sample"),
        ("com.amazonaws.ecs.task-definition-version", "1"),
        ("com.amazonaws.ecs.cluster", "c1"),
    ] {
        assert_eq!(labels.get(label).map(String::as_str), Some(value), "{label}");
    }
    assert!(inspect("{{json .Config.Env}}").contains("LISTEN=0.0.0.0:9050 /tmp"));
    let shared = docker(&["inspect", "--format", "{{.HostConfig.NetworkMode}}", &ids[1].1]);
    assert_eq!(shared, Some(format!("container:{}", ids[0].1)), "the containers of a task share its address");

    ids.iter().for_each(|(_, id)| wait_until_ready(id));
    world.runtime.stop(&spec.id);
    assert_eq!(world.exited().await.1, 7);
    assert_eq!(world.exited().await.1, 7);
    assert_eq!(network.containers(), Vec::<String>::new());
    world.runtime.end().await;
}

#[tokio::test]
async fn a_container_that_ends_at_once_tells_its_exit_code() {
    let Some(network) = Network::new() else { return };
    let mut world = World::new(network.settings()).await;
    world.runtime.start(task(&id(), vec![shell("app", IMAGE, "exit 3")]));
    world.started().await;
    assert_eq!(world.exited().await, ("app".to_owned(), 3));
    world.runtime.end().await;
}

#[tokio::test]
async fn a_container_that_cannot_start_says_why_as_ecs_does() {
    let Some(network) = Network::new() else { return };
    let mut world = World::new(network.settings()).await;
    world.runtime.start(task(&id(), vec![shell("app", "no.such.registry.invalid/image:1", "")]));
    let reason = world.failed().await;
    assert!(reason.starts_with("CannotPullContainerError: Error response from daemon: "), "{reason}");

    let mut wrong = shell("app", IMAGE, "");
    wrong.entry_point = words(&["/no/such/program"]);
    world.runtime.start(task(&id(), vec![wrong]));
    let reason = world.failed().await;
    assert!(reason.starts_with("CannotStartContainerError: "), "{reason}");
    assert_eq!(network.containers(), Vec::<String>::new());
    world.runtime.end().await;
}

#[tokio::test]
async fn a_published_port_leads_to_the_first_task_and_the_next_one_starts_without() {
    let Some(network) = Network::new() else { return };
    let (free_port, taken_port) = (quiet_port(), quiet_port());
    // Somebody else has this one: the task is started all the same.
    let taken = format!("{taken_port}:80");
    docker(&["run", "-d", "--network", &network.0, "-p", &taken, IMAGE, "sleep", "1000"]).expect("a container");
    let publish = |host_port| Publish { host_port, container_port: 80, family: "sample".to_owned() };
    let mut world = World::new(network.settings_with(vec![publish(free_port)])).await;
    let ports = |id: &str| docker(&["port", id]).expect("ports");
    world.runtime.start(task(&id(), vec![shell("app", IMAGE, OBEYS)]));
    let (_, first) = world.started().await;
    assert!(ports(&first[0].1).contains(&format!(":{free_port}")), "{}", ports(&first[0].1));
    world.runtime.start(task(&id(), vec![shell("app", IMAGE, OBEYS)]));
    let (_, second) = world.started().await;
    assert_eq!(ports(&second[0].1), "");
    world.runtime.end().await;
    assert_eq!(network.containers(), Vec::<String>::new());

    let mut world = World::new(network.settings_with(vec![publish(taken_port)])).await;
    world.runtime.start(task(&id(), vec![shell("app", IMAGE, OBEYS)]));
    let (_, third) = world.started().await;
    assert_eq!(ports(&third[0].1), "");
    world.runtime.end().await;
}

#[tokio::test]
async fn end_kills_the_stubborn_and_a_new_life_removes_what_the_last_one_left() {
    let Some(network) = Network::new() else { return };
    let mut world = World::new(network.settings()).await;
    world.runtime.start(task(&id(), vec![shell("app", IMAGE, "trap '' TERM; while :; do sleep 0.05; done")]));
    world.started().await;
    within("the end", world.runtime.end()).await;
    assert_eq!(network.containers(), Vec::<String>::new());

    let label = format!("doze.local-aws={}", network.0);
    docker(&["run", "-d", "--label", &label, "--network", &network.0, IMAGE, "sleep", "1000"]).expect("a leftover");
    assert_eq!(network.containers().len(), 1);
    let world = World::new(network.settings()).await;
    assert_eq!(network.containers(), Vec::<String>::new());
    world.runtime.end().await;
}

#[tokio::test]
async fn a_container_is_frozen_and_cut_off_and_comes_back_at_its_address() {
    let Some(network) = Network::with_subnet("10.213.77.0/24") else { return };
    let mut world = World::new(network.settings()).await;
    let spec = task(&id(), vec![shell("app", IMAGE, OBEYS)]);
    world.runtime.start(spec.clone());
    let (address, ids) = world.started().await;
    let container = ids[0].1.clone();
    wait_until_ready(&container);
    let becomes = async |what: &str, wanted: &str| {
        let begun = std::time::Instant::now();
        loop {
            // The runtime shares this thread.
            let seen = tokio::process::Command::new("docker").args(["inspect", "-f", what, &container]).output().await;
            let seen = String::from_utf8_lossy(&seen.expect("docker").stdout).trim().to_owned();
            if seen == wanted {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "{what} is {seen}, not {wanted}");
        }
    };
    let at = format!("{{{{with index .NetworkSettings.Networks {:?}}}}}{{{{.IPAddress}}}}{{{{end}}}}", network.0);
    world.runtime.freeze(&spec.id);
    becomes("{{.State.Paused}}", "true").await;
    world.runtime.thaw(&spec.id);
    becomes("{{.State.Paused}}", "false").await;
    world.runtime.cut(&spec.id);
    becomes(&at, "").await;
    world.runtime.mend(&spec.id);
    becomes(&at, &address.to_string()).await;
    world.runtime.stop(&spec.id);
    assert_eq!(world.exited().await.1, 7);
    world.runtime.end().await;
}
