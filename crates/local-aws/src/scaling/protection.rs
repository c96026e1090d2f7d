//! Managed termination protection: ECS itself protects hosts from scale-in, and lifts that from empty ones when the
//! group has more than it wants.

/// A host in service of a group whose protection is ECS's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its id.
    pub id: String,
    /// Whether tasks are on it that are no daemon's.
    pub busy: bool,
    /// Whether it is protected.
    pub protected: bool,
}

/// What is to change: ids, and whether each is to be protected. `too_many` is by how much the group is over what it
/// wants.
#[must_use]
pub fn plan(hosts: &[Host], too_many: usize) -> Vec<(String, bool)> {
    let mut lift = too_many.saturating_sub(hosts.iter().filter(|host| !host.busy && !host.protected).count());
    let mut changes = Vec::new();
    for host in hosts {
        match (host.busy, host.protected) {
            (true, false) => changes.push((host.id.clone(), true)),
            (false, true) if lift > 0 => {
                lift -= 1;
                changes.push((host.id.clone(), false));
            }
            (false, false) if too_many == 0 => changes.push((host.id.clone(), true)),
            (true, true) | (false, true | false) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_host_with_tasks_is_protected_and_so_many_empty_ones_may_go_as_are_too_many(
            hosts in proptest::collection::vec(any::<(bool, bool)>(), 0..8), too_many in 0usize..9,
        ) {
            let mut hosts: Vec<Host> = hosts
                .into_iter()
                .enumerate()
                .map(|(number, (busy, protected))| Host { id: format!("i-{number}"), busy, protected })
                .collect();
            for (id, protected) in plan(&hosts, too_many) {
                let host = hosts.iter_mut().find(|host| host.id == id).expect("one of them");
                prop_assert!(host.protected != protected);
                host.protected = protected;
            }
            prop_assert!(hosts.iter().all(|host| host.protected || !host.busy));
            let empty = hosts.iter().filter(|host| !host.busy).count();
            let free = hosts.iter().filter(|host| !host.protected).count();
            prop_assert!(free >= too_many.min(empty));
            prop_assert!(too_many > 0 || free == 0);
            prop_assert_eq!(plan(&hosts, too_many), []);
        }
    }
}
