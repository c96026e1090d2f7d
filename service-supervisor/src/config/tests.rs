//! Settings as a user gives them.

use super::*;
use crate::decide::policy::SHORTEST_DRAIN;

fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, String> {
    let arguments = arguments.iter().map(OsString::from);
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match arguments::given(&PROGRAM, arguments, &environment.collect()).and_then(settings) {
        Ok((settings, _)) => Ok(settings),
        Err(Stop::Told(text) | Stop::Bad(text)) => Err(text),
    }
}

#[test]
fn a_name_and_a_command_are_enough() {
    let settings = read(&["--", "app", "-x"], &[("SERVICE_NAME", "demo")]).expect("settings");
    assert_eq!(settings.policy, crate::decide::policy::tests::defaults());
    assert_eq!(settings.command, ["app", "-x"]);
    assert_eq!(settings.listen.to_string(), "0.0.0.0:9051");
    assert_eq!(settings.shutdown_file, PathBuf::from("/tmp/shutdown"));
}

#[test]
fn readiness_and_protection_are_read_or_refused() {
    let name = &[("SERVICE_NAME", "demo")];
    let given = |words: &[&str]| read(&[words, &["--", "app"]].concat(), name);
    let usual = given(&[]).expect("settings");
    assert_eq!((usual.ready, usual.protection, usual.policy.observe), (None, None, false));
    let words = ["--task-protection", "--ready", "tcp://127.0.0.1:9050", "--observe"];
    let said = given(&words).expect("settings");
    assert_eq!((said.protection, said.policy.observe), (Some(Duration::from_secs(7200)), true));
    assert!(said.ready.is_some());
    for (flag, bad) in [
        ("--ready", "http://app:80/"),
        ("--task-protection-time", "90s"),
        ("--task-protection-time", "49h"),
        ("--task-protection-time", "0"),
    ] {
        let text = given(&[flag, bad]).expect_err("refused");
        assert!(text.contains(flag) && text.contains(bad), "{text}");
    }
}

#[test]
fn an_idle_timeout_of_0_is_never() {
    let never = read(&["--idle-timeout", "0", "--", "app"], &[("SERVICE_NAME", "demo")]).expect("settings");
    assert_eq!(never.policy.idle_timeout, None);
}

#[test]
fn what_does_not_fit_into_ecs_patience_is_refused_where_that_is_known() {
    let with = |grace: &str, timeout: &[(&str, &str)]| {
        let environment = [&[("SERVICE_NAME", "demo")], timeout].concat();
        read(&["--stop-grace", grace, "--", "app"], &environment)
    };
    let stop_timeout = [("SUPERVISOR_STOP_TIMEOUT", "60s")];
    assert_eq!(with("53s", &stop_timeout).expect("fits").policy.signal_drain(), SHORTEST_DRAIN);
    let text = with("54s", &stop_timeout).expect_err("refused");
    assert!(text.contains("--stop-timeout is shorter than 61.0 s"), "{text}");
    // Without it ECS's usual 30 s are assumed, which is no reason to refuse: it is warned of.
    assert!(with("54s", &[]).is_ok());
}

#[test]
fn the_token_is_taken_and_never_printed() {
    let settings = read(&["--", "app"], &[("SERVICE_NAME", "demo"), ("SUPERVISOR_TOKEN", "s3cret")]);
    assert!(!format!("{settings:?}").contains("s3cret"));
    assert!(settings.is_ok_and(|settings| settings.access.token.is_some()));
    let text = read(&["--", "app"], &[("SERVICE_NAME", "demo"), ("SUPERVISOR_TOKEN", "of two words")]);
    let text = text.expect_err("refused");
    assert!(text.contains("SUPERVISOR_TOKEN") && !text.contains("of two words"), "{text}");
}

#[test]
fn a_job_has_no_port_and_a_percentage_may_have_tenths() {
    let name = [("SERVICE_NAME", "demo")];
    let job = read(&["--app-port", "none", "--busy-cpu", "0.5%", "--", "job"], &name).expect("settings");
    assert_eq!((job.policy.ports.as_slice(), job.policy.busy_cpu), (&[][..], Some(5)));
    for (text, thousandths) in [("0", None), ("0%", None), ("7", Some(70)), ("100%", Some(1000))] {
        let settings = read(&["--busy-cpu", text, "--", "job"], &name).expect("settings");
        assert_eq!(settings.policy.busy_cpu, thousandths, "{text}");
    }
}

#[test]
fn who_does_not_count_is_named_by_address_or_network() {
    let arguments = ["--ignore-peer", "10.0.0.0/16", "--ignore-peer", "fd00::1", "--ignore-loopback", "--", "app"];
    let ignore = read(&arguments, &[("SERVICE_NAME", "demo")]).expect("settings").policy.ignore;
    let covers = |address: &str| ignore.covers(address.parse().expect("address"));
    assert!(covers("10.0.9.9") && covers("fd00::1") && covers("127.0.0.1") && !covers("10.1.0.1"));
}

#[test]
fn settings_that_cannot_work_are_refused_all_at_once() {
    let bad = [
        ("SUPERVISOR_APP_PORT", "9051"),
        ("SUPERVISOR_IDLE_TIMEOUT", "10ms"),
        ("SUPERVISOR_STOP_GRACE", "10m"),
        ("SUPERVISOR_DRAIN_TIMEOUT", "4s"),
        ("SUPERVISOR_SHUTDOWN_FILE", "/"),
        ("SUPERVISOR_APP_ADDRESS", "here"),
        ("SUPERVISOR_BUSY_CPU", "101%"),
        ("SUPERVISOR_IGNORE_PEER", "10.0.0.0/33"),
        ("SUPERVISOR_NETWORK", "bridge"),
        ("SUPERVISOR_BUSY_FILE", "busy"),
        ("SUPERVISOR_LOG_METRICS", "statsd"),
    ];
    let text = read(&[], &bad).expect_err("refused");
    for part in [
        "SERVICE_NAME (--service-name) is missing",
        "nothing to run",
        "--app-port and --listen are both 9051",
        "SUPERVISOR_IDLE_TIMEOUT is \"10ms\"",
        "--stop-grace is longer than 113 s",
        "--drain-timeout is shorter than 5 s",
        "--drain-min is longer than --drain-timeout",
        "SUPERVISOR_SHUTDOWN_FILE",
        "SUPERVISOR_APP_ADDRESS",
        "SUPERVISOR_BUSY_FILE",
        "SUPERVISOR_LOG_METRICS is \"statsd\": expected emf",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}
