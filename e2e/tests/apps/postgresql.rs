//! PostgreSQL: SIGTERM waits for clients for ever, SIGINT ends their transactions and is safe, so its image has
//! `--rewrite TERM:INT`.

mod wire;

use std::io;
use std::net::SocketAddr;

use self::wire::Session;
use crate::App;
use crate::client::wrong;
use crate::container::{Container, LONG_AWAKE, SOON_ASLEEP, SOON_FORGOTTEN};
use crate::lives::kill_and_wait_for_the_next;

const POSTGRESQL: App = App { image: "postgresql", port: 5432, command: &[], ask, stopped: 0 };

lives!(POSTGRESQL);

/// While it starts and recovers it listens and refuses.
fn ask(address: SocketAddr) -> io::Result<()> {
    match Session::open(address)?.query("SELECT 6 * 7")? {
        rows if rows == ["42"] => Ok(()),
        rows => Err(wrong(format!("{rows:?}"))),
    }
}

fn session(container: &Container) -> Session {
    container.until_answering();
    Session::open(container.address()).expect("it has just answered")
}

#[test]
fn a_query_that_runs_keeps_it_awake_and_an_order_waits_for_its_answer_and_the_sessions_end() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&POSTGRESQL, &[], &SOON_ASLEEP);
    let mut holder = session(&container);
    let mut waiting = session(&container);
    holder.query("SELECT pg_advisory_lock(1)").expect("the lock is free");
    waiting.ask("SELECT pg_advisory_lock(1)").expect("the session is open");
    container.stays_awake(LONG_AWAKE, || {});
    container.touch_shutdown_file();
    container.until_draining();
    holder.query("SELECT pg_advisory_unlock(1)").expect("a drain takes nothing from what is open");
    waiting.answer().expect("the query is finished");
    drop((holder, waiting));
    assert_eq!(container.exit_code(), 0);
    container.no_deadline_struck();
}

#[test]
fn a_transaction_that_outlasts_docker_stop_is_rolled_back_and_the_next_start_has_nothing_to_recover() {
    if !crate::wanted() {
        return;
    }
    let mut container = Container::start(&POSTGRESQL, &[], &[]);
    let mut open = session(&container);
    open.query("CREATE TABLE kept (n int)").expect("created");
    open.query("INSERT INTO kept VALUES (1)").expect("kept");
    open.query("BEGIN").expect("begun");
    open.query("INSERT INTO kept VALUES (2)").expect("not kept");
    container.stop();
    let told = open.answer().expect_err("its end is told");
    assert!(told.to_string().contains("terminating connection due to administrator command"), "{told}");
    assert_eq!(container.exit_code(), POSTGRESQL.stopped);
    container.start_again();
    assert_eq!(session(&container).query("SELECT n FROM kept").expect("answered"), ["1"]);
    let printed = container.printed();
    assert!(!printed.contains("not properly shut down"), "it had to recover");
}

#[test]
fn a_session_that_is_forgotten_in_a_transaction_does_not_keep_it_awake_for_ever() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&POSTGRESQL, &[], &SOON_FORGOTTEN);
    let mut open = session(&container);
    open.query("BEGIN").expect("begun");
    assert_eq!(container.exit_code(), 0);
    assert_eq!(container.lines("service sleeps")[0]["cause"], "idle");
}

#[test]
fn what_was_committed_survives_kill_9_of_the_postmaster_under_clients() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&POSTGRESQL, &[], &[]);
    let mut open = session(&container);
    open.query("CREATE TABLE kept (n int)").expect("created");
    open.query("INSERT INTO kept VALUES (1)").expect("kept");
    open.ask("SELECT pg_sleep(600)").expect("the session is open");
    kill_and_wait_for_the_next(&container);
    assert_eq!(session(&container).query("SELECT n FROM kept").expect("answered"), ["1"]);
}
