//! Which task has which published ports: the first task of the family, while it lives.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::super::Publish;

/// The published ports and who has them.
#[derive(Debug)]
pub(super) struct Published {
    ports: Vec<Publish>,
    holders: Mutex<HashMap<u16, String>>,
}

impl Published {
    pub(super) fn new(ports: &[Publish]) -> Self {
        Published { ports: ports.to_vec(), holders: Mutex::default() }
    }

    /// The (host, container) ports that a task of this family now holds.
    pub(super) fn claim(&self, family: &str, task: &str) -> Vec<(u16, u16)> {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut claimed = Vec::new();
        for port in self.ports.iter().filter(|port| port.family == family) {
            if holders.entry(port.host_port).or_insert_with(|| task.to_owned()) == task {
                claimed.push((port.host_port, port.container_port));
            }
        }
        claimed
    }

    /// The task lets go of what it holds.
    pub(super) fn release(&self, task: &str) {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, holder| holder != task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_port_leads_to_the_first_task_of_its_family_while_that_lives() {
        let published = Published::new(&[Publish { host_port: 9050, container_port: 80, family: "demo".to_owned() }]);
        assert_eq!(published.claim("other", "task-0"), []);
        assert_eq!(published.claim("demo", "task-1"), [(9050, 80)]);
        assert_eq!(published.claim("demo", "task-2"), []);
        published.release("task-2");
        assert_eq!(published.claim("demo", "task-3"), []);
        published.release("task-1");
        assert_eq!(published.claim("demo", "task-3"), [(9050, 80)]);
    }
}
