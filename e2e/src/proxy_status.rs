//! What `GET /status` of a proxy says, as far as tests look at it.

use serde::Deserialize;

/// A proxy at one moment.
#[derive(Clone, Debug, Deserialize)]
pub struct ProxyStatus {
    /// The services that it stands in front of.
    pub services: Vec<Service>,
}

/// A service of a proxy.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// How many requests are held.
    pub held: usize,
    /// The backends that it knows.
    pub backends: Vec<Backend>,
}

/// A backend of a service.
#[derive(Clone, Debug, Deserialize)]
pub struct Backend {
    /// Its task's ARN, where it is known.
    pub task: Option<String>,
    /// Whether requests may be started there.
    pub usable: bool,
    /// Requests there.
    pub in_flight: u32,
}

impl ProxyStatus {
    /// A service by its name.
    ///
    /// # Panics
    /// When the proxy has no such service.
    #[must_use]
    pub fn service(&self, name: &str) -> &Service {
        self.services.iter().find(|service| service.name == name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

impl Service {
    /// Whether a request may be started anywhere.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.backends.iter().any(|backend| backend.usable)
    }

    /// Requests at all backends.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.backends.iter().map(|backend| backend.in_flight).sum()
    }
}
