//! A world with one host and two tasks, for the tests of what renders it.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use super::{ContainerView, HostView, RecordKind, Records, TaskView, Views, Zones};

/// The host's address.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);

/// The world.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) host: Option<HostView>,
    pub(crate) tasks: Vec<TaskView>,
}

impl Sample {
    /// A running task `a…` and a stopped one `b…` on a registered host.
    pub(crate) fn new() -> Sample {
        let host = HostView {
            instance_id: "i-0123456789abcdef0".to_owned(),
            container_instance_arn: Some("arn:aws:ecs:eu-west-1:000000000000:container-instance/c1/h1".to_owned()),
            cluster: "c1".to_owned(),
            region: "eu-west-1".to_owned(),
            availability_zone: "eu-west-1a".to_owned(),
            address: HOST,
            target_lifecycle_state: Some("InService".to_owned()),
            account: "000000000000".to_owned(),
            launched_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_308_000),
            spot: false,
            spot_notice: None,
            rebalance_notice: None,
        };
        let mut stopped = task('b');
        stopped.known_status = "STOPPED".to_owned();
        stopped.containers[0].known_status = "STOPPED".to_owned();
        stopped.containers[0].exit_code = Some(137);
        Sample { host: Some(host), tasks: vec![task('a'), stopped] }
    }
}

pub(crate) fn docker_id(letter: char) -> String {
    letter.to_string().repeat(64)
}

pub(crate) fn arn(letter: char) -> String {
    format!("arn:aws:ecs:eu-west-1:000000000000:task/c1/{}", letter.to_string().repeat(32))
}

fn task(letter: char) -> TaskView {
    let created = SystemTime::UNIX_EPOCH + Duration::from_millis(1_780_308_000_100);
    TaskView {
        arn: arn(letter),
        cluster: "c1".to_owned(),
        family: "demo".to_owned(),
        revision: 3,
        desired_status: "RUNNING".to_owned(),
        known_status: "RUNNING".to_owned(),
        launch_type: "EC2".to_owned(),
        service: Some("web".to_owned()),
        availability_zone: "eu-west-1a".to_owned(),
        address: Some(Ipv4Addr::new(127, 42, 1, 10)),
        containers: vec![ContainerView {
            docker_id: docker_id(letter),
            docker_name: format!("ecs-demo-3-app-{letter}"),
            name: "app".to_owned(),
            image: "demo:1".to_owned(),
            ports: vec![(9050, "tcp".to_owned())],
            created_at: Some(created),
            started_at: Some(created + Duration::from_millis(1100)),
            exit_code: None,
            known_status: "RUNNING".to_owned(),
            arn: format!("arn:aws:ecs:eu-west-1:000000000000:container/c1/{letter}/1"),
            cpu: 256,
            memory: 512,
            finished_at: None,
            log_driver: Some("awslogs".to_owned()),
            log_options: serde_json::Map::from_iter([("awslogs-group".to_owned(), "g".into())]),
        }],
        network_mode: "awsvpc",
        region: "eu-west-1".to_owned(),
        pull_started_at: Some(created),
        pull_stopped_at: Some(created + Duration::from_millis(500)),
        execution_stopped_at: None,
        tags: vec![("team".to_owned(), "a".to_owned())],
        fault_injection: false,
        cpu: 256,
        memory: 512,
    }
}

impl Views for Sample {
    fn host(&self, address: Ipv4Addr) -> Option<HostView> {
        self.host.clone().filter(|host| host.address == address)
    }

    fn tasks_of(&self, _: &str) -> Vec<TaskView> {
        self.tasks.clone()
    }

    fn task_of_container(&self, docker_id: &str) -> Option<(TaskView, usize)> {
        self.tasks.iter().find_map(|task| {
            let place = task.containers.iter().position(|container| container.docker_id == docker_id)?;
            Some((task.clone(), place))
        })
    }
}

impl Zones for Sample {
    fn records(&self, _: &str, _: RecordKind) -> Records {
        Records::NotOurs
    }
}
