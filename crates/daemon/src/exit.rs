//! The exit codes of the Doze programs: one public table.

use std::process::{ExitCode, Termination};

/// Why a program ended. The supervisor adds the codes of the app it ran, which it passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// It was asked to end, and did.
    Asked = 0,
    /// Something it cannot do without failed; the log says what.
    Failed = 1,
    /// A pair proxy's service has gone (five failed checks in a row).
    ServiceGone = 3,
    /// The settings are wrong: each bad one is listed on standard error (`EX_USAGE` of sysexits.h).
    BadSettings = 64,
    /// The app never became ready within `--ready-timeout`.
    NeverReady = 65,
}

impl Termination for Code {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// An error and its causes on one line, each said once: what a program prints when it gives up.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}
