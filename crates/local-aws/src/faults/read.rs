//! Reads what is to go wrong, and refuses what makes no sense with what was expected.

use std::time::Duration;

use serde_json::Value;

use super::fault::{Answering, Fault, How, Often, Victim};
use crate::cloud_map::ErrorCode;

/// A fault, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    /// What goes wrong.
    pub fault: Fault,
    /// For how long; until it is lifted unless said.
    pub lasts: Option<Duration>,
}

impl Injection {
    /// A fault that stays until it is lifted.
    #[must_use]
    pub const fn of(fault: Fault) -> Self {
        Injection { fault, lasts: None }
    }

    /// Reads `{"kind": …, "for": "30s"}`.
    ///
    /// # Errors
    /// What is wrong, and what was expected.
    pub fn read(mut value: Value) -> Result<Injection, String> {
        let Some(fields) = value.as_object_mut() else {
            return Err("a fault is a JSON object with a \"kind\"".to_owned());
        };
        let lasts = match fields.remove("for") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let said = |expected| format!("\"for\" is {text:?}, expected {expected}");
                Some(daemon::parse::positive_duration(&text).map_err(said)?)
            }
            Some(other) => return Err(format!("\"for\" is {other}, expected a duration such as \"30s\"")),
        };
        let fault: Fault = serde_json::from_value(value).map_err(|error| error.to_string())?;
        fault.check()?;
        if lasts.is_some() && !fault.lasts() {
            return Err("this kind happens once: it has no \"for\"".to_owned());
        }
        Ok(Injection { fault, lasts })
    }
}

impl Fault {
    /// Whether it goes on until it is lifted; the others happen once.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        match self {
            Fault::Throttle { .. }
            | Fault::Delay { .. }
            | Fault::Fail { .. }
            | Fault::CutOffAws { .. }
            | Fault::Cut { .. }
            | Fault::Freeze { .. }
            | Fault::LoseOperations { .. }
            | Fault::SpreadLate { .. }
            | Fault::Dns { .. } => true,
            Fault::Kill { .. }
            | Fault::RestartEcsAgent { .. }
            | Fault::SpotNotice { .. }
            | Fault::Rebalance { .. }
            | Fault::ScaleIn { .. }
            | Fault::DuplicateMessage { .. } => false,
        }
    }

    /// What its fields alone do not say.
    fn check(&self) -> Result<(), String> {
        let often = |often: &Often| match often {
            Often::Next(0) => Err("\"next\" is at least 1".to_owned()),
            Often::Chance(chance) if !(0.0..=1.0).contains(chance) => Err("\"chance\" is from 0 to 1".to_owned()),
            Often::Always | Often::Next(_) | Often::Chance(_) => Ok(()),
        };
        match self {
            Fault::Throttle { often: which, .. } => often(which),
            Fault::Delay { often: which, by, up_to, .. } => {
                if by.is_some() == up_to.is_some() {
                    return Err("a delay has either \"by\" or \"up_to\"".to_owned());
                }
                often(which)
            }
            Fault::Fail { often: which, how, code, status, .. } => {
                if *how != How::Error && (code.is_some() || status.is_some()) {
                    return Err("only \"how\": \"error\" has a \"code\" and a \"status\"".to_owned());
                }
                if status.is_some_and(|status| !(400..=599).contains(&status)) {
                    return Err("\"status\" is from 400 to 599".to_owned());
                }
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
                if code.as_ref().is_some_and(|code| code.is_empty() || code.len() > 128 || !code.bytes().all(plain)) {
                    return Err("\"code\" is letters, digits and dots, at most 128".to_owned());
                }
                often(which)
            }
            Fault::Cut { what: Victim::Agent(_) } => {
                Err("a task or a host is cut off the network: an agent has its host's address".to_owned())
            }
            Fault::Dns { how, by, percent, .. } => {
                if (*how == Answering::Delay) != by.is_some() {
                    return Err("\"how\": \"delay\" has \"by\", the others have not".to_owned());
                }
                if percent.is_some_and(|percent| percent.get() > 100) {
                    return Err("\"percent\" is from 1 to 100".to_owned());
                }
                Ok(())
            }
            Fault::LoseOperations { code: Some(code), .. } if error_code(code).is_none() => {
                let known: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
                Err(format!("\"code\" is one of {}", known.join(", ")))
            }
            Fault::LoseOperations { count, .. } if *count > 1000 => Err("\"count\" is at most 1000".to_owned()),
            Fault::LoseOperations { count: 0, .. } | Fault::ScaleIn { count: 0, .. } => {
                Err("\"count\" is at least 1".to_owned())
            }
            Fault::CutOffAws { .. }
            | Fault::Cut { .. }
            | Fault::Freeze { .. }
            | Fault::Kill { .. }
            | Fault::RestartEcsAgent { .. }
            | Fault::SpotNotice { .. }
            | Fault::Rebalance { .. }
            | Fault::LoseOperations { .. }
            | Fault::SpreadLate { .. }
            | Fault::ScaleIn { .. }
            | Fault::DuplicateMessage { .. } => Ok(()),
        }
    }
}

/// The code of a failed operation, by its name.
#[must_use]
pub fn error_code(name: &str) -> Option<ErrorCode> {
    ErrorCode::ALL.into_iter().find(|code| code.name() == name)
}
