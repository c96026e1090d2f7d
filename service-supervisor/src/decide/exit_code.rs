//! With which code the supervisor exits.

use daemon::exit::Code;
use task_state::Cause;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(u8),
    /// This signal ended it.
    Killed(i32),
}

/// Why the app had to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// A drain was committed.
    Drained(Cause),
    /// It never accepted within `--ready-timeout` (rule S7).
    NeverReady,
}

impl StopCause {
    /// As it stands in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            StopCause::Drained(cause) => cause.as_str(),
            StopCause::NeverReady => "never-ready",
        }
    }
}

/// A program that was found and could not be run, as shells have it.
pub const NOT_EXECUTABLE: u8 = 126;

/// A program that was not found, as shells have it.
pub const NOT_FOUND: u8 = 127;

/// The app's own code, 128+n for a signal; 0 where the supervisor itself began the stop and the app ended within its
/// grace.
#[must_use]
pub fn exit_code(stop: Option<StopCause>, ending: Ending, within_grace: bool) -> u8 {
    let own = match ending {
        Ending::Exited(code) => code,
        Ending::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
    };
    match stop {
        Some(StopCause::NeverReady) => Code::NeverReady as u8,
        Some(StopCause::Drained(Cause::Idle | Cause::File | Cause::Asked)) if within_grace => 0,
        Some(StopCause::Drained(Cause::Idle | Cause::File | Cause::Asked | Cause::Signal)) | None => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_ends_by_itself_has_its_code_passed_on() {
        for code in 0..=255 {
            assert_eq!(exit_code(None, Ending::Exited(code), true), code);
        }
        assert_eq!(exit_code(None, Ending::Killed(9), true), 137);
        assert_eq!(exit_code(None, Ending::Killed(64), true), 192);
    }

    #[test]
    fn a_stop_that_the_supervisor_began_is_0_if_the_app_ended_within_its_grace() {
        for cause in [Cause::Idle, Cause::File, Cause::Asked] {
            let stop = Some(StopCause::Drained(cause));
            assert_eq!(exit_code(stop, Ending::Killed(15), true), 0);
            assert_eq!(exit_code(stop, Ending::Exited(3), true), 0);
            assert_eq!(exit_code(stop, Ending::Killed(9), false), 137);
        }
    }

    #[test]
    fn after_a_sigterm_the_apps_code_is_passed_on() {
        let stop = Some(StopCause::Drained(Cause::Signal));
        assert_eq!(exit_code(stop, Ending::Killed(15), true), 143);
        assert_eq!(exit_code(stop, Ending::Exited(0), true), 0);
        assert_eq!(exit_code(stop, Ending::Exited(7), true), 7);
    }

    #[test]
    fn an_app_that_was_never_ready_has_a_code_of_its_own() {
        assert_eq!(exit_code(Some(StopCause::NeverReady), Ending::Exited(0), true), 65);
    }
}
