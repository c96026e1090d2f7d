//! What every app does under the supervisor: it serves and sleeps, obeys its orders, and comes back from a crash.

use task_state::State;

use crate::App;
use crate::client::Download;
use crate::container::{Container, LONG_AWAKE, SOON_ASLEEP};

/// The tests of an app, one for each of the promises below.
macro_rules! lives {
    ($app:expr) => {
        #[test]
        fn it_serves_and_sleeps_when_nobody_uses_it_and_its_container_exits_with_0() {
            $crate::lives::serves_and_sleeps(&$app);
        }

        #[test]
        fn it_obeys_the_shutdown_file_and_its_container_exits_with_0() {
            $crate::lives::obeys_the_shutdown_file(&$app);
        }

        #[test]
        fn docker_stop_is_not_slowed_where_nobody_is_connected_and_shows_the_apps_own_code() {
            $crate::lives::is_stopped_at_once(&$app);
        }

        #[test]
        fn it_is_started_again_after_kill_9_of_its_main_process_and_serves() {
            $crate::lives::comes_back(&$app);
        }
    };
}

pub(crate) fn serves_and_sleeps(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &[("SUPERVISOR_IDLE_TIMEOUT", "5s")]);
    container.until_answering();
    assert_eq!(container.exit_code(), 0);
    assert_eq!(container.lines("service sleeps")[0]["cause"], "idle");
    container.no_deadline_struck();
}

pub(crate) fn obeys_the_shutdown_file(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &[]);
    container.until_ready();
    container.touch_shutdown_file();
    assert_eq!(container.exit_code(), 0);
    assert_eq!(container.lines("service sleeps")[0]["cause"], "file");
    container.no_deadline_struck();
}

pub(crate) fn is_stopped_at_once(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &[]);
    container.until_ready();
    container.until_answering();
    container.stop();
    assert_eq!(container.exit_code(), app.stopped);
    container.no_deadline_struck();
    let changes = container.lines("state changed");
    let stopping = changes.iter().find(|change| change["to"] == "stopping").expect("it was stopped");
    assert_eq!(stopping["why"], "nobody has watched and nobody is connected");
}

pub(crate) fn comes_back(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &[]);
    container.until_ready();
    container.until_answering();
    kill_and_wait_for_the_next(&container);
    container.until_answering();
    container.touch_shutdown_file();
    assert_eq!(container.exit_code(), 0);
    container.no_deadline_struck();
}

/// What it sends goes slowly: it is in use, and an order waits for the end.
pub(crate) fn stays_for_a_download(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &SOON_ASLEEP);
    container.until_ready();
    let download = Download::begin(container.address());
    container.stays_awake(LONG_AWAKE, || {});
    container.touch_shutdown_file();
    container.until_draining();
    download.read_to_its_end();
    assert_eq!(container.exit_code(), 0);
    container.no_deadline_struck();
}

/// The drain of a SIGTERM is not long enough for what it sends; its own soft stop has to finish that.
pub(crate) fn finishes_a_download_within_the_grace(app: &'static App) {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(app, &[], &[]);
    container.until_ready();
    let download = Download::begin(container.address());
    container.stop();
    container.until_state("the stop", |state| state == State::Stopping);
    download.read_to_its_end();
    assert_eq!(container.exit_code(), app.stopped);
}

/// Kills the app's main process and waits until another one listens.
pub(crate) fn kill_and_wait_for_the_next(container: &Container) {
    let first = container.main_process();
    container.exec(&["sh", "-c", &format!("kill -9 {first}")]);
    crate::until("a new start", || container.lines("app started again").pop());
    container.until_ready();
    assert_ne!(container.main_process(), first);
}
