//! Names that come from outside, checked once where they come in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a service: one DNS label, as it stands in `<name>.service.local`. Lower case, 1 to 63 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

/// A text that is no name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is no {what}: expected {expected}")]
pub struct BadName {
    what: &'static str,
    text: String,
    expected: &'static str,
}

impl ServiceName {
    /// What a service name has to look like.
    pub const EXPECTED: &'static str = "a service name of a-z, 0-9 and '-', 1 to 63 characters, not at its ends";

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parser for settings.
    ///
    /// # Errors
    /// What was expected.
    pub fn setting(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| Self::EXPECTED)
    }
}

impl FromStr for ServiceName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits =
            (1..=63).contains(&text.len()) && text.chars().all(label) && !text.starts_with('-') && !text.ends_with('-');
        match fits {
            true => Ok(ServiceName(text.to_owned())),
            false => Err(BadName { what: "service name", text: shortened(text), expected: Self::EXPECTED }),
        }
    }
}

impl TryFrom<String> for ServiceName {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> String {
        name.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a watcher calls itself, the same in `GET /watch?id=` and `PUT /watch/{id}`. Fresh for each run of a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(String);

impl WatcherId {
    /// The identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WatcherId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        match fits {
            true => Ok(WatcherId(text.to_owned())),
            false => Err(BadName {
                what: "watcher id",
                text: shortened(text),
                expected: "1 to 64 letters, digits, '-' and '_'",
            }),
        }
    }
}

impl fmt::Display for WatcherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a watcher is to the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends requests, under leases; a drain waits for its `released` or for its lease's end.
    Proxy,
    /// Registers the task; a drain waits until it has deregistered it (rule A2).
    Agent,
    /// Only looks on; is granted no lease and waited for by nobody.
    Observer,
}

impl Role {
    /// As in `as=…`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Proxy => "proxy",
            Role::Agent => "agent",
            Role::Observer => "observer",
        }
    }
}

impl FromStr for Role {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text {
            "proxy" => Ok(Role::Proxy),
            "agent" => Ok(Role::Agent),
            "observer" => Ok(Role::Observer),
            _ => Err(BadName { what: "role", text: shortened(text), expected: "proxy, agent or observer" }),
        }
    }
}

/// Errors repeat what was given, but not all of a hostile megabyte.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_name_is_one_dns_label() {
        for good in ["demo", "a", "my-app-2", &"x".repeat(63)] {
            assert!(good.parse::<ServiceName>().is_ok(), "{good:?} was refused");
        }
        for bad in ["", "Demo", "a.b", "-a", "a-", "ä", "a b", "a\n", &"x".repeat(64)] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_name_from_json_is_checked_too() {
        assert!(serde_json::from_str::<ServiceName>("\"demo\"").is_ok());
        assert!(serde_json::from_str::<ServiceName>("\"../etc\"").is_err());
    }
}
