//! Which services there are, and what each speaks: one table.

use std::str::FromStr;

/// Which service a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon ECS.
    Ecs,
    /// AWS Cloud Map.
    CloudMap,
    /// EC2 Auto Scaling.
    AutoScaling,
    /// Amazon SQS.
    Sqs,
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson1_0: a target names the operation.
    Json10,
    /// awsJson1_1: the same, with another content type.
    Json11,
    /// A form comes, XML goes.
    Query,
}

/// What is to be known of a service to read its calls and to write its answers (botocore's service models).
#[derive(Debug)]
pub struct Facts {
    /// Its name in endpoints, ARNs, credentials' scopes and world files.
    pub name: &'static str,
    /// The protocol that its clients speak today.
    pub protocol: Protocol,
    /// What `X-Amz-Target` begins with.
    pub target: Option<&'static str>,
    /// `Version` of its Query forms.
    pub version: Option<&'static str>,
    /// The XML namespace of its Query answers.
    pub namespace: &'static str,
    /// What the names of its errors begin with in `__type`.
    pub errors: &'static str,
    /// What its JSON errors call their text.
    pub message: &'static str,
    /// What it calls an error of its own doing, with status 500.
    pub internal: &'static str,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 4] = [Service::Ecs, Service::CloudMap, Service::AutoScaling, Service::Sqs];

    /// Its row of the table.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Service::Ecs => &Facts {
                name: "ecs",
                protocol: Protocol::Json11,
                target: Some("AmazonEC2ContainerServiceV20141113."),
                version: None,
                namespace: "",
                errors: "",
                message: "message",
                internal: "ServerException",
            },
            Service::CloudMap => &Facts {
                name: "servicediscovery",
                protocol: Protocol::Json11,
                target: Some("Route53AutoNaming_v20170314."),
                version: None,
                namespace: "",
                errors: "",
                message: "Message",
                internal: "InternalFailure",
            },
            Service::AutoScaling => &Facts {
                name: "autoscaling",
                protocol: Protocol::Query,
                target: None,
                version: Some("2011-01-01"),
                namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
                errors: "",
                message: "message",
                internal: "InternalFailure",
            },
            Service::Sqs => &Facts {
                name: "sqs",
                protocol: Protocol::Json10,
                target: Some("AmazonSQS."),
                version: Some("2012-11-05"),
                namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
                errors: "com.amazonaws.sqs#",
                message: "message",
                internal: "InternalFailure",
            },
        }
    }

    /// The service of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.facts().name == name)
    }

    /// The service and operation that an `X-Amz-Target` names.
    #[must_use]
    pub fn targeted(target: &str) -> Option<(Service, &str)> {
        Service::ALL.into_iter().find_map(|service| Some((service, target.strip_prefix(service.facts().target?)?)))
    }

    /// The service whose Query forms have this `Version`.
    #[must_use]
    pub fn of_version(version: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.facts().version == Some(version))
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(name: &str) -> Result<Service, String> {
        Service::named(name).ok_or_else(|| "a service is ecs, servicediscovery, autoscaling or sqs".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_by_its_name_its_target_and_its_version() {
        assert_eq!(Service::named("servicediscovery"), Some(Service::CloudMap));
        assert_eq!(Service::targeted("AmazonSQS.SendMessage"), Some((Service::Sqs, "SendMessage")));
        assert_eq!(Service::targeted("AmazonS3.GetObject"), None);
        assert_eq!(Service::of_version("2012-11-05"), Some(Service::Sqs));
        assert_eq!(Service::of_version("2011-01-01"), Some(Service::AutoScaling));
    }

    #[test]
    fn no_two_services_share_a_name_a_target_or_a_version() {
        for (one, other) in Service::ALL.into_iter().flat_map(|one| Service::ALL.map(|other| (one, other))) {
            if one != other {
                let (one, other) = (one.facts(), other.facts());
                assert_ne!(one.name, other.name);
                assert!(one.target.is_none() || one.target != other.target);
                assert!(one.version.is_none() || one.version != other.version);
            }
        }
    }
}
