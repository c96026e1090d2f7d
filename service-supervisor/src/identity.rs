//! Who this supervisor is: its service, its task, its life.

use std::hash::{BuildHasher, Hasher, RandomState};

use task_state::ServiceName;

use crate::asking::task::Task;

/// What a hello says.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The service.
    pub service: ServiceName,
    /// The ECS task, once it is known.
    pub task: Option<Task>,
    /// Fresh for each life.
    pub boot: String,
}

impl Identity {
    /// Of a life that begins now.
    #[must_use]
    pub fn new(service: ServiceName) -> Self {
        // The keys of each RandomState come from the kernel's random numbers.
        let random = || RandomState::new().build_hasher().finish();
        Identity { service, task: None, boot: format!("{:016x}{:016x}", random(), random()) }
    }

    /// A number that differs from one life to the next.
    #[must_use]
    pub fn spread(&self) -> u8 {
        self.boot.bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte))
    }

    /// The ECS task's ARN, once it is known.
    #[must_use]
    pub fn task_arn(&self) -> Option<String> {
        self.task.as_ref().map(|task| task.arn.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_life_has_a_fresh_identifier() {
        let service: ServiceName = "demo".parse().expect("name");
        assert_ne!(Identity::new(service.clone()).boot, Identity::new(service).boot);
    }
}
