//! What the values of the settings about signals and restarts are.

use crate::app::Scope;
use crate::decide::restart::When;
use crate::decide::signals::SignalNumber;

pub(super) fn when(text: &str) -> Result<When, &'static str> {
    match text {
        "on-failure" => Ok(When::OnFailure),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err("on-failure, always or never"),
    }
}

pub(super) fn scope(text: &str) -> Result<Scope, &'static str> {
    match text {
        "child" => Ok(Scope::Child),
        "group" => Ok(Scope::Group),
        _ => Err("child or group"),
    }
}

/// SIGKILL and SIGSTOP cannot be caught, and SIGCHLD is the supervisor's own.
pub(super) fn rewrite(text: &str) -> Result<(SignalNumber, Option<SignalNumber>), &'static str> {
    const EXPECTED: &str =
        "two signals such as TERM:QUIT or 15:3, the first not KILL, STOP or CHLD, the second 0 for none";
    let (from, to) = text.split_once(':').ok_or(EXPECTED)?;
    let from = SignalNumber::parse(from).ok_or(EXPECTED)?;
    if matches!(from, SignalNumber::KILL | SignalNumber::STOP | SignalNumber::CHLD) {
        return Err(EXPECTED);
    }
    match to {
        "0" => Ok((from, None)),
        to => Ok((from, Some(SignalNumber::parse(to).ok_or(EXPECTED)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_rewritten_by_number_and_by_name() {
        let pair = |from, to: i32| Ok((SignalNumber(from), (to != 0).then_some(SignalNumber(to))));
        for (text, pair) in [
            ("15:3", pair(15, 3)),
            ("TERM:QUIT", pair(15, 3)),
            ("SIGINT:0", pair(2, 0)),
            ("1:31", pair(1, 31)),
            ("64:34", pair(64, 34)),
            ("USR1:KILL", pair(10, 9)),
        ] {
            assert_eq!(rewrite(text), pair, "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_of_signals_is_refused() {
        for text in [
            "",
            "herp",
            "herp:derp",
            "15",
            "15:",
            ":15",
            "15::12",
            "15:derp",
            "0:15",
            "1:65",
            "-1:2",
            "9:15",
            "KILL:TERM",
            "19:1",
            "CHLD:1",
            "15:3:2",
            " 15:3",
        ] {
            assert!(rewrite(text).is_err(), "{text:?}");
        }
    }
}
