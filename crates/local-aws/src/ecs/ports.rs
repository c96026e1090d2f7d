//! Ports of a host: which task's container holds which.
//!
//! With `awsvpc` a task has an address of its own and holds none. With `host` a container's port is the host's; with
//! `bridge` it is the host port of its mapping, or one that the agent chooses when none is named.

use std::collections::BTreeMap;

use super::definition::{NetworkMode, TaskDefinition};

/// What ECS keeps of every host: SSH, Docker, the agent (`ECS_RESERVED_PORTS` of the agent's README).
pub const RESERVED: [u16; 5] = [22, 2375, 2376, 51678, 51679];
/// The ports that are chosen where a mapping names none (Linux's range of ephemeral ports, as Docker uses it).
const CHOSEN: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// As the API writes it; none for what it does not know.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "tcp" => Some(Protocol::Tcp),
            "udp" => Some(Protocol::Udp),
            _ => None,
        }
    }

    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// A port of a container that is a port of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The container's name.
    pub container: String,
    /// The port inside.
    pub container_port: u16,
    /// The port outside; 0 until one is chosen.
    pub host_port: u16,
    /// What is spoken.
    pub protocol: Protocol,
}

impl Binding {
    /// What a task of a definition binds.
    #[must_use]
    pub fn of(definition: &TaskDefinition) -> Vec<Binding> {
        let host = match definition.network_mode() {
            NetworkMode::Awsvpc | NetworkMode::None => return Vec::new(),
            NetworkMode::Host => true,
            NetworkMode::Bridge => false,
        };
        let mut all = Vec::new();
        for container in &definition.containers {
            for port in &container.port_mappings {
                all.push(Binding {
                    container: container.name.clone(),
                    container_port: port.container_port,
                    host_port: if host { port.container_port } else { port.host_port.unwrap_or(0) },
                    protocol: Protocol::read(&port.protocol).unwrap_or(Protocol::Tcp),
                });
            }
        }
        all
    }
}

/// The ports of a host that are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(BTreeMap<(Protocol, u16), usize>);

impl Ports {
    /// Whether every port that is named is free.
    #[must_use]
    pub fn hold(&self, wanted: &[Binding]) -> bool {
        wanted.iter().all(|b| b.host_port == 0 || self.free_for(b.protocol, b.host_port))
    }

    /// Chooses ports for those that name none. False when there are not enough.
    #[must_use]
    pub fn choose(&self, wanted: &mut [Binding]) -> bool {
        for place in 0..wanted.len() {
            if wanted[place].host_port == 0 {
                let protocol = wanted[place].protocol;
                let taken = |port: u16| wanted.iter().any(|b| b.protocol == protocol && b.host_port == port);
                let Some(port) = CHOSEN.into_iter().find(|port| self.free_for(protocol, *port) && !taken(*port)) else {
                    return false;
                };
                wanted[place].host_port = port;
            }
        }
        true
    }

    /// The ports held, of one protocol.
    pub fn held(&self, protocol: Protocol) -> impl Iterator<Item = u16> {
        self.0.keys().filter(move |(spoken, _)| *spoken == protocol).map(|(_, port)| *port)
    }

    pub(super) fn take(&mut self, bindings: &[Binding]) {
        for binding in bindings.iter().filter(|b| b.host_port != 0) {
            *self.0.entry((binding.protocol, binding.host_port)).or_default() += 1;
        }
    }

    pub(super) fn free(&mut self, bindings: &[Binding]) {
        for binding in bindings.iter().filter(|b| b.host_port != 0) {
            let key = (binding.protocol, binding.host_port);
            match self.0.get_mut(&key) {
                Some(number) if *number > 1 => *number -= 1,
                Some(_) | None => {
                    self.0.remove(&key);
                }
            }
        }
    }

    fn free_for(&self, protocol: Protocol, port: u16) -> bool {
        let reserved = protocol == Protocol::Tcp && RESERVED.contains(&port);
        !reserved && !self.0.contains_key(&(protocol, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(host_port: u16) -> Binding {
        Binding { container: "app".to_owned(), container_port: 80, host_port, protocol: Protocol::Tcp }
    }

    #[test]
    fn a_port_that_is_held_or_ecs_s_own_is_not_free_and_a_chosen_one_is() {
        let mut ports = Ports::default();
        ports.take(&[binding(8080)]);
        assert!(!ports.hold(&[binding(8080)]));
        assert!(!ports.hold(&[binding(51678)]));
        assert!(ports.hold(&[binding(8081), binding(0)]));
        let udp = Binding { protocol: Protocol::Udp, ..binding(8080) };
        assert!(ports.hold(&[udp]));
        let mut wanted = [binding(0), binding(0)];
        assert!(ports.choose(&mut wanted));
        assert_eq!((wanted[0].host_port, wanted[1].host_port), (32_768, 32_769));
        ports.free(&[binding(8080)]);
        assert_eq!(ports, Ports::default());
    }
}
