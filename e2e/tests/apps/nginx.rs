//! nginx: SIGTERM cuts what it sends, SIGQUIT lets it finish, so its image has `--rewrite TERM:QUIT`.

use crate::client::ask_for_page;
use crate::{App, lives};

const NGINX: App = App { image: "nginx", port: 80, command: &[], ask: ask_for_page, stopped: 0 };

lives!(NGINX);

#[test]
fn a_download_that_nobody_reads_keeps_it_awake_and_an_order_waits_for_its_end() {
    lives::stays_for_a_download(&NGINX);
}

#[test]
fn a_download_that_outlasts_the_drain_of_docker_stop_is_finished_within_the_grace() {
    lives::finishes_a_download_within_the_grace(&NGINX);
}
