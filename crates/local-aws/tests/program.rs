//! The program as its user meets it: exit codes, and what it leaves behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const WORLD: &str = r#"[
  { "call": "ecs.CreateCluster", "with": { "clusterName": "doze" } },
  { "call": "ecs.RegisterTaskDefinition", "with": { "family": "demo",
      "networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": [
      { "name": "app", "image": "demo", "memory": 64, "entryPoint": ["sleep", "600"] }] } }
]"#;

fn file(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("local-aws-program-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("written");
    path
}

fn local_aws(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    command.args(arguments).env("LOG_FORMAT", "json").env_remove("LOG");
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
}

/// Waits for its end; its exit code and what it wrote.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("read");
    (child.wait().expect("waited").code(), said)
}

/// Reads its log until it is ready; where it listens.
fn ready(child: &mut Child) -> String {
    let mut log = BufReader::new(child.stderr.as_mut().expect("piped"));
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).expect("read"), 0, "it ended");
        let line: serde_json::Value = serde_json::from_str(&line).expect("a JSON line");
        if line["message"] == "ready" {
            return line["listen"].as_str().expect("an address").to_owned();
        }
    }
}

fn http(at: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("connected");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    answer
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process with this variable in its environment lives.
fn lives(variable: &str) -> bool {
    std::fs::read_dir("/proc").expect("/proc").flatten().any(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|pair| pair == variable.as_bytes())
    })
}

/// Starts it with one Fargate task that carries a mark in its environment.
fn with_a_task(network: &str, mark: &str) -> (Child, String) {
    let world = file(mark, WORLD);
    let network = format!("127.{network}.0.0/16");
    let world_flag = world.to_string_lossy();
    let flags = ["--listen=127.0.0.1:0", "--time-factor=100", "--network", &network, "--world", &world_flag];
    let mut child = local_aws(&flags);
    let at = ready(&mut child);
    let _ = std::fs::remove_file(world);
    let environment = format!(r#"[{{"name":"MARK","value":"{mark}"}}]"#);
    let overrides = format!(r#"{{"containerOverrides":[{{"name":"app","environment":{environment}}}]}}"#);
    let body =
        format!(r#"{{"cluster":"doze","taskDefinition":"demo","launchType":"FARGATE","overrides":{overrides}}}"#);
    let target = "x-amz-target: AmazonEC2ContainerServiceV20141113.RunTask";
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{target}\r\n\r\n");
    assert!(http(&at, &(head + &body)).starts_with("HTTP/1.1 200"));
    until("the task to run", || lives(&format!("MARK={mark}")).then_some(()));
    (child, at)
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), signal).expect("signalled");
}

#[test]
fn asked_to_end_it_exits_with_0_and_leaves_neither_task_nor_port() {
    for (network, how) in [("241", Signal::SIGTERM), ("242", Signal::SIGINT)] {
        let mark = format!("asked-{network}-{}", std::process::id());
        let (child, at) = with_a_task(network, &mark);
        signal(&child, how);
        assert_eq!(ended(child).0, Some(0));
        assert!(!lives(&format!("MARK={mark}")), "its task lives on");
        assert!(TcpStream::connect(at).is_err(), "its port is taken");
    }
}

#[test]
fn killed_with_9_it_takes_its_tasks_with_it() {
    let mark = format!("killed-{}", std::process::id());
    let (child, _) = with_a_task("243", &mark);
    signal(&child, Signal::SIGKILL);
    assert_eq!(ended(child).0, None);
    until("the task to end", || (!lives(&format!("MARK={mark}"))).then_some(()));
}

#[test]
fn bad_settings_exit_with_64_and_a_bad_world_with_1_naming_the_entry() {
    let (code, said) = ended(local_aws(&["--time-factor", "soon", "--tasks", "docker"]));
    assert_eq!(code, Some(64));
    assert!(said.contains("--time-factor is \"soon\"") && said.contains("--docker-network"), "{said}");
    let world =
        file("bad", r#"[{"call":"ecs.CreateCluster"},{"call":"ecs.RegisterTaskDefinition","with":{"family":"x"}}]"#);
    let (code, said) = ended(local_aws(&["--listen=127.0.0.1:0", "--world", &world.to_string_lossy()]));
    let _ = std::fs::remove_file(world);
    assert_eq!(code, Some(1));
    assert!(said.contains("entry 2 (ecs.RegisterTaskDefinition): ClientException: Container definitions"), "{said}");
}

#[test]
fn a_reader_of_its_help_may_leave_after_the_first_line() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    let child = command.arg("--help").stdout(writer).stderr(Stdio::piped()).spawn().expect("started");
    assert_eq!(ended(child), (Some(0), String::new()));
}
