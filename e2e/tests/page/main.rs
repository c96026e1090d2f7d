//! The page of local-aws in Debian's headless Chromium, before real worlds of real processes.
//!
//! `E2E_BROWSER=1` runs them; chromium and chromedriver have to be there (Debian: chromium, chromium-driver).

mod access;
mod browser;
mod colours;
mod faults;
mod hostile;
mod restart;
mod sight;

use std::sync::OnceLock;

use e2e::binaries::Binaries;
use e2e::timeline::Timeline;
use e2e::world::{Error, Options, World};
use tokio::sync::{Mutex, MutexGuard};

use browser::Browser;

/// One browser at a time, where they are wanted at all: each is some hundred megabytes.
async fn turn() -> Option<MutexGuard<'static, ()>> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    if std::env::var_os("E2E_BROWSER").is_none() {
        eprintln!("skipped: E2E_BROWSER=1 runs the tests of the page in a browser");
        return None;
    }
    Some(TURN.get_or_init(Mutex::default).lock().await)
}

/// A world with nothing awake, and a browser before its page.
async fn world_and_page(options: Options) -> (World, Browser) {
    let timeline = Timeline::default();
    let world = match World::start(Binaries::for_tests(), options, timeline.clone()).await {
        Ok(world) => world,
        Err(error) => panic!("{}\n{}", daemon::exit::chain(&error), timeline.print()),
    };
    let browser = Browser::start().await;
    browser.width(1400).await;
    browser.go(&format!("http://{}/", world.page())).await;
    browser.until_live().await;
    (world, browser)
}

/// The value, or a panic with the whole chain of what went wrong.
fn must<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{}", daemon::exit::chain(&error)))
}
