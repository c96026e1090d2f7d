//! Registers, deregisters and discovers. Acts and holds no opinion on what should be registered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::error::SdkError;
use aws_sdk_servicediscovery::operation::create_service::CreateServiceError;
use aws_sdk_servicediscovery::operation::deregister_instance::DeregisterInstanceError;
use aws_sdk_servicediscovery::operation::discover_instances::DiscoverInstancesError;
use aws_sdk_servicediscovery::operation::register_instance::RegisterInstanceError;
use aws_sdk_servicediscovery::types::{
    DnsConfig, DnsRecord, FilterCondition, HealthStatusFilter, NamespaceFilter, NamespaceFilterName, OperationType,
    RecordType, RoutingPolicy,
};
use daemon::moment::Clock;
use tokio::sync::OnceCell;
use tokio::time::sleep;

use crate::endpoint::PlainHost;
use crate::error::{Call, Error, failed};
use crate::names::RecordName;
use crate::operation::follow;
use crate::outstanding::{Instance, Outstanding};
use crate::registration::{Attributes, BadRegistration, Registration};

/// For how long one operation is followed. Route 53 is done within 60 s as a rule (its documentation).
pub const LONGEST_OPERATION: Duration = Duration::from_secs(90);

/// How often a call gives way to another operation on the same instance.
const TURNS: usize = 5;

/// The wait for another operation of which AWS did not say the id.
const UNNAMED_PAUSE: Duration = Duration::from_secs(1);

/// Cloud Map's own limit of instances in one service.
const MOST_INSTANCES: i32 = 1000;

/// What [`Registrar::discover`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovered {
    /// Grows with each registration and deregistration in the service; 0 where the service does not exist yet.
    pub revision: i64,
    /// The registrations.
    pub registrations: Vec<Registration>,
    /// Records of others, by instance id, with what makes them so and their attributes.
    pub unreadable: Vec<(String, BadRegistration, Attributes)>,
}

/// What a deregistration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It was there, and the operation that removed it has ended in SUCCESS.
    Now,
    /// It was not there, and nothing that could bring it is known to be under way or to have just been done.
    WasNotThere,
}

/// Acts in one namespace. Remembers the ids it has learnt and which registrations may still come.
#[derive(Debug)]
pub struct Registrar {
    client: Client,
    namespace: String,
    namespace_id: OnceCell<String>,
    services: Mutex<HashMap<RecordName, String>>,
    outstanding: Mutex<Outstanding>,
    clock: Clock,
}

impl Registrar {
    /// A registrar of the namespace called `namespace`; nothing is asked of AWS yet.
    #[must_use]
    pub fn new(config: &SdkConfig, namespace: &str) -> Self {
        let config = aws_sdk_servicediscovery::config::Builder::from(config).interceptor(PlainHost).build();
        Registrar {
            client: Client::from_conf(config),
            namespace: namespace.to_owned(),
            namespace_id: OnceCell::new(),
            services: Mutex::default(),
            outstanding: Mutex::default(),
            clock: Clock::start(),
        }
    }

    /// The id of the namespace; asked for once.
    ///
    /// # Errors
    /// [`Error::NoNamespace`], or the failed call.
    pub async fn namespace_id(&self) -> Result<&str, Error> {
        self.namespace_id.get_or_try_init(|| self.find_namespace()).await.map(String::as_str)
    }

    async fn find_namespace(&self) -> Result<String, Error> {
        let filter = NamespaceFilter::builder()
            .name(NamespaceFilterName::Name)
            .values(&self.namespace)
            .condition(FilterCondition::Eq)
            .build()
            .expect("name and values are set");
        // A page may be empty and still have a next one.
        let mut pages = self.client.list_namespaces().filters(filter).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(Call::ListNamespaces, error))?;
            let found = page.namespaces().iter().find(|n| n.name() == Some(self.namespace.as_str()));
            if let Some(id) = found.and_then(|n| n.id()) {
                return Ok(id.to_owned());
            }
        }
        Err(Error::NoNamespace(self.namespace.clone()))
    }

    /// The id of a service, which is created where it is missing: first created, because the answer that it exists has
    /// its id, and Cloud Map's lists allow one or two calls a second for the whole account.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn ensure_service(&self, name: &RecordName) -> Result<String, Error> {
        if let Some(id) = lock(&self.services).get(name) {
            return Ok(id.clone());
        }
        let id = self.create_service(name).await?;
        lock(&self.services).insert(name.clone(), id.clone());
        Ok(id)
    }

    async fn create_service(&self, name: &RecordName) -> Result<String, Error> {
        let ttl = i64::try_from(crate::RECORD_TTL.as_secs()).expect("a few seconds");
        let record = DnsRecord::builder().r#type(RecordType::A).ttl(ttl).build().expect("type and TTL are set");
        let dns = DnsConfig::builder().routing_policy(RoutingPolicy::Multivalue).dns_records(record).build();
        let created = self
            .client
            .create_service()
            .name(name.as_str())
            .namespace_id(self.namespace_id().await?)
            .dns_config(dns.expect("records are set"))
            .send()
            .await;
        let id = match created {
            Ok(answer) => answer.service().and_then(|service| service.id()).map(str::to_owned),
            Err(error) => match error.as_service_error() {
                Some(CreateServiceError::ServiceAlreadyExists(exists)) => exists.service_id().map(str::to_owned),
                _ => return Err(failed(Call::CreateService, error)),
            },
        };
        id.ok_or(Error::Incomplete { call: Call::CreateService, missing: "service id" })
    }

    /// Registers; a registration of the same task is replaced whole. `Ok` means that the operation has succeeded.
    ///
    /// # Errors
    /// [`Error`]; the registration may then still come, which [`Registrar::deregister`] minds.
    pub async fn register(&self, service: &RecordName, registration: &Registration) -> Result<(), Error> {
        for _ in 0..TURNS {
            let instance = (self.ensure_service(service).await?, registration.instance_id().to_owned());
            lock(&self.outstanding).asked(&instance, self.clock.now());
            let asked = self
                .client
                .register_instance()
                .service_id(&instance.0)
                .instance_id(&instance.1)
                .set_attributes(Some(registration.attributes()))
                .send()
                .await;
            let error = match asked {
                Ok(answer) => {
                    let missing = Error::Incomplete { call: Call::RegisterInstance, missing: "OperationId" };
                    let operation = answer.operation_id().ok_or(missing)?;
                    lock(&self.outstanding).accepted(&instance, operation);
                    return self.follow_registration(&instance, operation).await;
                }
                Err(error) => error,
            };
            if refused(&error) {
                lock(&self.outstanding).failed(&instance);
            }
            match error.as_service_error() {
                Some(RegisterInstanceError::DuplicateRequest(other)) => {
                    self.give_way(&instance, other.duplicate_operation_id()).await?;
                }
                Some(RegisterInstanceError::ServiceNotFound(_)) => self.forget_service(service),
                _ => return Err(failed(Call::RegisterInstance, error)),
            }
        }
        Err(Error::Busy(registration.instance_id().to_owned()))
    }

    /// Takes a registration out. `Ok` means that it is gone; those who know the address may still use it for
    /// [`crate::RECORD_TTL`].
    ///
    /// # Errors
    /// [`Error`]; it is then not known to be gone.
    pub async fn deregister(&self, service: &RecordName, instance_id: &str) -> Result<Removed, Error> {
        for _ in 0..TURNS {
            let instance = (self.ensure_service(service).await?, instance_id.to_owned());
            // A registration that ends after this would bring back what is taken out here.
            let operation = lock(&self.outstanding).operation(&instance).map(str::to_owned);
            if let Some(operation) = operation {
                match self.follow_registration(&instance, &operation).await {
                    Ok(()) | Err(Error::OperationFailed { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            let asked = self.client.deregister_instance().service_id(&instance.0).instance_id(&instance.1).send().await;
            let error = match asked {
                Ok(answer) => {
                    let missing = Error::Incomplete { call: Call::DeregisterInstance, missing: "OperationId" };
                    follow(&self.client, answer.operation_id().ok_or(missing)?, LONGEST_OPERATION).await?;
                    lock(&self.outstanding).removed(&instance);
                    return Ok(Removed::Now);
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(DeregisterInstanceError::DuplicateRequest(other)) => {
                    self.give_way(&instance, other.duplicate_operation_id()).await?;
                }
                Some(DeregisterInstanceError::InstanceNotFound(_)) => {
                    let may_still_come = lock(&self.outstanding).may_still_come(&instance, self.clock.now());
                    return if may_still_come {
                        Err(Error::MayStillCome(instance.1))
                    } else {
                        Ok(Removed::WasNotThere)
                    };
                }
                Some(DeregisterInstanceError::ServiceNotFound(_)) => self.forget_service(service),
                _ => return Err(failed(Call::DeregisterInstance, error)),
            }
        }
        Err(Error::Busy(instance_id.to_owned()))
    }

    /// What is registered, as the data plane sees it: seconds behind at most, and with a quota of its own.
    ///
    /// # Errors
    /// [`Error`]. A service that does not exist is no error: nothing is registered there.
    pub async fn discover(&self, service: &RecordName) -> Result<Discovered, Error> {
        let asked = self
            .client
            .discover_instances()
            .namespace_name(&self.namespace)
            .service_name(service.as_str())
            .health_status(HealthStatusFilter::All)
            .max_results(MOST_INSTANCES)
            .send()
            .await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                return match error.as_service_error() {
                    Some(DiscoverInstancesError::ServiceNotFound(_)) => Ok(Discovered::default()),
                    Some(DiscoverInstancesError::NamespaceNotFound(_)) => {
                        Err(Error::NoNamespace(self.namespace.clone()))
                    }
                    _ => Err(failed(Call::DiscoverInstances, error)),
                };
            }
        };
        let mut discovered =
            Discovered { revision: answer.instances_revision().unwrap_or_default(), ..Discovered::default() };
        for instance in answer.instances() {
            let id = instance.instance_id().unwrap_or_default();
            let attributes = instance.attributes().cloned().unwrap_or_default();
            match Registration::read(id, &attributes) {
                Ok(registration) => discovered.registrations.push(registration),
                Err(why) => discovered.unreadable.push((id.to_owned(), why, attributes)),
            }
        }
        Ok(discovered)
    }

    /// Follows a registration until its end is known, whichever.
    async fn follow_registration(&self, instance: &Instance, operation: &str) -> Result<(), Error> {
        let ended = follow(&self.client, operation, LONGEST_OPERATION).await;
        match &ended {
            Ok(_) => lock(&self.outstanding).registered(instance, self.clock.now()),
            Err(Error::OperationFailed { .. }) => lock(&self.outstanding).failed(instance),
            Err(_) => {}
        }
        ended.map(|_| ())
    }

    /// Waits for an operation of somebody else on the same instance, and minds what it was.
    async fn give_way(&self, instance: &Instance, operation: Option<&str>) -> Result<(), Error> {
        let Some(operation) = operation else {
            sleep(UNNAMED_PAUSE).await;
            return Ok(());
        };
        match follow(&self.client, operation, LONGEST_OPERATION).await {
            Ok(Some(OperationType::RegisterInstance)) => {
                lock(&self.outstanding).registered(instance, self.clock.now());
                Ok(())
            }
            Ok(Some(OperationType::DeregisterInstance)) => {
                lock(&self.outstanding).removed(instance);
                Ok(())
            }
            Ok(_) | Err(Error::OperationFailed { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn forget_service(&self, service: &RecordName) {
        lock(&self.services).remove(service);
    }
}

/// Whether AWS has answered that it does not do it; otherwise it may have, or may yet.
fn refused<E>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::ServiceError(answer) if answer.raw().status().is_client_error())
}

/// The maps are whole after every statement, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
