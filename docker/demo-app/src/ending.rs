//! One word from the one who ends the app to all who hold it up.

use tokio::sync::watch;

/// Says that the app is to end, and waits for all who heard it.
#[derive(Debug, Default)]
pub struct Ender(watch::Sender<bool>);

impl Ender {
    /// Somebody to be waited for.
    #[must_use]
    pub fn held(&self) -> Ending {
        Ending(self.0.subscribe())
    }

    /// The app is to end.
    pub fn say(&self) {
        self.0.send_replace(true);
    }

    /// Everybody that held it is gone.
    pub async fn nobody_left(&self) {
        self.0.closed().await;
    }
}

/// Holds the app up until it is dropped.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Whether the app is to end.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the app is to end.
    pub async fn said(&mut self) {
        // An ender that is gone without a word waits for nobody: that is the end too.
        let _ = self.0.wait_for(|said| *said).await;
    }
}
