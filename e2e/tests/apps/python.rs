//! uvicorn and gunicorn: both stop softly on SIGTERM. uvicorn then ends by the signal itself.

use crate::App;
use crate::client::ask_for_page;

mod gunicorn {
    use super::{App, ask_for_page};

    const GUNICORN: App = App {
        image: "python",
        port: 8000,
        command: &["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "--graceful-timeout", "20", "wsgi:app"],
        ask: ask_for_page,
        stopped: 0,
    };

    lives!(GUNICORN);
}

pub(crate) mod uvicorn {
    use super::{App, ask_for_page};
    use crate::client::WebSocket;
    use crate::container::{Container, LONG_AWAKE, SOON_ASLEEP, SOON_FORGOTTEN};
    use crate::lives;

    pub(crate) const UVICORN: App =
        App { image: "python", port: 8000, command: &[], ask: ask_for_page, stopped: 128 + 15 };

    lives!(UVICORN);

    #[test]
    fn a_websocket_that_speaks_keeps_it_awake_and_an_order_ends_when_it_closes() {
        if !crate::wanted() {
            return;
        }
        let container = Container::start(&UVICORN, &[], &SOON_ASLEEP);
        container.until_ready();
        let mut socket = WebSocket::open(container.address());
        container.stays_awake(LONG_AWAKE, || socket.echo("still there"));
        container.touch_shutdown_file();
        container.until_draining();
        socket.echo("a drain takes nothing from what is open");
        socket.close();
        assert_eq!(container.exit_code(), 0);
        container.no_deadline_struck();
    }

    #[test]
    fn a_websocket_that_outlasts_an_ordered_drain_is_told_goodbye() {
        if !crate::wanted() {
            return;
        }
        let container = Container::start(&UVICORN, &[], &[("SUPERVISOR_DRAIN_TIMEOUT", "5s")]);
        container.until_ready();
        let mut socket = WebSocket::open(container.address());
        socket.echo("hello");
        container.touch_shutdown_file();
        assert_eq!(socket.closed_with(), 1012, "service restart");
        assert_eq!(container.exit_code(), 0);
    }

    #[test]
    fn a_websocket_that_is_forgotten_does_not_keep_it_awake_for_ever() {
        if !crate::wanted() {
            return;
        }
        let container = Container::start(&UVICORN, &[], &SOON_FORGOTTEN);
        container.until_ready();
        let mut socket = WebSocket::open(container.address());
        socket.echo("hello");
        assert_eq!(container.exit_code(), 0);
        assert_eq!(container.lines("service sleeps")[0]["cause"], "idle");
    }

    #[test]
    fn a_download_that_nobody_reads_keeps_it_awake_and_an_order_waits_for_its_end() {
        lives::stays_for_a_download(&UVICORN);
    }

    #[test]
    fn a_download_that_outlasts_the_drain_of_docker_stop_is_finished_within_the_grace() {
        lives::finishes_a_download_within_the_grace(&UVICORN);
    }
}
