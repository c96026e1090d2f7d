use std::path::Path;
use std::time::Instant;

use super::*;

/// Says that it is ready for signals only when it is: a signal before the trap would end it.
const OBEYS: &str = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done";
const IGNORES: &str = "trap '' TERM; echo ready; while :; do sleep 0.01; done";

async fn world() -> World {
    World::new(RuntimeSettings::Process(ProcessSettings::default())).await
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().next().map(str::to_owned));
    state.is_some_and(|state| state != "Z" && state != "X")
}

#[tokio::test]
async fn a_task_runs_with_exactly_its_environment_and_its_exit_code_comes_back() {
    let mut world = world().await;
    let mut container = shell("app", "none", "env | sort; pwd >/dev/null; ls -d \"$DIR\"; exit 3");
    container.environment = [("LISTEN", "{TASK_ADDRESS}:9050"), ("DIR", "{TASK_DIR}"), ("PATH", "/usr/bin:/bin")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    world.runtime.start(task("t1", vec![container]));
    assert_eq!(world.started().await, (Ipv4Addr::new(127, 42, 1, 10), Vec::new()));
    assert_eq!(world.exited().await, ("app".to_owned(), 3));
    let directory = world.lines.last().expect("the directory").clone();
    assert!(world.lines.contains(&"LISTEN=127.42.1.10:9050".to_owned()), "{:?}", world.lines);
    assert!(world.lines.contains(&format!("DIR={directory}")), "{:?}", world.lines);
    // What is left is set by the shell itself.
    let names: Vec<&str> = world.lines.iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let unexpected: Vec<_> =
        names.iter().filter(|n| !["LISTEN", "DIR", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(n)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    assert!(!Path::new(&directory).exists(), "the task's directory is left behind");
    world.runtime.end().await;
}

#[tokio::test]
async fn an_image_brings_its_program_and_the_definition_its_command() {
    let images = BTreeMap::from([("app:1".to_owned(), words(&["/bin/sh", "-c", "echo $0 $1"]))]);
    let settings = ProcessSettings { images, dns_server: None, resolver: None };
    let mut world = World::new(RuntimeSettings::Process(settings)).await;
    let mut container = shell("app", "app:1", "");
    container.entry_point = Vec::new();
    container.command = words(&["one", "{TASK_ADDRESS}"]);
    world.runtime.start(task("t1", vec![container]));
    world.started().await;
    assert_eq!(world.exited().await.1, 0);
    assert_eq!(world.lines, ["one 127.42.1.10"]);
    world.runtime.end().await;
}

#[tokio::test]
async fn stop_asks_first_and_kills_after_the_stop_timeout() {
    let mut world = world().await;
    world.runtime.start(task("obeys", vec![shell("app", "none", OBEYS)]));
    world.started().await;
    world.line("ready").await;
    world.runtime.stop("obeys");
    world.runtime.stop("obeys");
    assert_eq!(world.exited().await.1, 7);

    let mut stubborn = shell("app", "none", IGNORES);
    stubborn.stop_timeout = Duration::from_millis(300);
    world.runtime.start(task("ignores", vec![stubborn]));
    world.started().await;
    world.line("ready").await;
    let asked = Instant::now();
    world.runtime.stop("ignores");
    assert_eq!(world.exited().await.1, 137);
    assert!(asked.elapsed() >= Duration::from_millis(300), "killed before its time");
    world.runtime.stop("ignores");
    world.runtime.end().await;
}

#[tokio::test]
async fn kill_does_not_wait_even_when_a_stop_is_under_way() {
    let mut world = world().await;
    world.runtime.start(task("t1", vec![shell("app", "none", IGNORES)]));
    world.started().await;
    world.line("ready").await;
    world.runtime.stop("t1");
    let asked = Instant::now();
    world.runtime.kill("t1");
    assert_eq!(world.exited().await.1, 137);
    assert!(asked.elapsed() < Duration::from_secs(25), "the stop timeout was waited for");
    world.runtime.end().await;
}

#[tokio::test]
async fn what_a_task_left_in_other_process_groups_goes_with_it() {
    let mut world = world().await;
    // `set -m` gives each background job a process group of its own.
    let script = "set -m; sleep 1000 & echo left $!; exit 0";
    world.runtime.start(task("t1", vec![shell("app", "none", script)]));
    world.started().await;
    let left = world.line("left ").await;
    assert_eq!(world.exited().await.1, 0);
    assert!(!is_alive(&left), "process {left} outlived its task");
    world.runtime.end().await;
}

#[tokio::test]
async fn the_end_of_an_essential_container_stops_the_others() {
    let mut world = world().await;
    let mut side = shell("side", "none", "exit 0");
    side.essential = false;
    let go = std::env::temp_dir().join(format!("go-{}", uuid::Uuid::new_v4()));
    let main = shell("main", "none", &format!("until [ -e {} ]; do sleep 0.01; done; exit 4", go.display()));
    world.runtime.start(task("t1", vec![shell("app", "none", OBEYS), side, main]));
    world.started().await;
    assert_eq!(world.exited().await, ("side".to_owned(), 0));
    world.line("ready").await;
    std::fs::write(&go, "").expect("a file");
    assert_eq!(world.exited().await, ("main".to_owned(), 4));
    assert_eq!(world.exited().await, ("app".to_owned(), 7));
    std::fs::remove_file(&go).expect("the file");
    world.runtime.end().await;
}

#[tokio::test]
async fn a_task_that_cannot_start_says_why_as_ecs_does_and_leaves_nothing() {
    let mut world = world().await;
    let mut missing = shell("app", "no/such:1", "");
    missing.entry_point = Vec::new();
    missing.command = Vec::new();
    world.runtime.start(task("t1", vec![missing]));
    let reason = world.failed().await;
    assert!(reason.starts_with("CannotPullContainerError: ") && reason.contains("no/such:1"), "{reason}");

    let mut wrong = shell("wrong", "none", "");
    wrong.entry_point = words(&["/no/such/program"]);
    world.runtime.start(task("t2", vec![shell("app", "none", "echo $$; exec sleep 1000"), wrong]));
    let reason = world.failed().await;
    assert!(reason.starts_with("CannotStartContainerError: "), "{reason}");
    assert!(reason.contains("\"/no/such/program\": executable file not found"), "{reason}");
    world.runtime.end().await;
}

#[tokio::test]
async fn end_leaves_nothing_behind() {
    let mut world = world().await;
    let mut pids = Vec::new();
    for (id, script) in [("obeys", OBEYS), ("ignores", IGNORES)] {
        world.runtime.start(task(id, vec![shell("app", "none", &format!("echo pid $$ {{TASK_DIR}}; {script}"))]));
        world.started().await;
        let said = world.line("pid ").await;
        world.line("ready").await;
        let (pid, directory) = said.split_once(' ').expect("two words");
        pids.push((pid.to_owned(), directory.to_owned()));
    }
    let World { runtime, mut events, .. } = world;
    within("the end", runtime.end()).await;
    for (pid, directory) in pids {
        assert!(!is_alive(&pid), "process {pid} is left behind");
        assert!(!Path::new(&directory).exists(), "{directory} is left behind");
    }
    let mut codes = Vec::new();
    while let Some(event) = within("the last events", events.recv()).await {
        if let Happened::Exited { code, .. } = event {
            codes.push(code);
        }
    }
    codes.sort_unstable();
    assert_eq!(codes, [7, 137]);
}

/// The state of a process, as proc(5) names it.
fn state(pid: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

async fn until_state(pid: &str, is: impl Fn(char) -> bool) {
    let begun = Instant::now();
    while !state(pid).is_some_and(&is) {
        assert!(begun.elapsed() < LIMIT, "process {pid} is {:?}", state(pid));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_frozen_task_stands_still_with_all_it_started_until_it_is_thawed() {
    let mut world = world().await;
    let script = "set -m; sleep 1000 & echo pid $!; trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done";
    world.runtime.start(task("t1", vec![shell("app", "none", script)]));
    world.started().await;
    let pid = world.line("pid ").await;
    world.line("ready").await;
    world.runtime.freeze("t1");
    until_state(&pid, |state| state == 'T').await;
    world.runtime.thaw("t1");
    until_state(&pid, |state| state == 'S').await;
    world.runtime.stop("t1");
    assert_eq!(world.exited().await.1, 7);
    world.runtime.end().await;
}

#[tokio::test]
async fn a_frozen_task_is_killed_when_its_stop_timeout_is_over() {
    let mut world = world().await;
    let mut container = shell("app", "none", &format!("echo pid $$; {OBEYS}"));
    container.stop_timeout = Duration::from_millis(200);
    world.runtime.start(task("t1", vec![container]));
    world.started().await;
    let pid = world.line("pid ").await;
    world.line("ready").await;
    world.runtime.freeze("t1");
    // D: it waits for a child that was frozen before it could run its program.
    until_state(&pid, |state| matches!(state, 'T' | 'D')).await;
    world.runtime.stop("t1");
    assert_eq!(world.exited().await.1, 137);
    world.runtime.end().await;
}

#[tokio::test]
async fn a_task_that_is_cut_off_is_not_reached_until_it_is_mended_and_its_successor_is() {
    if !may_cut() {
        println!("skipped: the network's rules can only be changed by root, with nft");
        return;
    }
    let mut world = world().await;
    let mut spec = task("t1", vec![shell("app", "none", OBEYS)]);
    spec.address = Ipv4Addr::new(127, 199, 1, 10);
    let listener = tokio::net::TcpListener::bind((spec.address, 0)).await.expect("a port");
    let at = listener.local_addr().expect("an address");
    // Connections that nobody accepts would fill the listener's queue, which looks like a cut.
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let reached = async || {
        let connect = tokio::net::TcpStream::connect(at);
        timeout(Duration::from_millis(300), connect).await.is_ok_and(|connected| connected.is_ok())
    };
    let becomes = async |wanted: bool| {
        let begun = Instant::now();
        while reached().await != wanted {
            assert!(begun.elapsed() < LIMIT, "reached: {}", !wanted);
        }
    };
    world.runtime.start(spec.clone());
    world.started().await;
    world.line("ready").await;
    becomes(true).await;
    world.runtime.cut("t1");
    becomes(false).await;
    world.runtime.mend("t1");
    becomes(true).await;
    world.runtime.cut("t1");
    becomes(false).await;
    world.runtime.stop("t1");
    assert_eq!(world.exited().await.1, 7);
    becomes(true).await;
    world.runtime.end().await;
}

fn may_cut() -> bool {
    let listed = std::process::Command::new("nft").args(["list", "tables"]).output();
    listed.is_ok_and(|output| output.status.success())
}

#[test]
fn a_task_is_told_to_end_when_its_thread_has_gone_and_ends_what_it_started() {
    // As a supervisor with its app: the app's process id is said, and the app ends by its parent's doing alone.
    const SUPERVISED: &str = "sleep 1000 & trap 'kill $!; exit 0' TERM; echo pid $! {TASK_DIR}; echo ready; wait";
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        tokio.block_on(async {
            let mut world = world().await;
            world.runtime.start(task("t1", vec![shell("app", "none", SUPERVISED)]));
            world.started().await;
            let said = world.line("pid ").await;
            world.line("ready").await;
            sender.send(said).expect("the test waits");
            // As good as `kill -9`: nothing here gets to clean up.
            std::mem::forget(world);
        });
        std::mem::forget(tokio);
    });
    let said = receiver.recv_timeout(LIMIT).expect("the task runs");
    let (pid, directory) = said.split_once(' ').expect("two words");
    thread.join().expect("the thread ends");
    let begun = Instant::now();
    while is_alive(pid) {
        assert!(begun.elapsed() < LIMIT, "process {pid} outlived its thread");
        std::thread::yield_now();
    }
    let of_the_life = Path::new(directory).parent().expect("the directory of the life");
    std::fs::remove_dir_all(of_the_life).expect("the directory that was left");
}
