//! The names that registrations are made of, checked once where they come in.

use std::fmt;
use std::str::FromStr;

use task_state::ServiceName;

/// The ARN of an ECS task, `arn:aws:ecs:eu-west-1:111122223333:task/c1/0123456789abcdef0123456789abcdef`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskArn(String);

/// A text that is no task's ARN.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no ARN of an ECS task")]
pub struct BadTaskArn(String);

impl TaskArn {
    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The task's id, the last segment: also its instance id in Cloud Map.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for TaskArn {
    type Err = BadTaskArn;

    /// Takes what Cloud Map takes as well: an attribute of at most 1024 characters, an instance id of at most 64.
    fn from_str(text: &str) -> Result<Self, BadTaskArn> {
        let bad = || BadTaskArn(text.chars().take(200).collect());
        let (head, id) = text.rsplit_once('/').ok_or_else(bad)?;
        let id_fits = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let head_fits =
            head.starts_with("arn:") && head.contains(":task") && head.bytes().all(|b| b.is_ascii_graphic());
        if id_fits && head_fits && text.len() <= 1024 { Ok(TaskArn(text.to_owned())) } else { Err(bad()) }
    }
}

impl fmt::Display for TaskArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a Cloud Map service, without its namespace: `demo.service` or `demo.proxy`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName(String);

impl RecordName {
    /// Where the tasks of a service are registered.
    #[must_use]
    pub fn service(name: &ServiceName) -> Self {
        RecordName(format!("{name}.service"))
    }

    /// Where the proxies of a service are registered.
    #[must_use]
    pub fn proxy(name: &ServiceName) -> Self {
        RecordName(format!("{name}.proxy"))
    }

    /// The name as Cloud Map has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_known_by_the_last_segment_of_its_arn() {
        for text in
            ["arn:aws:ecs:eu-west-1:111122223333:task/c1/0123abcd", "arn:aws:ecs:eu-west-1:111122223333:task/0123abcd"]
        {
            assert_eq!(text.parse::<TaskArn>().expect("an ARN").id(), "0123abcd");
        }
    }

    #[test]
    fn what_is_no_task_arn_is_refused() {
        let long = format!("arn:aws:ecs:eu-west-1:1:task/c1/{}", "a".repeat(65));
        for bad in [
            "",
            "0123",
            "arn:aws:ecs:eu-west-1:1:task/c1/",
            "arn:aws:ecs:eu-west-1:1:task/c 1/0",
            "arn:aws:sqs:x/y",
            &long,
        ] {
            assert!(bad.parse::<TaskArn>().is_err(), "{bad:?} was accepted");
        }
    }
}
