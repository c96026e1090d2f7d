//! What containers and images come with: a read-only root, a user without rights, another init, another's process ids,
//! nothing but two static files, processes that came by `docker exec`.

use crate::App;
use crate::client::ask_for_page;
use crate::container::Container;
use crate::python::uvicorn::UVICORN;

const STATIC: App = App { image: "static", port: 9050, command: &[], ask: ask_for_page, stopped: 128 + 15 };

#[test]
fn it_needs_no_rights_and_a_writable_tmp_only_for_the_shutdown_file() {
    if !crate::wanted() {
        return;
    }
    let bare = ["--read-only", "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    let container = Container::start(&UVICORN, &[&bare[..], &["--tmpfs", "/tmp"]].concat(), &[]);
    container.until_answering();
    container.touch_shutdown_file();
    assert_eq!(container.exit_code(), 0);

    let container = Container::start(&UVICORN, &bare, &[("SUPERVISOR_IDLE_TIMEOUT", "5s")]);
    container.until_answering();
    assert_eq!(container.exit_code(), 0);
}

#[test]
fn in_an_image_of_two_static_files_it_serves_sleeps_and_is_stopped() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&STATIC, &["--read-only"], &[("SUPERVISOR_IDLE_TIMEOUT", "5s")]);
    container.until_answering();
    assert_eq!(container.exit_code(), 0);

    let container = Container::start(&STATIC, &["--read-only"], &[]);
    container.until_answering();
    container.stop();
    assert_eq!(container.exit_code(), STATIC.stopped);
}

#[test]
fn the_shutdown_file_is_seen_in_a_tmp_that_was_made_after_the_start() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&STATIC, &[], &[]);
    container.until_ready();
    container.exec(&["/busybox", "mkdir", "/tmp"]);
    container.exec(&["/busybox", "touch", "/tmp/shutdown"]);
    assert_eq!(container.exit_code(), 0);
    container.no_deadline_struck();
}

#[test]
fn under_docker_init_exit_codes_are_the_same() {
    if !crate::wanted() {
        return;
    }
    let container = Container::start(&UVICORN, &["--init"], &[]);
    container.until_answering();
    container.stop();
    assert_eq!(container.exit_code(), UVICORN.stopped);

    let container = Container::start(&UVICORN, &["--init"], &[]);
    container.until_answering();
    container.touch_shutdown_file();
    assert_eq!(container.exit_code(), 0);
}

#[test]
fn in_a_pid_namespace_shared_with_other_containers_it_ends_its_own_processes_and_no_others() {
    if !crate::wanted() {
        return;
    }
    let other = Container::bare(&STATIC, "/busybox", &["sleep", "3600"]);
    let shared = format!("container:{}", other.id());
    let container = Container::start(&UVICORN, &["--pid", &shared], &[]);
    container.until_answering();
    container.stop();
    assert_eq!(container.exit_code(), UVICORN.stopped);

    let container = Container::start(&UVICORN, &["--pid", &shared], &[("SUPERVISOR_IDLE_TIMEOUT", "5s")]);
    container.until_answering();
    assert_eq!(container.exit_code(), 0);
    container.no_deadline_struck();
    assert_eq!(other.exec(&["/busybox", "echo", "still here"]), "still here");
}

#[test]
fn a_process_that_came_by_docker_exec_does_not_hold_the_end() {
    if !crate::wanted() {
        return;
    }
    let other = Container::bare(&STATIC, "/busybox", &["sleep", "3600"]);
    let shared = format!("container:{}", other.id());
    for options in [&[][..], &["--init"], &["--pid", &shared]] {
        let container = Container::start(&UVICORN, options, &[]);
        container.until_answering();
        container.exec_in_background(&["sleep", "3600"]);
        container.touch_shutdown_file();
        assert_eq!(container.exit_code(), 0, "{options:?}");
        container.no_deadline_struck();
    }
}
