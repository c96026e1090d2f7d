//! A registration, and the attributes that carry it through Cloud Map.
//!
//! Pure. Writing and reading are each other's inverse, and reading is strict: an attribute that is missing or does
//! not parse makes the whole record unreadable. Attributes of others are left alone.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::names::TaskArn;

/// Attributes as Cloud Map has them.
pub type Attributes = HashMap<String, String>;

const ADDRESS: &str = "AWS_INSTANCE_IPV4";
const PORT: &str = "AWS_INSTANCE_PORT";
const SUPERVISOR_PORT: &str = "DOZE_SUPERVISOR_PORT";
const TASK: &str = "DOZE_TASK";
const REVISION: &str = "DOZE_REVISION";
const HOST: &str = "DOZE_HOST";
const BOOT: &str = "DOZE_BOOT";
const CLUSTER: &str = "DOZE_CLUSTER";

/// What is registered of one task (rule A1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registration {
    /// The task.
    pub task: TaskArn,
    /// Where it answers.
    pub address: Ipv4Addr,
    /// The app's port.
    pub port: NonZeroU16,
    /// The port of its supervisor; none where the image has no supervisor.
    pub supervisor_port: Option<NonZeroU16>,
    /// The task definition, `family:revision`.
    pub revision: String,
    /// The EC2 host it runs on; none on Fargate.
    pub host: Option<HostIdentity>,
    /// The cluster, name or ARN.
    pub cluster: String,
}

/// One life of an EC2 host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostIdentity {
    /// The EC2 instance id.
    pub instance: String,
    /// The kernel's boot id: another one says that nothing of the earlier life runs any more.
    pub boot: String,
}

/// A record that is no registration of ours.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadRegistration {
    /// An attribute is not there.
    #[error("attribute {0} is missing")]
    Missing(&'static str),
    /// An attribute is not what it should be.
    #[error("attribute {name} is {value:?}")]
    Bad {
        /// Which.
        name: &'static str,
        /// Its value, shortened.
        value: String,
    },
    /// The record's instance id is not the task's.
    #[error("the instance id is not the id of the task")]
    OtherTask,
}

impl Registration {
    /// The instance id in Cloud Map.
    #[must_use]
    pub fn instance_id(&self) -> &str {
        self.task.id()
    }

    /// The attributes that carry it.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::from([
            (ADDRESS.to_owned(), self.address.to_string()),
            (PORT.to_owned(), self.port.to_string()),
            (TASK.to_owned(), self.task.to_string()),
            (REVISION.to_owned(), self.revision.clone()),
            (CLUSTER.to_owned(), self.cluster.clone()),
        ]);
        if let Some(port) = self.supervisor_port {
            attributes.insert(SUPERVISOR_PORT.to_owned(), port.to_string());
        }
        if let Some(host) = &self.host {
            attributes.insert(HOST.to_owned(), host.instance.clone());
            attributes.insert(BOOT.to_owned(), host.boot.clone());
        }
        attributes
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`BadRegistration`]: it is not one that [`Registration::attributes`] could have written.
    pub fn read(instance_id: &str, attributes: &Attributes) -> Result<Self, BadRegistration> {
        let registration = Registration {
            task: required(attributes, TASK)?,
            address: required(attributes, ADDRESS)?,
            port: required(attributes, PORT)?,
            supervisor_port: optional(attributes, SUPERVISOR_PORT)?,
            revision: text(attributes, REVISION)?.ok_or(BadRegistration::Missing(REVISION))?,
            host: host(attributes)?,
            cluster: text(attributes, CLUSTER)?.ok_or(BadRegistration::Missing(CLUSTER))?,
        };
        match registration.instance_id() == instance_id {
            true => Ok(registration),
            false => Err(BadRegistration::OtherTask),
        }
    }
}

fn host(attributes: &Attributes) -> Result<Option<HostIdentity>, BadRegistration> {
    match (text(attributes, HOST)?, text(attributes, BOOT)?) {
        (Some(instance), Some(boot)) => Ok(Some(HostIdentity { instance, boot })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(BadRegistration::Missing(BOOT)),
        (None, Some(_)) => Err(BadRegistration::Missing(HOST)),
    }
}

fn required<T: FromStr>(attributes: &Attributes, name: &'static str) -> Result<T, BadRegistration> {
    optional(attributes, name)?.ok_or(BadRegistration::Missing(name))
}

fn optional<T: FromStr>(attributes: &Attributes, name: &'static str) -> Result<Option<T>, BadRegistration> {
    attributes.get(name).map(|value| value.parse().map_err(|_| bad(name, value))).transpose()
}

fn text(attributes: &Attributes, name: &'static str) -> Result<Option<String>, BadRegistration> {
    match attributes.get(name).map(String::as_str) {
        None => Ok(None),
        Some("") => Err(bad(name, "")),
        Some(some) => Ok(Some(some.to_owned())),
    }
}

fn bad(name: &'static str, value: &str) -> BadRegistration {
    BadRegistration::Bad { name, value: value.chars().take(80).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn registrations() -> impl Strategy<Value = Registration> {
        let host = prop::option::of(
            ("i-[0-9a-f]{17}", "[0-9a-f]{8}-[0-9a-f]{4}").prop_map(|(instance, boot)| HostIdentity { instance, boot }),
        );
        let port = (1u16..).prop_map(|p| NonZeroU16::new(p).expect("not zero"));
        (
            "arn:aws:ecs:eu-west-1:[0-9]{12}:task/[a-z]{1,9}/[0-9a-f]{32}",
            any::<Ipv4Addr>(),
            port.clone(),
            prop::option::of(port),
            "[a-zA-Z0-9_-]{1,40}:[0-9]{1,4}",
            host,
            "[!-~]{1,60}",
        )
            .prop_map(|(task, address, port, supervisor_port, revision, host, cluster)| Registration {
                task: task.parse().expect("an ARN"),
                address,
                port,
                supervisor_port,
                revision,
                host,
                cluster,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_unchanged(registration in registrations()) {
            let attributes = registration.attributes();
            prop_assert_eq!(Registration::read(registration.instance_id(), &attributes), Ok(registration));
        }

        /// Cloud Map: at most 30 custom attributes, printable keys up to 255, values up to 1024 characters.
        #[test]
        fn what_is_written_fits_into_cloud_map(registration in registrations()) {
            let attributes = registration.attributes();
            prop_assert!(attributes.len() <= 30 && registration.instance_id().len() <= 64);
            for (key, value) in attributes {
                prop_assert!(key.len() <= 255 && key.bytes().all(|b| b.is_ascii_graphic()) && value.len() <= 1024);
            }
        }

        #[test]
        fn a_record_without_one_of_its_attributes_is_refused_or_says_less(registration in registrations(), which in 0usize..8) {
            let mut attributes = registration.attributes();
            let mut names: Vec<String> = attributes.keys().cloned().collect();
            names.sort();
            let removed = names[which % names.len()].clone();
            attributes.remove(&removed);
            match Registration::read(registration.instance_id(), &attributes) {
                Ok(read) => {
                    prop_assert_eq!(removed, SUPERVISOR_PORT);
                    prop_assert_eq!(read.supervisor_port, None);
                }
                Err(BadRegistration::Missing(name)) => prop_assert_eq!(name, removed),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }

    #[test]
    fn a_record_of_somebody_else_is_no_registration() {
        let foreign = Attributes::from([(ADDRESS.to_owned(), "10.0.0.1".to_owned())]);
        assert_eq!(Registration::read("x", &foreign), Err(BadRegistration::Missing(TASK)));
    }

    #[test]
    fn attributes_of_others_beside_ours_do_no_harm() {
        let registration = Registration {
            task: "arn:aws:ecs:eu-west-1:1:task/c/0a".parse().expect("an ARN"),
            address: Ipv4Addr::new(10, 0, 2, 100),
            port: NonZeroU16::new(9050).expect("not zero"),
            supervisor_port: None,
            revision: "demo:1".to_owned(),
            host: None,
            cluster: "c".to_owned(),
        };
        let mut attributes = registration.attributes();
        attributes.insert("AWS_INIT_HEALTH_STATUS".to_owned(), "HEALTHY".to_owned());
        assert_eq!(Registration::read("0a", &attributes), Ok(registration.clone()));
        attributes.insert(PORT.to_owned(), "0".to_owned());
        assert_eq!(Registration::read("0a", &attributes), Err(bad(PORT, "0")));
        assert_eq!(Registration::read("0b", &registration.attributes()), Err(BadRegistration::OtherTask));
    }
}
