//! Standard input, output and error.

use std::fs::OpenOptions;
use std::os::fd::{IntoRawFd, OwnedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::kernel::is_open;

/// Fills those of the three that are closed, so that none of the descriptors opened later becomes one and gets what is
/// meant for people. The app does not inherit the filling: for it they are as closed as they were.
pub(crate) fn fill_closed() {
    while (0..=2).any(|stream| !is_open(stream)) {
        let filling = match OpenOptions::new().read(true).write(true).open("/dev/null") {
            Ok(null) => OwnedFd::from(null),
            // An image without /dev: something else that takes and gives nothing.
            Err(_) => match EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK) {
                Ok(event) => OwnedFd::from(event),
                Err(_) => return,
            },
        };
        // The kernel gives the lowest number that is free.
        let _ = filling.into_raw_fd();
    }
}
