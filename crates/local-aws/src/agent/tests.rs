use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

/// An agent that is a shell script.
struct Scripted {
    agent: Agent,
    events: UnboundedReceiver<Happened>,
    directory: PathBuf,
}

impl Scripted {
    fn start(script: &str) -> Scripted {
        let directory = std::env::temp_dir().join(format!("agent-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).expect("a directory");
        let program = directory.join("agent");
        // Another process writes it: a child that another test starts meanwhile would inherit our open file, and an
        // open file cannot be run.
        let written = std::process::Command::new("/bin/sh")
            .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", script])
            .arg(&program)
            .status();
        assert!(written.is_ok_and(|status| status.success()), "no script");
        let environment = environment(Ipv4Addr::new(127, 42, 1, 1), "http://127.0.0.1:4566", "eu-west-1", "KEY1", &[]);
        let (sender, events) = unbounded_channel();
        let spec = AgentSpec { instance_id: "i-1".to_owned(), program, environment };
        Scripted { agent: Agent::start(spec, sender), events, directory }
    }

    async fn line(&mut self) -> String {
        let event = timeout(LIMIT, self.events.recv()).await.expect("a line in time").expect("a line");
        let Happened::Line { subject, line } = event.clone() else { panic!("{event:?} instead of a line") };
        assert_eq!(subject, "i-1");
        line
    }

    async fn stop(self) {
        timeout(LIMIT, self.agent.stop()).await.expect("stopped in time");
        std::fs::remove_dir_all(&self.directory).expect("the directory");
    }
}

fn is_alive(pid: &str) -> bool {
    std::path::Path::new("/proc").join(pid).exists()
}

#[tokio::test]
async fn an_agent_knows_its_own_endpoints_and_where_aws_is() {
    let mut scripted = Scripted::start("env | sort | grep -E '^(AGENT|AWS)'; echo end; sleep 1000");
    let mut lines = Vec::new();
    loop {
        match scripted.line().await.as_str() {
            "end" => break,
            line => lines.push(line.to_owned()),
        }
    }
    assert_eq!(
        lines,
        [
            "AGENT_ADMIN_LISTEN=127.42.1.1:9071",
            "AGENT_INTROSPECTION=http://127.42.1.1:51678",
            "AWS_ACCESS_KEY_ID=KEY1",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.42.1.1:1338",
            "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
            "AWS_REGION=eu-west-1",
            "AWS_SECRET_ACCESS_KEY=local",
        ]
    );
    scripted.stop().await;
}

#[tokio::test]
async fn an_agent_that_ends_is_started_again_until_it_is_stopped() {
    let mut scripted = Scripted::start("echo life $$; exit 9");
    let mut lives = std::collections::BTreeSet::new();
    while lives.len() < 3 {
        match scripted.line().await {
            life if life.starts_with("life ") => drop(lives.insert(life)),
            end => assert_eq!(end, "the agent ended with code 9"),
        }
    }
    scripted.stop().await;
}

#[tokio::test]
async fn stop_ends_an_agent_that_obeys_and_one_that_does_not() {
    for script in
        ["trap 'echo bye; exit 0' TERM; echo $$; while :; do sleep 0.01; done", "trap '' TERM; echo $$; sleep 1000"]
    {
        let mut scripted = Scripted::start(script);
        let pid = scripted.line().await;
        scripted.stop().await;
        assert!(!is_alive(&pid), "{pid} is left behind by {script:?}");
    }
}

#[tokio::test]
async fn a_missing_agent_is_said_and_does_no_other_harm() {
    let (sender, mut events) = unbounded_channel();
    let spec = AgentSpec { instance_id: "i-1".to_owned(), program: "/no/such/agent".into(), environment: Vec::new() };
    let agent = Agent::start(spec, sender);
    let event = timeout(LIMIT, events.recv()).await.expect("a line in time");
    assert!(matches!(&event, Some(Happened::Line { line, .. }) if line.contains("/no/such/agent")), "{event:?}");
    agent.stop().await;
}

#[tokio::test]
async fn a_killed_agent_comes_back_as_another_process_and_a_frozen_one_only_when_it_is_thawed() {
    let mut scripted = Scripted::start("echo $$; exec sleep 1000");
    let first = scripted.line().await;
    scripted.agent.kill();
    assert_eq!(scripted.line().await, "the agent ended with code 137");
    let second = scripted.line().await;
    assert_ne!(first, second);

    scripted.agent.freeze();
    let begun = Instant::now();
    while state(&second) != Some('T') {
        assert!(begun.elapsed() < LIMIT, "{second} is not frozen");
        tokio::task::yield_now().await;
    }
    scripted.agent.kill();
    assert_eq!(scripted.line().await, "the agent ended with code 137");
    let nothing = timeout(RESTART * 2, scripted.line()).await;
    assert!(nothing.is_err(), "a frozen host started {nothing:?}");
    scripted.agent.thaw();
    scripted.line().await;
    scripted.stop().await;
}

fn state(pid: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}
