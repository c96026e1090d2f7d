//! Under a terminal: `script` makes one, and types what it is given.

use std::process::Command;

use super::bare::{Running, supervisor};

/// The supervisor with `options` and this app, as a line for a shell.
fn line(options: &[&str], app: &str) -> String {
    let command = supervisor(&[], &[options, &["--restart", "never"]].concat());
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_str().expect("text")).collect();
    format!("{} {app}", words.join(" "))
}

/// Runs a line of a shell on a terminal of its own.
fn on_a_terminal(line: &str) -> Running {
    let mut command = Command::new("env");
    command.args(["--default-signal", "script", "--quiet", "--return", "--echo", "never", "--command"]);
    command.arg(line).arg("/dev/null").env("SHELL", "/bin/sh").env("SERVICE_NAME", "demo").env("LOG", "off");
    Running::start(command)
}

#[test]
fn the_app_reads_and_writes_the_terminal() {
    let mut running = on_a_terminal(&line(&[], "tac"));
    running.type_in(b"1\n2\n3\n\x04");
    assert_eq!([running.line(), running.line(), running.line()], ["3", "2", "1"]);
    assert_eq!(running.exit().0, Some(0));
}

#[test]
fn the_apps_group_is_the_foreground_of_the_terminal_and_not_the_supervisors() {
    let running = on_a_terminal(&line(&[], "sh -c 'ps -o pgid=,tpgid=,pid= -p $$; ps -o pgid=,tpgid= -p $PPID'"));
    let numbers = |text: String| text.split_whitespace().map(|n| n.parse().expect("a number")).collect::<Vec<i32>>();
    let (app, supervisor) = (numbers(running.line()), numbers(running.line()));
    assert_eq!((app[0], app[1]), (app[2], app[2]));
    assert_eq!(supervisor[1], app[0]);
    assert_ne!(supervisor[0], app[0]);
    assert_eq!(running.exit().0, Some(0));
}

#[test]
fn a_shell_under_the_supervisor_has_job_control() {
    let mut running = on_a_terminal(&line(&[], "bash --norc --noprofile -i"));
    running.type_in(b"echo \"flags are: [[$-]]\"\nsleep 60 & kill %1; wait %1; echo \"ended: $?\"\nexit 6\n");
    let mut all = vec![];
    while !all.iter().any(|line: &String| line.contains("ended: 143")) {
        all.push(running.line());
    }
    let flags = all.iter().find_map(|line| line.split_once("flags are: [[")).expect("flags").1;
    assert!(flags.contains('m'), "{all:?}");
    assert!(!all.iter().any(|line| line.contains("no job control")), "{all:?}");
    assert_eq!(running.exit().0, Some(6));
}

#[test]
fn ctrl_c_is_the_apps_alone_and_comes_once() {
    let app = "sh -c 'trap \"echo interrupted\" INT; echo ready; until read -r answer; do :; done; exit 41'";
    let mut running = on_a_terminal(&line(&[], app));
    running.until("ready");
    running.type_in(b"\x03");
    assert!(running.line().contains("interrupted"));
    running.type_in(b"on\n");
    let rest = running.exit();
    assert_eq!(rest.0, Some(41));
    assert!(!rest.1.contains("interrupted"), "{}", rest.1);
}

#[test]
fn an_app_that_ctrl_c_ends_gives_130_and_is_not_started_again() {
    let mut running = on_a_terminal(&line(&[], "sh -c 'echo ready; exec sleep 60'").replace("--restart never ", ""));
    running.until("ready");
    running.type_in(b"\x03");
    assert_eq!(running.exit().0, Some(130));
}

#[test]
fn under_a_shell_with_job_control_the_supervisor_pauses_with_its_app_and_goes_on_with_it() {
    // The app pauses itself as Ctrl-Z would, the shell sees its job pause, and lets it go on.
    let app = "sh -c 'kill -TSTP $$; ps -o stat= -p $$; exit 5'";
    let job = line(&[], &app.replace('\'', "\""));
    let job = job.replace('$', "\\$");
    let shell = format!("bash --norc --noprofile -mc '{job}; echo paused $?; fg >/dev/null; echo ended $?'");
    let running = on_a_terminal(&shell.replace("\\$", "\\\\\\$").replace("\\\\\\$", "\\$"));
    let lines = running.until("ended 5");
    assert!(lines.contains(&String::from("paused 147")), "{lines:?}");
    let state = lines.iter().find(|line| line.starts_with(['R', 'S'])).expect("what ps says");
    assert!(state.contains('+'), "in the foreground again: {lines:?}");
}

#[test]
fn without_a_shell_ctrl_z_pauses_nobody_for_ever() {
    let app = "sh -c 'echo ready; read -r line; echo \"read $line\"; exit 9'";
    let mut running = on_a_terminal(&format!("exec setsid --ctty --wait {}", line(&[], app)));
    running.until("ready");
    running.type_in(b"\x1aon\n");
    let lines = running.until("read on");
    assert!(lines.len() < 3, "{lines:?}");
    assert_eq!(running.exit().0, Some(9));
}

#[test]
fn a_terminal_that_is_somebody_elses_is_not_taken_away() {
    // In the background of a shell with job control.
    let job = line(&[], "sh -c \"ps -o stat= -p \\$\\$\"");
    let running = on_a_terminal(&format!("bash --norc --noprofile -mc '{job} & wait %1; echo ended $?'"));
    let lines = running.until("ended 0");
    let state = lines.iter().find(|line| line.starts_with(['R', 'S'])).expect("what ps says");
    assert!(!state.contains('+'), "{lines:?}");
}
