//! What is measured: `/healthz`, `/metrics`, and CloudWatch's lines on standard output.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::rig::{Rig, SUPERVISOR};

#[test]
fn metrics_are_served_and_health_tells_cpu_and_memory_where_a_control_group_does() {
    let rig = Rig::ready("127.97.4.1", &[]);
    let _watch = rig.watch("?id=p&as=proxy").next();
    let (status, text) = rig.ask("GET /metrics HTTP/1.1\r\n\r\n").expect("an answer");
    assert_eq!(status, 200);
    for line in [
        "doze_supervisor_ready{service=\"demo\"} 1",
        "doze_supervisor_drains_total{service=\"demo\",cause=\"idle\"} 0",
        "# TYPE doze_supervisor_cpu_seconds_total counter",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    let cgroup = service_supervisor::cgroup::Cgroup::find();
    let health = rig.health().expect("health");
    assert_eq!(health.memory.is_some(), cgroup.memory().is_some());
    if cgroup.cpu_used().is_some() {
        // A rate is over a second or more.
        rig.wait_for("a rate", |rig| rig.health().is_some_and(|health| health.cpu.is_some()));
    }
}

#[test]
fn cloud_watch_gets_a_line_on_standard_output_when_it_becomes_ready() {
    let address = "127.97.4.2";
    let mut command = Command::new(SUPERVISOR);
    command.args(["--listen", &format!("{address}:9051"), "--app-address", address, "--log-metrics", "emf"]);
    command.args(["--shutdown-file", "/tmp/doze-no-such-file", "--"]);
    command.arg(std::env::current_exe().expect("this binary")).args(["--exact", "app::the_app", "--nocapture"]);
    command.env("SERVICE_NAME", "demo").env("APP_LISTEN", format!("{address}:9050"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("\"_aws\"")).expect("a line of figures");
    let told: serde_json::Value = serde_json::from_str(&line).expect("the whole line is JSON");
    assert_eq!(told["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Doze");
    assert_eq!((told["ServiceName"].as_str(), told["AwakeSeconds"].is_number()), (Some("demo"), true));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), nix::sys::signal::SIGTERM)
        .expect("signalled");
    child.wait().expect("ended");
}
