//! Pausing and going on, as a shell's jobs do.
//!
//! The app is a job of its own below the supervisor. Where a shell watches the supervisor, the two have to pause and go
//! on together, or the shell waits for a job that sleeps. Where none does, nobody would let a paused app go on.

use super::signals::SignalNumber;

/// What to do about an app that has paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Pause as well: the shell will let both go on.
    Pause,
    /// Let the app go on.
    GoOn,
    /// It is meant to stay as it is.
    Nothing,
}

/// What is known about pauses.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobControl {
    passed_on: bool,
}

impl JobControl {
    /// This signal was passed on to the app.
    pub fn passed_on(&mut self, signal: SignalNumber) {
        if signal.pauses() || signal == SignalNumber::STOP {
            self.passed_on = true;
        } else if signal == SignalNumber::CONT {
            self.passed_on = false;
        }
    }

    /// The app has paused of `by`; `shell` says whether a shell watches the supervisor.
    #[must_use]
    pub fn app_paused(self, by: SignalNumber, shell: bool) -> Follow {
        match (shell, by) {
            // The supervisor has paused of the same signal, or could not.
            _ if self.passed_on => Follow::Nothing,
            (true, _) => Follow::Pause,
            // Ctrl-Z where there is no job control, as the kernel ignores it for jobs without a shell.
            (false, SignalNumber::TSTP) => Follow::GoOn,
            // Somebody examines it.
            (false, _) => Follow::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_a_shell_the_supervisor_pauses_with_the_app() {
        for by in [SignalNumber::TSTP, SignalNumber::TTIN, SignalNumber::TTOU, SignalNumber::STOP] {
            assert_eq!(JobControl::default().app_paused(by, true), Follow::Pause);
        }
    }

    #[test]
    fn without_a_shell_ctrl_z_pauses_nothing_and_a_debugger_may() {
        assert_eq!(JobControl::default().app_paused(SignalNumber::TSTP, false), Follow::GoOn);
        assert_eq!(JobControl::default().app_paused(SignalNumber::STOP, false), Follow::Nothing);
    }

    #[test]
    fn a_pause_that_was_passed_on_stays_until_sigcont() {
        let mut control = JobControl::default();
        control.passed_on(SignalNumber::TSTP);
        assert_eq!(control.app_paused(SignalNumber::TSTP, false), Follow::Nothing);
        control.passed_on(SignalNumber::CONT);
        assert_eq!(control.app_paused(SignalNumber::TSTP, false), Follow::GoOn);
    }
}
