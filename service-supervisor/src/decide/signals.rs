//! What a signal to the supervisor means, and as what it reaches the app.

use std::fmt;

/// A signal by its number, real-time ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalNumber(pub i32);

/// The names of the signals from 1, as Linux numbers them on x86-64 and aarch64.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

impl SignalNumber {
    /// SIGHUP.
    pub const HUP: Self = SignalNumber(1);
    /// SIGINT.
    pub const INT: Self = SignalNumber(2);
    /// SIGQUIT.
    pub const QUIT: Self = SignalNumber(3);
    /// SIGKILL.
    pub const KILL: Self = SignalNumber(9);
    /// SIGPIPE.
    pub const PIPE: Self = SignalNumber(13);
    /// SIGTERM.
    pub const TERM: Self = SignalNumber(15);
    /// SIGCHLD.
    pub const CHLD: Self = SignalNumber(17);
    /// SIGCONT: a stopped process sees no other signal before it.
    pub const CONT: Self = SignalNumber(18);
    /// SIGSTOP.
    pub const STOP: Self = SignalNumber(19);
    /// SIGTSTP.
    pub const TSTP: Self = SignalNumber(20);
    /// SIGTTIN.
    pub const TTIN: Self = SignalNumber(21);
    /// SIGTTOU.
    pub const TTOU: Self = SignalNumber(22);
    /// The last one there is.
    pub const LAST: Self = SignalNumber(64);

    /// By its number (`15`) or its name (`TERM`, `SIGTERM`); real-time ones by number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("SIG").unwrap_or(text);
        let by_name = (1..).zip(NAMES).find(|(_, known)| *known == name).map(|(number, _)| number);
        let number = by_name.or_else(|| text.parse().ok())?;
        (1..=Self::LAST.0).contains(&number).then_some(SignalNumber(number))
    }

    /// Whether it asks a job to pause.
    #[must_use]
    pub const fn pauses(self) -> bool {
        matches!(self, Self::TSTP | Self::TTIN | Self::TTOU)
    }
}

impl fmt::Display for SignalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What to do about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A process ended: reap.
    ChildEnded,
    /// An order to stop; the app is told after the drain.
    Stop,
    /// The app's business.
    Forward,
}

/// Which signals reach the app as others (`--rewrite`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrites(Vec<(SignalNumber, Option<SignalNumber>)>);

impl Rewrites {
    /// These, each a signal and what it reaches the app as; none: not at all.
    #[must_use]
    pub fn new(table: Vec<(SignalNumber, Option<SignalNumber>)>) -> Self {
        Rewrites(table)
    }

    /// As what `signal` reaches the app; none: not at all.
    #[must_use]
    pub fn of(&self, signal: SignalNumber) -> Option<SignalNumber> {
        match self.0.iter().find(|(from, _)| *from == signal) {
            Some((_, to)) => *to,
            None => Some(signal),
        }
    }

    /// What `signal` means. SIGTERM is the order to stop whatever it reaches the app as, and so is every signal that
    /// would reach the app as SIGTERM.
    #[must_use]
    pub fn meaning(&self, signal: SignalNumber) -> Meaning {
        match signal {
            SignalNumber::CHLD => Meaning::ChildEnded,
            SignalNumber::TERM => Meaning::Stop,
            other if self.of(other) == Some(SignalNumber::TERM) => Meaning::Stop,
            _ => Meaning::Forward,
        }
    }

    /// A signal that is rewritten to two different ones.
    #[must_use]
    pub fn contradiction(&self) -> Option<SignalNumber> {
        self.0.iter().find(|(from, to)| self.of(*from) != *to).map(|(from, _)| *from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrites(table: &[(i32, i32)]) -> Rewrites {
        let to = |number| (number != 0).then_some(SignalNumber(number));
        Rewrites::new(table.iter().map(|(from, number)| (SignalNumber(*from), to(*number))).collect())
    }

    #[test]
    fn every_signal_but_term_and_chld_is_the_apps() {
        for number in 1..=64 {
            let expected = match number {
                15 => Meaning::Stop,
                17 => Meaning::ChildEnded,
                _ => Meaning::Forward,
            };
            assert_eq!(Rewrites::default().meaning(SignalNumber(number)), expected, "signal {number}");
            assert_eq!(Rewrites::default().of(SignalNumber(number)), Some(SignalNumber(number)));
        }
    }

    #[test]
    fn a_signal_reaches_the_app_as_what_it_is_rewritten_to_and_as_nothing_for_0() {
        let table = rewrites(&[(15, 2), (2, 15), (3, 3), (28, 0), (1, 64)]);
        let becomes: Vec<_> = [15, 2, 3, 28, 1, 18].map(|number| table.of(SignalNumber(number)).map(|to| to.0)).into();
        assert_eq!(becomes, [Some(2), Some(15), Some(3), None, Some(64), Some(18)]);
    }

    #[test]
    fn sigterm_stays_an_order_and_what_is_rewritten_to_it_becomes_one() {
        for table in [rewrites(&[(15, 3)]), rewrites(&[(15, 0)]), rewrites(&[(3, 15), (15, 3)])] {
            assert_eq!(table.meaning(SignalNumber::TERM), Meaning::Stop);
        }
        assert_eq!(rewrites(&[(3, 15)]).meaning(SignalNumber::QUIT), Meaning::Stop);
        assert_eq!(rewrites(&[(2, 3)]).meaning(SignalNumber::INT), Meaning::Forward);
    }

    #[test]
    fn signals_are_read_by_name_and_number() {
        for (text, number) in [("TERM", 15), ("SIGQUIT", 3), ("31", 31), ("SYS", 31), ("64", 64), ("WINCH", 28)] {
            assert_eq!(SignalNumber::parse(text), Some(SignalNumber(number)), "{text}");
        }
        for text in ["", "0", "65", "-1", "term", "SIG", "SIG15", "15 "] {
            assert_eq!(SignalNumber::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_signal_rewritten_to_two_is_a_contradiction() {
        assert_eq!(rewrites(&[(15, 3), (15, 2)]).contradiction(), Some(SignalNumber::TERM));
        assert_eq!(rewrites(&[(15, 3), (15, 3), (2, 3)]).contradiction(), None);
    }
}
