//! What an operation does when it is done.

use std::sync::Arc;

use daemon::moment::Moment;

use super::model::{CloudMap, Effect, Instance, Namespace};
use super::operations::Subject;
use super::requests::{DnsConfig, HealthCheckConfig, NamespaceChange, Tag};
use super::spread::{Change, Published, View};

/// What an operation does when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Makes a namespace.
    CreateNamespace(Namespace, Vec<Tag>),
    /// Changes a namespace.
    UpdateNamespace {
        /// Its id.
        namespace: String,
        /// What changes.
        change: NamespaceChange,
    },
    /// Removes a namespace.
    DeleteNamespace {
        /// Its id.
        namespace: String,
    },
    /// Changes a service.
    UpdateService {
        /// Its id.
        service: String,
        /// Its description, where it changes.
        description: Option<String>,
        /// Its records from now on.
        dns: Option<DnsConfig>,
        /// The check that Route 53 makes from now on.
        health_check: Option<HealthCheckConfig>,
    },
    /// Registers an instance, or replaces its attributes whole.
    Register {
        /// The service's id.
        service: String,
        /// The instance's id.
        instance: String,
        /// What it is.
        becomes: Arc<Instance>,
        /// Whether there was none.
        new: bool,
    },
    /// Removes an instance.
    Deregister {
        /// The service's id.
        service: String,
        /// The instance's id.
        instance: String,
    },
}

impl Work {
    /// The operation's type as the API writes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Work::CreateNamespace(..) => "CREATE_NAMESPACE",
            Work::UpdateNamespace { .. } => "UPDATE_NAMESPACE",
            Work::DeleteNamespace { .. } => "DELETE_NAMESPACE",
            Work::UpdateService { .. } => "UPDATE_SERVICE",
            Work::Register { .. } => "REGISTER_INSTANCE",
            Work::Deregister { .. } => "DEREGISTER_INSTANCE",
        }
    }

    /// What it is done to: `Targets` of the API.
    #[must_use]
    pub fn targets(&self) -> Vec<(&'static str, &str)> {
        match self {
            Work::CreateNamespace(namespace, _) => vec![("NAMESPACE", &namespace.id)],
            Work::UpdateNamespace { namespace, .. } | Work::DeleteNamespace { namespace } => {
                vec![("NAMESPACE", namespace)]
            }
            Work::UpdateService { service, .. } => vec![("SERVICE", service)],
            Work::Register { service, instance, .. } | Work::Deregister { service, instance } => {
                vec![("SERVICE", service), ("INSTANCE", instance)]
            }
        }
    }

    pub(super) fn subject(&self) -> Subject {
        match self {
            Work::CreateNamespace(namespace, _) => Subject::Name(namespace.kind.name(), namespace.name.to_lowercase()),
            Work::UpdateNamespace { namespace, .. } | Work::DeleteNamespace { namespace } => {
                Subject::Namespace(namespace.clone())
            }
            Work::UpdateService { service, .. } => Subject::Service(service.clone()),
            Work::Register { service, instance, .. } | Work::Deregister { service, instance } => {
                Subject::Instance(service.clone(), instance.clone())
            }
        }
    }

    /// What a request id of it is unique for.
    pub(super) fn scope(&self) -> &str {
        match self {
            Work::CreateNamespace(namespace, _) => namespace.kind.name(),
            Work::UpdateNamespace { namespace, .. } | Work::DeleteNamespace { namespace } => namespace,
            Work::UpdateService { service, .. } | Work::Register { service, .. } | Work::Deregister { service, .. } => {
                service
            }
        }
    }

    /// Whether it was asked for by the same call: the ids that were drawn for it do not matter.
    pub(super) fn is_same(&self, other: &Work) -> bool {
        match (self, other) {
            (Work::CreateNamespace(a, tags), Work::CreateNamespace(b, others)) => {
                (a.kind, &a.name, a.soa_ttl, &a.description, tags)
                    == (b.kind, &b.name, b.soa_ttl, &b.description, others)
            }
            (
                Work::Register { service, instance, becomes, new: _ },
                Work::Register { service: service2, instance: instance2, becomes: becomes2, new: _ },
            ) => (service, instance, becomes) == (service2, instance2, becomes2),
            (
                Work::CreateNamespace(..)
                | Work::UpdateNamespace { .. }
                | Work::DeleteNamespace { .. }
                | Work::UpdateService { .. }
                | Work::Register { .. }
                | Work::Deregister { .. },
                _,
            ) => self == other,
        }
    }
}

impl CloudMap {
    /// An operation has succeeded.
    pub(super) fn carry_out(&mut self, now: Moment, work: Work) {
        match work {
            Work::CreateNamespace(namespace, tags) => {
                self.put_tags(&namespace.arn, tags);
                self.namespaces.insert(namespace.id.clone(), namespace);
                self.zones.set_zones(self.namespaces.values());
            }
            Work::UpdateNamespace { namespace, change } => {
                let Some(namespace) = self.namespaces.get_mut(&namespace) else { return };
                if let Some(description) = change.description {
                    namespace.description = Some(description);
                }
                if let Some(properties) = change.properties {
                    namespace.soa_ttl = u32::try_from(properties.dns_properties.soa.ttl).unwrap_or(0);
                }
            }
            Work::DeleteNamespace { namespace } => {
                if let Some(gone) = self.namespaces.remove(&namespace) {
                    self.tags.remove(&gone.arn);
                }
                self.zones.set_zones(self.namespaces.values());
            }
            Work::UpdateService { service, description, dns, health_check } => {
                let Some(of) = self.services.get_mut(&service) else { return };
                if description.is_some() {
                    of.description = description;
                }
                of.health_check = health_check;
                of.dns = dns;
                self.publish(now, &service, false);
            }
            Work::Register { service, instance, becomes, new: _ } => {
                let Some(of) = self.services.get_mut(&service) else { return };
                of.instances.insert(instance.clone(), Arc::clone(&becomes));
                self.health.forget(&service, &instance);
                self.tell(now, &service, &instance, Some(becomes), true);
                let name = self.services.get(&service).map(|of| self.full_name(of)).unwrap_or_default();
                self.effects.push_back(Effect::Registered { name, instance });
            }
            Work::Deregister { service, instance } => {
                let Some(of) = self.services.get_mut(&service) else { return };
                if of.instances.remove(&instance).is_some() {
                    self.leave(&service);
                    self.health.forget(&service, &instance);
                    self.tell(now, &service, &instance, None, true);
                    let name = self.services.get(&service).map(|of| self.full_name(of)).unwrap_or_default();
                    self.effects.push_back(Effect::Deregistered { name, instance });
                }
            }
        }
    }

    /// An operation has failed: what was set aside for it is free again.
    pub(super) fn give_up(&mut self, work: &Work) {
        match work {
            Work::Register { service, new: true, .. } => self.leave(service),
            Work::Register { .. }
            | Work::CreateNamespace(..)
            | Work::UpdateNamespace { .. }
            | Work::DeleteNamespace { .. }
            | Work::UpdateService { .. }
            | Work::Deregister { .. } => {}
        }
    }

    /// One instance less in a service and its namespace.
    fn leave(&mut self, service: &str) {
        let Some(of) = self.services.get_mut(service) else { return };
        of.taken = of.taken.saturating_sub(1);
        if let Some(namespace) = self.namespaces.get_mut(&of.namespace) {
            namespace.taken = namespace.taken.saturating_sub(1);
        }
    }

    /// An instance has changed: the views are told.
    pub(super) fn tell(&mut self, now: Moment, service: &str, id: &str, is: Option<Arc<Instance>>, counts: bool) {
        let in_dns = self.services.get(service).is_some_and(|service| service.dns.is_some());
        let change = Change::Instance { service: service.to_owned(), id: id.to_owned(), now: is, counts };
        self.spread.tell(now, in_dns, &change);
    }

    /// The records of a service have changed, or it has gone: the DNS is told.
    pub(super) fn publish(&mut self, now: Moment, service: &str, at_once: bool) {
        let published = self.services.get(service).and_then(|of| {
            let dns = of.dns.clone()?;
            Some(Published { namespace: of.namespace.clone(), name: self.full_name(of), dns })
        });
        let change = Change::Records { service: service.to_owned(), now: published };
        self.spread.tell_records(now, at_once, change);
    }

    /// A view comes to see a change.
    pub(super) fn seen(&mut self, view: View, change: Change) {
        match view {
            View::Discover => {}
            View::Dns => self.zones.apply(change),
        }
    }
}
