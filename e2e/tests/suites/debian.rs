//! h2load, curl and slowhttptest.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::front::{Front, free, time};
use crate::{origin, run, wanted};

/// A program of a Debian package, named where it is missing.
fn program(name: &str, package: &str) -> Command {
    let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().expect("a shell");
    assert!(found.status.success(), "{name} is missing: it comes with Debian's package {package}");
    Command::new(name)
}

#[test]
fn h2load_gets_every_answer_over_http_2_and_over_1_1() {
    if !wanted() {
        return;
    }
    let mut front = Front::of(origin::page(1024), &[]);
    for (protocol, streams) in [("h2c", "1"), ("h2c", "32"), ("h2c", "100"), ("http/1.1", "1")] {
        let mut h2load = program("h2load", "nghttp2-client");
        h2load.args(["-n", "20000", "-c", "20", "-m", streams, "-p", protocol, &front.url("/page")]);
        let said = run(&mut h2load);
        assert!(said.contains("20000 succeeded, 0 failed, 0 errored, 0 timeout"), "{protocol} {streams}");
        assert!(said.contains("20000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{protocol} {streams}");
    }
    // A body that is longer than a window, in many streams at once.
    let front_of_large = Front::of(origin::page(1024 * 1024), &[]);
    let mut h2load = program("h2load", "nghttp2-client");
    h2load.args(["-n", "500", "-c", "5", "-m", "20", "-w", "16", &front_of_large.url("/large")]);
    assert!(run(&mut h2load).contains("500 succeeded, 0 failed, 0 errored, 0 timeout"));
    front.expect_running();
}

#[test]
fn curl_speaks_both_versions() {
    if !wanted() {
        return;
    }
    let front = Front::of(origin::page(100_000), &[]);
    let upload = std::env::temp_dir().join(format!("doze-suites-{}", std::process::id()));
    std::fs::write(&upload, vec![b'u'; 3_000_000]).expect("a file");
    let file = format!("@{}", upload.display());
    for version in ["--http2-prior-knowledge", "--http1.1", "--http1.0", "--http2"] {
        let curl = |more: &[&str]| {
            let mut curl = program("curl", "curl");
            curl.args(["-sS", "--max-time", "30", version, "-o", "/dev/null", "-w"]);
            curl.arg("%{http_code} %{http_version} %{size_download} %{size_upload}\n").args(more);
            run(&mut curl)
        };
        // `--http2` asks to upgrade to h2c, which is never done: it stays with 1.1.
        let spoken = if version == "--http2-prior-knowledge" { "2" } else { "1.1" };
        assert_eq!(curl(&[&front.url("/")]).trim(), format!("200 {spoken} 100000 0"), "{version}");
        assert_eq!(curl(&["-I", &front.url("/")]).trim(), format!("200 {spoken} 0 0"), "{version}");
        let sent = curl(&["--data-binary", &file, &front.url("/")]);
        assert_eq!(sent.trim(), format!("200 {spoken} 100000 3000000"), "{version}");
    }
    std::fs::remove_file(upload).expect("the file");
    // Where nobody listens, the caller is told in the same way by either version.
    let held = Front::of(free(), &["--hold-timeout", "500ms"]);
    for version in ["--http2-prior-knowledge", "--http1.1"] {
        let mut curl = program("curl", "curl");
        curl.args(["-sS", "--max-time", "30", version, "-D", "-", &held.url("/")]);
        let said = run(&mut curl).to_ascii_lowercase();
        assert!(said.contains("proxy-status: doze") && said.contains("retry-after: 5"), "{said}");
    }
}

/// For so long a backend that has just become ready gets few requests at once (rule X8), and slow ones are among them.
const RAMP: Duration = Duration::from_secs(31);

/// Fails where slowhttptest, or another caller beside it, finds the service not available.
fn withstands(after: Duration, mode: &[&str]) {
    let page = origin::page(200_000);
    let mut front = Front::of(page, &["--header-timeout", "5s", "--max-connections-per-address", "2000"]);
    let since = Instant::now();
    while since.elapsed() < after {
        run(program("curl", "curl").args(["-sSf", "--max-time", "5", "-o", "/dev/null", &front.url("/first")]));
        std::thread::sleep(Duration::from_secs(1));
    }
    let before = front.memory_kib();
    let mut slow = program("slowhttptest", "slowhttptest");
    slow.args(["-c", "800", "-r", "400", "-i", "2", "-l", "15", "-p", "3", "-v", "1"]).args(mode);
    slow.args(["-u", &front.url("/page")]);
    let said = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&mut slow));
        while !running.is_finished() {
            let took = time(|| {
                run(program("curl", "curl").args(["-sSf", "--max-time", "5", "-o", "/dev/null", &front.url("/other")]));
            });
            assert!(took < Duration::from_secs(5), "another caller waited {took:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
        running.join().expect("it ran")
    });
    let more = front.memory_kib().saturating_sub(before);
    println!("{mode:?} cost {more} KiB");
    let said: Vec<&str> = said.lines().filter(|line| line.contains("service available:")).collect();
    assert!(!said.is_empty() && said.iter().all(|line| line.contains("YES")), "{said:?}");
    assert!(more < 64 * 1024, "{more} KiB more");
    front.expect_running();
}

#[test]
fn slow_heads_of_slowhttptest_deny_nobody_else() {
    if wanted() {
        withstands(Duration::ZERO, &["-H", "-x", "24"]);
    }
}

#[test]
fn slow_bodies_of_slowhttptest_deny_nobody_else() {
    if wanted() {
        withstands(RAMP, &["-B", "-s", "8192", "-x", "10"]);
    }
}

#[test]
fn slow_readers_of_slowhttptest_deny_nobody_else() {
    if wanted() {
        withstands(Duration::ZERO, &["-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "32", "-k", "3"]);
    }
}

#[test]
fn ranges_of_slowhttptest_deny_nobody_else() {
    if wanted() {
        withstands(Duration::ZERO, &["-R", "-a", "5", "-b", "2000"]);
    }
}
