//! Signals: which reach the app, as what, and what it inherits.

use nix::unistd::Pid;

use super::bare::{Running, output, send, supervisor, told};

/// Says the number of each signal that comes, and goes on.
const SAYS_SIGNALS: &str = "sleep 1000 & for n in $(seq 1 31) $(seq 34 64); do
    case $n in 9|17|19) ;; *) trap \"echo $n\" $n ;; esac; done; echo ready; while :; do wait; done";

/// Ends one of [`SAYS_SIGNALS`], which ends of no signal but SIGKILL.
fn end(running: Running) {
    let app = app_of(&running);
    send(app, 9);
    assert_eq!(running.exit().0, Some(137));
}

/// The supervisor's first child.
fn app_of(running: &Running) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", running.pid());
    let text = std::fs::read_to_string(path).expect("children");
    Pid::from_raw(text.split_whitespace().next().expect("an app").parse().expect("a pid"))
}

#[test]
fn every_signal_that_can_be_caught_reaches_the_app_real_time_ones_and_those_of_faults_too() {
    let running = Running::script(&[], SAYS_SIGNALS);
    // SIGTERM comes last: it is the order to stop. SIGTSTP, SIGTTIN and SIGTTOU pause the supervisor as well.
    for number in (1..=31).chain(34..=64).filter(|number| ![9, 15, 17, 19, 20, 21, 22].contains(number)).chain([15]) {
        running.signal(number);
        assert_eq!(running.line(), number.to_string());
    }
    assert_eq!(running.line(), "18", "so that a paused app sees the order");
    // Past the order, more is passed on, a second SIGTERM too.
    for number in [1, 15, 2] {
        running.signal(number);
        assert_eq!(running.line(), number.to_string());
    }
    end(running);
}

#[test]
fn rewritten_signals_reach_the_app_as_others_and_ignored_ones_not_at_all() {
    let cases: [(&[&str], &[i32], &[i32]); 5] = [
        (&[], &[3, 18, 2, 15], &[3, 18, 2, 15]),
        (&["--rewrite", "15:2"], &[15, 3, 18, 2], &[2, 3, 18, 2]),
        (&["--rewrite", "15:2", "--rewrite", "2:15", "--rewrite", "3:3"], &[15, 3, 18, 2], &[2, 3, 18, 15]),
        (&["--rewrite", "HUP:SYS", "--rewrite", "31:64", "--rewrite", "64:SIGHUP"], &[1, 31, 64], &[31, 64, 1]),
        (&["--rewrite", "TERM:QUIT", "--rewrite", "INT:0", "--rewrite", "WINCH:0"], &[2, 28, 15, 1], &[3, 1]),
    ];
    for (options, sent, said) in cases {
        let running = Running::script(options, SAYS_SIGNALS);
        let mut said = said.iter();
        for number in sent {
            running.signal(*number);
            let is_ignored = options.contains(&"INT:0") && [2, 28].contains(number);
            // After the order to stop comes SIGCONT, so that a paused app sees it.
            if !is_ignored {
                let expected = said.next().expect("as many as are sent").to_string();
                let mut line = running.line();
                while line == "18" && expected != "18" {
                    line = running.line();
                }
                assert_eq!(line, expected, "{options:?}: {number}");
            }
        }
        end(running);
    }
}

#[test]
fn signals_that_pause_a_job_are_passed_on_pause_the_supervisor_too_and_sigcont_ends_both_pauses() {
    for options in [&[][..], &["--signal-scope", "group"]] {
        let running = Running::script(options, SAYS_SIGNALS);
        for number in [20, 21, 22] {
            running.signal(number);
            assert_eq!(running.line(), number.to_string());
            running.wait_for_state(running.pid(), 'T');
            running.signal(18);
            assert_eq!(running.line(), "18");
            running.wait_for_state(running.pid(), 'S');
        }
        end(running);
    }
}

#[test]
fn a_pause_that_the_app_does_not_catch_pauses_it_and_ends_with_sigcont() {
    let running = Running::script(&[], "echo ready; while :; do sleep 0.05; done");
    let app = app_of(&running);
    for number in [20, 21, 22] {
        running.signal(number);
        running.wait_for_state(app, 'T');
        running.wait_for_state(running.pid(), 'T');
        running.signal(18);
        running.wait_for_state(running.pid(), 'S');
        running.wait_for_state(app, 'S');
    }
    running.signal(15);
    assert_eq!(running.exit().0, Some(143));
}

#[test]
fn a_rewritten_pause_pauses_the_supervisor_all_the_same() {
    let running =
        Running::script(&["--rewrite", "TTIN:USR1", "--rewrite", "TTOU:INT", "--rewrite", "TSTP:HUP"], SAYS_SIGNALS);
    for (sent, said) in [(21, "10"), (22, "2"), (20, "1")] {
        running.signal(sent);
        assert_eq!(running.line(), said);
        running.wait_for_state(running.pid(), 'T');
        running.signal(18);
        assert_eq!(running.line(), "18");
    }
    end(running);
}

#[test]
fn a_signal_to_the_group_reaches_what_the_app_started_and_one_to_the_child_does_not() {
    // The app ignores SIGUSR1; what it started and waits for does not.
    let script = "trap '' USR1; trap 'echo hup' HUP; env --default-signal=USR1 sh -c '
        trap \"exit 0\" USR1; echo ready; while :; do sleep 0.05; done' & child=$!
        while kill -0 $child 2>/dev/null; do wait $child; done; exit 8";
    let group = Running::script(&["--signal-scope", "group"], script);
    group.signal(10);
    assert_eq!(group.exit().0, Some(8));
    let child = Running::script(&["--signal-scope", "child"], script);
    child.signal(10);
    child.signal(1);
    assert_eq!(child.line(), "hup");
    child.signal(15);
    assert_eq!(child.exit().0, Some(143));
}

#[test]
fn an_app_that_a_forwarded_signal_ends_gives_128_and_its_number_and_is_not_started_again() {
    for number in [1, 2, 3, 10, 12, 15, 40, 64] {
        let mut command = supervisor(&["env", "--default-signal"], &[]);
        command.args(["/bin/sh", "-c", "echo ready; while :; do sleep 0.05; done"]);
        let running = Running::start(command);
        running.until("ready");
        running.signal(number);
        assert_eq!(running.exit().0, Some(128 + number), "signal {number}");
    }
}

#[test]
fn the_app_inherits_the_dispositions_that_the_supervisor_was_given_and_an_empty_mask() {
    let bits = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of status");
        // Without 32 and 33, the C library's own: no program can set them to their defaults.
        u64::from_str_radix(line.trim(), 16).expect("hexadecimal") & !(0b11 << 31)
    };
    // Asked of a program that changes nothing itself.
    let status = |prefix: &[&str]| {
        let mut command = supervisor(prefix, &["--restart", "never"]);
        let output = command.args(["/bin/cat", "/proc/self/status"]).output().expect("run");
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let usual = status(&["env", "--default-signal"]);
    assert_eq!((bits(&usual, "SigIgn:"), bits(&usual, "SigBlk:"), bits(&usual, "SigCgt:")), (0, 0, 0));
    let ignored = "--ignore-signal=INT,SEGV,PIPE,CHLD,TTOU,TERM";
    let blocked = "--block-signal=TTIN,ILL,TERM";
    let given = status(&["env", "--default-signal", ignored, blocked]);
    let expected = [2, 11, 13, 15, 17, 22].iter().map(|number| 1_u64 << (number - 1)).sum::<u64>();
    assert_eq!(bits(&given, "SigIgn:"), expected);
    assert_eq!(bits(&given, "SigBlk:"), 0, "an app that cannot be told to end is of no use");
}

#[test]
fn the_supervisor_works_though_it_was_given_everything_ignored() {
    let ignores = ["env", "--ignore-signal=CHLD,TERM,PIPE,INT,HUP"];
    assert_eq!(told(&output(&ignores, "exit 23")).0, Some(23), "the app's end is noticed and its code known");
    let mut command = supervisor(&ignores, &[]);
    command.args(["env", "--default-signal", "/bin/sh", "-c", "echo ready; while :; do sleep 0.05; done"]);
    let running = Running::start(command);
    running.until("ready");
    running.signal(15);
    assert_eq!(running.exit().0, Some(143), "SIGTERM is an order though it was inherited as ignored");
}

#[test]
fn a_storm_of_signals_loses_neither_the_order_to_stop_nor_an_orphan() {
    let script = "for n in 1 2 3 10 12 28 34 50 64; do trap : $n; done; trap 'exit 31' TERM; echo ready
        while :; do (sleep 0.01 &) ; wait; done";
    let running = Running::script(&[], script);
    let pid = running.pid();
    let storm = |seed: i32| {
        move || {
            for round in 0..2_000 {
                let number = [1, 2, 3, 10, 12, 28][usize::try_from((round * 7 + seed) % 6).expect("small")];
                send(pid, number);
            }
        }
    };
    let threads: Vec<_> = (0..3).map(|seed| std::thread::spawn(storm(seed))).collect();
    for thread in threads {
        thread.join().expect("stormed");
    }
    for number in [34, 50, 64] {
        send(pid, number);
    }
    running.signal(15);
    assert_eq!(running.exit().0, Some(31));
}
