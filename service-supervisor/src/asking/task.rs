//! What the ECS task metadata endpoint, version 4, says of the task: `$ECS_CONTAINER_METADATA_URI_V4/task`. Pure.

use serde::Deserialize;

use super::answer::Answer;
use super::target::Target;
use super::{Purpose, Question};

/// The longest answer that is read; usual ones have some KiB.
const LONGEST: usize = 256 * 1024;

/// The ECS task that this is.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// Its cluster, as a name or an ARN.
    pub cluster: Option<String>,
    /// The family of its definition.
    pub family: Option<String>,
    /// The ECS service that it is of, where the endpoint tells (it does on EC2, not on Fargate).
    pub service: Option<String>,
    /// `awsvpc`, `bridge` or `host`.
    pub network_mode: Option<String>,
    /// The task's limit, in virtual CPUs.
    pub cpus: Option<f64>,
    /// The task's limit, in MiB.
    pub memory_mib: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    #[serde(rename = "TaskARN")]
    arn: String,
    cluster: Option<String>,
    family: Option<String>,
    service_name: Option<String>,
    limits: Option<Limits>,
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Limits {
    #[serde(rename = "CPU")]
    cpus: Option<f64>,
    #[serde(rename = "Memory")]
    memory_mib: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    #[serde(default)]
    networks: Vec<Network>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    network_mode: Option<String>,
}

/// Asks the endpoint at `base` who the task is.
#[must_use]
pub fn question(base: &Target) -> Question {
    Question::get(&base.join("/task"), Purpose::Task, LONGEST)
}

/// The task in an answer; none where it tells of none.
#[must_use]
pub fn read(answer: &Answer) -> Option<Task> {
    let body: Body = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
    let networks = || body.containers.iter().flat_map(|container| &container.networks);
    body.arn.starts_with("arn:").then(|| Task {
        network_mode: networks().find_map(|network| network.network_mode.clone()),
        cpus: body.limits.as_ref().and_then(|limits| limits.cpus),
        memory_mib: body.limits.as_ref().and_then(|limits| limits.memory_mib),
        arn: body.arn.clone(),
        cluster: body.cluster,
        family: body.family,
        service: body.service_name.filter(|name| !name.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Option<Task> {
        read(&Answer { status, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn the_task_is_read_with_its_limits_and_its_network() {
        // Shortened from the example in the ECS developer guide.
        let task = told(
            200,
            r#"{"Cluster":"arn:aws:ecs:us-west-2:111122223333:cluster/default","TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/default/158d",
            "Family":"curltest","ServiceName":"web","Revision":"26","DesiredStatus":"RUNNING","Limits":{"CPU":0.25,"Memory":512},
            "Containers":[{"DockerId":"598c","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.2.61"]}]}]}"#,
        );
        let task = task.expect("a task");
        assert_eq!(task.arn, "arn:aws:ecs:us-west-2:111122223333:task/default/158d");
        assert_eq!((task.family.as_deref(), task.service.as_deref()), (Some("curltest"), Some("web")));
        assert_eq!((task.network_mode.as_deref(), task.cpus, task.memory_mib), (Some("awsvpc"), Some(0.25), Some(512)));
    }

    #[test]
    fn what_is_missing_is_missing_and_what_is_no_task_is_none() {
        let bare = told(200, r#"{"TaskARN":"arn:aws:ecs:x"}"#).expect("a task");
        assert_eq!((bare.cluster, bare.network_mode, bare.cpus), (None, None, None));
        for (status, body) in [(500, r#"{"TaskARN":"arn:a"}"#), (200, "{}"), (200, r#"{"TaskARN":"x"}"#), (200, "HTT")]
        {
            assert_eq!(told(status, body), None);
        }
    }
}
