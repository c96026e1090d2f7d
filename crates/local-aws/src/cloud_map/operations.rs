//! What takes Cloud Map a while: it answers with an operation's id, and HTTP 200 is not success.

use std::collections::BTreeMap;
use std::time::Duration;

use daemon::moment::Moment;

use super::attributes::{check, invalid};
use super::model::{CloudMap, Effect, Instance, Namespace};
use super::requests::{CreatePrivateDnsNamespace, OneInstance, RegisterInstance};
use crate::account::last_part;
use crate::refusal::Refusal;

/// From accepted to begun.
const BEGINS: Duration = Duration::from_millis(20);
/// From accepted to done. The time factor does not shorten it: clients must see it.
const TAKES: Duration = Duration::from_millis(200);
/// How long an operation can be asked for.
const KEPT: Duration = Duration::from_secs(3600);
/// The quota of instances of a service (not adjustable).
const INSTANCES_OF_A_SERVICE: usize = 1000;

/// Where an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationStatus {
    /// Accepted.
    Submitted,
    /// Begun.
    Pending,
    /// Done.
    Success,
}

impl OperationStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OperationStatus::Submitted => "SUBMITTED",
            OperationStatus::Pending => "PENDING",
            OperationStatus::Success => "SUCCESS",
        }
    }
}

/// What an operation does when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Makes a namespace.
    CreateNamespace(Namespace),
    /// Registers an instance, or replaces its attributes whole.
    Register {
        /// The service's id.
        service: String,
        /// The instance's id.
        instance: String,
        /// Its attributes.
        attributes: BTreeMap<String, String>,
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
            Work::CreateNamespace(_) => "CREATE_NAMESPACE",
            Work::Register { .. } => "REGISTER_INSTANCE",
            Work::Deregister { .. } => "DEREGISTER_INSTANCE",
        }
    }

    /// What it is done to: `Targets` of the API.
    #[must_use]
    pub fn targets(&self) -> Vec<(&'static str, &str)> {
        match self {
            Work::CreateNamespace(namespace) => vec![("NAMESPACE", &namespace.id)],
            Work::Register { service, instance, .. } | Work::Deregister { service, instance } => {
                vec![("SERVICE", service), ("INSTANCE", instance)]
            }
        }
    }

    fn concerns(&self, service: &str, instance: &str) -> bool {
        match self {
            Work::CreateNamespace(_) => false,
            Work::Register { service: s, instance: i, .. } | Work::Deregister { service: s, instance: i } => {
                s == service && i == instance
            }
        }
    }
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// What it does.
    pub work: Work,
    /// Where it is.
    pub status: OperationStatus,
    /// When it was accepted.
    pub created_at: Moment,
    /// When its status last changed.
    pub updated_at: Moment,
    /// Of the call that asked for it.
    creator_request_id: Option<String>,
}

impl CloudMap {
    /// CreatePrivateDnsNamespace; the operation's id.
    ///
    /// # Errors
    /// `NamespaceAlreadyExists`, `InvalidInput`.
    pub fn create_namespace(&mut self, now: Moment, request: CreatePrivateDnsNamespace) -> Result<String, Refusal> {
        if request.name.is_empty() || request.name.split('.').any(|label| !(1..=63).contains(&label.len())) {
            return Err(invalid("Name must be labels of 1 to 63 characters."));
        }
        let name = request.name.to_lowercase();
        if let Some(there) = self.namespaces.values().find(|namespace| namespace.name == name) {
            return Err(Refusal::new("NamespaceAlreadyExists", format!("Namespace {name} already exists."))
                .with("NamespaceId", there.id.clone())
                .with("CreatorRequestId", request.creator_request_id.unwrap_or_default()));
        }
        let id = format!("ns-{}", self.ids.letters(16));
        let namespace = Namespace {
            arn: self.account.arn("servicediscovery", &format!("namespace/{id}")),
            name,
            // What private zones had before it could be set.
            soa_ttl: request.properties.map_or(300, |properties| properties.dns_properties.soa.ttl),
            description: request.description,
            created_at: now,
            id,
        };
        Ok(self.accept(now, Work::CreateNamespace(namespace), request.creator_request_id))
    }

    /// RegisterInstance; the operation's id.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InvalidInput`, `ResourceLimitExceeded`; `DuplicateRequest` while another operation of this
    /// instance is under way.
    pub fn register(&mut self, now: Moment, request: RegisterInstance) -> Result<String, Refusal> {
        let service = self.service(&request.service_id)?;
        check(service, &request)?;
        if service.instances.len() >= INSTANCES_OF_A_SERVICE && !service.instances.contains_key(&request.instance_id) {
            return Err(Refusal::new("ResourceLimitExceeded", "The service has as many instances as it may have."));
        }
        let service = service.id.clone();
        let work = Work::Register { service, instance: request.instance_id, attributes: request.attributes };
        self.accept_alone(now, work, request.creator_request_id)
    }

    /// DeregisterInstance; the operation's id.
    ///
    /// # Errors
    /// `ServiceNotFound`, `InstanceNotFound`; `DuplicateRequest` while another operation of this instance is under way.
    pub fn deregister(&mut self, now: Moment, request: &OneInstance) -> Result<String, Refusal> {
        let service = self.service(&request.service_id)?.id.clone();
        self.not_under_way(&service, &request.instance_id)?;
        self.instance(&service, &request.instance_id)?;
        self.accept_alone(now, Work::Deregister { service, instance: request.instance_id.clone() }, None)
    }

    /// GetOperation.
    ///
    /// # Errors
    /// `OperationNotFound`.
    pub fn operation(&self, id: &str) -> Result<&Operation, Refusal> {
        let none = || Refusal::new("OperationNotFound", format!("Operation {id} not found."));
        self.operations.get(last_part(id)).ok_or_else(none)
    }

    fn not_under_way(&self, service: &str, instance: &str) -> Result<(), Refusal> {
        let running = self.operations.values().find(|operation| {
            operation.status != OperationStatus::Success && operation.work.concerns(service, instance)
        });
        match running {
            None => Ok(()),
            Some(running) => Err(Refusal::new(
                "DuplicateRequest",
                "Another operation of type RegisterInstance or DeregisterInstance is in progress for this instance.",
            )
            .with("DuplicateOperationId", running.id.clone())),
        }
    }

    fn accept_alone(&mut self, now: Moment, work: Work, creator: Option<String>) -> Result<String, Refusal> {
        // A retry of the very call is answered with its operation.
        if creator.is_some() {
            let same = self.operations.values().find(|o| o.creator_request_id == creator && o.work == work);
            if let Some(same) = same {
                return Ok(same.id.clone());
            }
        }
        if let Work::Register { service, instance, .. } | Work::Deregister { service, instance } = &work {
            self.not_under_way(service, instance)?;
        }
        Ok(self.accept(now, work, creator))
    }

    fn accept(&mut self, now: Moment, work: Work, creator_request_id: Option<String>) -> String {
        let id = format!("{}-{}", self.ids.letters(26), self.ids.letters(8));
        let operation = Operation {
            id: id.clone(),
            work,
            status: OperationStatus::Submitted,
            created_at: now,
            updated_at: now,
            creator_request_id,
        };
        self.operations.insert(id.clone(), operation);
        id
    }

    /// When [`CloudMap::advance`] has something to do, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let due = |operation: &Operation| match operation.status {
            OperationStatus::Submitted => operation.created_at + BEGINS,
            OperationStatus::Pending => operation.created_at + TAKES,
            OperationStatus::Success => operation.updated_at + KEPT,
        };
        self.operations.values().map(due).min()
    }

    /// Lets time pass: operations begin and end, old ones are forgotten.
    pub fn advance(&mut self, now: Moment) {
        self.operations.retain(|_, o| o.status != OperationStatus::Success || o.updated_at + KEPT > now);
        let mut done: Vec<(Moment, String, Work)> = Vec::new();
        for operation in self.operations.values_mut().filter(|o| o.status != OperationStatus::Success) {
            let (begins, ends) = (operation.created_at + BEGINS, operation.created_at + TAKES);
            if ends <= now {
                operation.status = OperationStatus::Success;
                operation.updated_at = ends;
                done.push((ends, operation.id.clone(), operation.work.clone()));
            } else if begins <= now && operation.status == OperationStatus::Submitted {
                operation.status = OperationStatus::Pending;
                operation.updated_at = begins;
            }
        }
        done.sort_by(|(one, a, _), (other, b, _)| (one, a).cmp(&(other, b)));
        for (_, _, work) in done {
            self.carry_out(work);
        }
    }

    /// Ends every operation now: a world that is being made does not wait.
    pub fn finish(&mut self, now: Moment) {
        let mut works = Vec::new();
        for operation in self.operations.values_mut().filter(|o| o.status != OperationStatus::Success) {
            operation.status = OperationStatus::Success;
            operation.updated_at = now;
            works.push(operation.work.clone());
        }
        works.into_iter().for_each(|work| self.carry_out(work));
    }

    fn carry_out(&mut self, work: Work) {
        match work {
            Work::CreateNamespace(namespace) => {
                if !self.namespaces.values().any(|there| there.name == namespace.name) {
                    self.namespaces.insert(namespace.id.clone(), namespace);
                }
            }
            Work::Register { service, instance, attributes } => {
                let Some(of) = self.services.get_mut(&service) else { return };
                of.instances.insert(instance.clone(), Instance { attributes });
                of.revision += 1;
                let name = self.services.get(&service).map(|of| self.full_name(of)).unwrap_or_default();
                self.effects.push(Effect::Registered { name, instance });
            }
            Work::Deregister { service, instance } => {
                let Some(of) = self.services.get_mut(&service) else { return };
                if of.instances.remove(&instance).is_some() {
                    of.revision += 1;
                    let name = self.services.get(&service).map(|of| self.full_name(of)).unwrap_or_default();
                    self.effects.push(Effect::Deregistered { name, instance });
                }
            }
        }
    }
}
