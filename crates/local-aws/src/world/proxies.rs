//! What proxies say of their callers, beside the world that their services run in.

use std::collections::BTreeMap;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::World;
use super::state::State;
use crate::events::millis;
use crate::wakes::Callers;

/// What a proxy said when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxySaid {
    /// Why it gave no answer; none where it did.
    pub failure: Option<String>,
    /// Its services and their callers.
    pub services: Vec<ServiceSaid>,
}

/// What a proxy said of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSaid {
    /// asleep, waking, awake, draining or stopping, as the proxy sees it.
    pub phase: String,
    /// Its callers.
    pub callers: Callers,
}

impl World {
    /// A proxy was asked.
    pub fn proxy_said(&self, address: &str, said: ProxySaid) {
        // No event comes of it: the page asks for it while a wake is under way.
        self.tell_proxy(|state, now| state.proxy_said(now, address, said));
    }

    /// What `GET /_wakes` says.
    #[must_use]
    pub fn wakes(&self) -> Value {
        let now = self.now();
        self.lock().wakes(now)
    }

    /// Whether proxies are worth asking: somebody follows what happens, or a service is on its way up or down.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.followers() > 0 || self.lock().events().wakes().under_way()
    }
}

impl State {
    /// A proxy was asked.
    pub fn proxy_said(&mut self, now: Moment, address: &str, said: ProxySaid) {
        for service in &said.services {
            self.events.callers(now, &service.callers);
        }
        if said.failure.is_some() {
            self.events.proxy_silent(now, address);
        }
        let before = self.proxies.insert(address.to_owned(), said);
        let failure = self.proxies.get(address).and_then(|said| said.failure.clone());
        match (before.map(|said| said.failure), failure) {
            (Some(None) | None, Some(why)) => {
                let text = format!("the proxy at {address} does not answer: {why}");
                self.events.tell(now, "proxy.silent", address, text);
            }
            (Some(Some(_)), None) => {
                self.events.tell(now, "proxy.answers", address, format!("the proxy at {address} answers"));
            }
            (Some(Some(_)), Some(_)) | (Some(None) | None, None) => {}
        }
    }

    /// `GET /_wakes`.
    #[must_use]
    pub fn wakes(&self, now: Moment) -> Value {
        let began = self.wall.at(Moment::START).duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let started_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        json!({ "started_ms": started_ms, "now_ms": millis(now), "wakes": self.events.wakes().views() })
    }

    /// The proxies, as `GET /_world` has them.
    pub(super) fn proxies_json(&self) -> Vec<Value> {
        let services = |said: &ProxySaid| -> Vec<Value> {
            let of = |s: &ServiceSaid| json!({ "name": s.callers.service, "phase": s.phase, "held": s.callers.held });
            said.services.iter().map(of).collect()
        };
        let of = |(address, said): (&String, &ProxySaid)| {
            json!({
                "address": address,
                "answers": said.failure.is_none(),
                "failure": said.failure,
                "services": services(said),
            })
        };
        self.proxies.iter().map(of).collect()
    }
}

/// What was last said, by the proxies' addresses.
pub(super) type Proxies = BTreeMap<String, ProxySaid>;
