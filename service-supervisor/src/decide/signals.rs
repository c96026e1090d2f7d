//! What a signal to the supervisor means.

/// A signal by its number, real-time ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalNumber(pub i32);

/// SIGPIPE: comes from writing to a closed connection, and is the supervisor's own.
const PIPE: i32 = 13;
/// SIGTERM.
const TERM: i32 = 15;
/// SIGCHLD.
const CHLD: i32 = 17;

/// What to do about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A process ended: reap.
    ChildEnded,
    /// An order to stop; the app gets its SIGTERM after the drain.
    Stop,
    /// The app's business.
    Forward,
    /// Nobody's.
    Ignore,
}

impl SignalNumber {
    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> Meaning {
        match self.0 {
            CHLD => Meaning::ChildEnded,
            TERM => Meaning::Stop,
            PIPE => Meaning::Ignore,
            _ => Meaning::Forward,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_but_term_chld_and_pipe_is_the_apps() {
        for number in 1..=64 {
            let expected = match number {
                13 => Meaning::Ignore,
                15 => Meaning::Stop,
                17 => Meaning::ChildEnded,
                _ => Meaning::Forward,
            };
            assert_eq!(SignalNumber(number).meaning(), expected, "signal {number}");
        }
    }
}
