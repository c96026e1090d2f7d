//! Tomcat on Java 17: a JVM that is told to end by SIGTERM runs its shutdown hooks and exits with 143. Tomcat does not
//! finish what it sends, so what a stop leaves it as grace is lost to the drain.

use std::time::Duration;

use task_state::State;

use crate::client::{Download, ask_for_page};
use crate::container::Container;
use crate::{App, lives};

const TOMCAT: App = App { image: "java", port: 8080, command: &[], ask: ask_for_page, stopped: 128 + 15 };

lives!(TOMCAT);

#[test]
fn a_download_that_nobody_reads_keeps_it_awake_and_an_order_waits_for_its_end() {
    lives::stays_for_a_download(&TOMCAT);
}

#[test]
fn with_a_short_grace_the_drain_of_docker_stop_has_the_time_for_a_download() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&TOMCAT, &[], &[("SUPERVISOR_STOP_GRACE", "3s")]);
    container.until_answering();
    let download = Download::begin(container.address());
    container.stop();
    container.until_draining();
    // Longer than the drain would be with the default grace.
    let still = |state| matches!(state, State::Draining { .. });
    container.stays(still, Duration::from_secs(7), || {});
    download.read_to_its_end();
    assert_eq!(container.exit_code(), TOMCAT.stopped);
    container.no_deadline_struck();
}
