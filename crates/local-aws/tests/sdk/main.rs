//! The AWS SDK that the three programs use, against a local AWS on a port of its own.

mod auto_scaling;
mod cloud_map;
mod ecs;
mod faults;
mod protocol;
mod services;
mod sqs;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use local_aws::config::{Settings, Tasks};
use local_aws::pace::Pace;
use local_aws::run::Running;

/// The world of every test: one cluster with one group behind it, and a service that runs until it is stopped.
const WORLD: &str = include_str!("world.json");

/// A local AWS and how to reach it.
struct Cloud {
    running: Running,
    config: SdkConfig,
    directory: PathBuf,
}

impl Cloud {
    /// `network` is the second byte of its addresses: each test has one of its own.
    async fn start(network: u8) -> Cloud {
        let directory = std::env::temp_dir().join(format!("local-aws-sdk-{}-{network}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory for the world file");
        let world = directory.join("world.json");
        std::fs::write(&world, WORLD).expect("the world file");
        let running = Running::start(Settings {
            listen: "127.0.0.1:0".parse().expect("an address"),
            dns_listen: Some("127.0.0.1:0".parse().expect("an address")),
            resolver_listen: Some("127.0.0.1:0".parse().expect("an address")),
            pace: Pace::times(600.0).expect("a factor"),
            tasks: Tasks::Process,
            agent: None,
            agent_env: Vec::new(),
            images: Vec::new(),
            world: Some(world),
            scenario: None,
            throttle: false,
            seed: None,
            network: [127, network],
            docker_network: String::new(),
            task_endpoint: None,
            proxy_admins: Vec::new(),
            publish: Vec::new(),
        })
        .await
        .expect("it starts");
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", running.address))
            .region(Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_ecs::config::Credentials::new("local", "local", None, None, "test"))
            .load()
            .await;
        Cloud { running, config, directory }
    }

    fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config)
    }

    fn auto_scaling(&self) -> aws_sdk_autoscaling::Client {
        aws_sdk_autoscaling::Client::new(&self.config)
    }

    fn cloud_map(&self) -> aws_sdk_servicediscovery::Client {
        let config = aws_sdk_servicediscovery::config::Builder::from(&self.config);
        aws_sdk_servicediscovery::Client::from_conf(config.interceptor(::cloud_map::endpoint::PlainHost).build())
    }

    async fn end(self) {
        self.running.end().await;
        let _ = std::fs::remove_dir_all(self.directory);
    }
}

/// Asks again until there is an answer; fails with `what` after 20 seconds.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
